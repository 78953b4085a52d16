"""A challenge either fits together or is refused in one line that names file, line and remedy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from challenges import loader
from challenges.loader import LoadedChallenge
from grader.run.request import request
from grader.schema.causes import UsageError

PARTS = ("challenge.toml", "brief.md", "contract", "private")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of challenges that a test may spoil."""
    folder = tmp_path / "fraud-scoring"
    folder.mkdir()
    for part in PARTS:
        source = loader.ROOT / "fraud-scoring" / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    return tmp_path


def spoil(root: Path, old: str, new: str, file: str = "challenge.toml") -> None:
    path = root / "fraud-scoring" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def refusal(root: Path, slug: str = "fraud-scoring") -> str:
    with pytest.raises(UsageError) as caught:
        loader.load(slug, root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def line_with(root: Path, text: str) -> int:
    lines = (root / "fraud-scoring" / "challenge.toml").read_text("utf-8").splitlines()
    return 1 + next(i for i, line in enumerate(lines) if text in line)


def test_the_flagship_loads(fraud: LoadedChallenge) -> None:
    assert loader.available() == ["fraud-scoring"]
    assert fraud.spec.slug == "fraud-scoring" and len(fraud.spec.digest) == 64
    assert len(fraud.samples) >= 6 and fraud.response_samples


def test_an_unknown_slug_gets_the_nearest_one(root: Path) -> None:
    assert refusal(root, "fraud-scorin") == "no challenge 'fraud-scorin'; did you mean 'fraud-scoring'?"
    assert "there is fraud-scoring" in refusal(root, "zzz")


@pytest.mark.parametrize("slug", ["../fraud-scoring", "/etc", ""])
def test_a_slug_is_no_path(root: Path, slug: str) -> None:
    assert "no challenge" in refusal(root, slug)


@pytest.mark.parametrize(
    ("old", "new", "wrong", "meant"),
    [
        ("\nslo_p99_ms =", "\nslo_p99 =", "reality.slo_p99", "slo_p99_ms"),
        ("\nhours =", "\nhour =", "hour", "hours"),
        ("\ncontrol_windows =", "\ncontrol_window =", "drift.control_window", "control_windows"),
        ('name = "spike", arrivals =', 'name = "spike", arrival =', "modes.quick.load.2.arrival", "arrivals"),
        ('{ kind = "unit", severities =', '{ kind = "unit", severitys =', "modes.standard.drift.1.severitys", "severities"),
        ("\nmodule_points =", "\nmodul_points =", "scoring.modul_points", "module_points"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_key_that_was_meant(root: Path, old: str, new: str, wrong: str, meant: str) -> None:
    spoil(root, old, new)
    said = refusal(root)
    assert f"line {line_with(root, new.strip())}:" in said
    assert f"unknown key {wrong!r}; did you mean {meant!r}?" in said


def test_a_missing_key_is_named_with_the_line_of_its_table(root: Path) -> None:
    spoil(root, "\npids = 256\n", "\n")
    assert f"line {line_with(root, '[limits]')}: the key 'limits.pids' is missing" in refusal(root)


def test_a_value_of_the_wrong_kind_is_named_with_its_line(root: Path) -> None:
    spoil(root, "memory_mib = 512", 'memory_mib = "plenty"')
    assert f"line {line_with(root, 'plenty')}: 'limits.memory_mib'" in refusal(root)


def test_text_that_is_not_toml_is_named_with_its_line(root: Path) -> None:
    spoil(root, "[limits]", "[limits")
    assert f"at line {line_with(root, '[limits')}" in refusal(root)


MISSING = '"missing", severities = [0.5], features ='


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("challenge.toml", 'slug = "fraud-scoring"', 'slug = "fraud"', "the folder is 'fraud-scoring'"),
        ("challenge.toml", "deployment = 25", "deployment = 30", "add up to 105, not 100"),
        ("challenge.toml", '"device_age_days", "minutes_since_last"]', '"device_age", "minutes_since_last"]', "did you mean 'device_age_days'?"),
        ("challenge.toml", 'kind = "unit"', 'kind = "units"', "no drift kind 'units'"),
        ("challenge.toml", f'{MISSING} ["distance_km"', f'{MISSING} ["amount"', "missing drift cannot be put on 'amount'"),
        ("challenge.toml", "unit = 0.25,", "unit = 0.75,", "unit drift is never as strong as must_detect says"),
        ("contract/samples/request-2.json", '"amount": ', '"amount": -', "request sample 2: $.amount"),
        ("contract/samples/request-2.json", "{", "{,", "request-2.json line 1: not JSON"),
        ("contract/samples/response-1.json", "approve", "perhaps", "response sample 1: $.decision"),
        ("contract/request.schema.json", '"type": "object"', '"type": "objekt"', "request.schema.json is no JSON schema"),
    ],
)
def test_parts_that_do_not_fit_are_refused(root: Path, file: str, old: str, new: str, says: str) -> None:
    spoil(root, old, new, file)
    assert says in refusal(root)


def test_a_challenge_without_simulator_is_refused(root: Path) -> None:
    (root / "fraud-scoring" / "private" / "simulator.py").unlink()
    assert "has no private/simulator.py" in refusal(root)


@pytest.mark.parametrize("file", ["challenge.toml", "brief.md", "contract/openapi.yaml", "contract/samples/request-1.json", "private/simulator.py"])
def test_the_digest_changes_with_every_file_that_matters(root: Path, file: str) -> None:
    before = loader.load("fraud-scoring", root).spec.digest
    path = root / "fraud-scoring" / file
    path.write_bytes(path.read_bytes() + b"\n")
    assert loader.load("fraud-scoring", root).spec.digest != before


def test_the_digest_ignores_submissions_starter_and_caches_and_does_not_depend_on_the_place(root: Path, fraud: LoadedChallenge) -> None:
    assert loader.load("fraud-scoring", root).spec.digest == fraud.spec.digest
    for name in ("submissions/x/Dockerfile", "starter/app.py", "private/__pycache__/simulator.pyc", "contract/.swp"):
        path = root / "fraud-scoring" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", "utf-8")
    assert loader.load("fraud-scoring", root).spec.digest == fraud.spec.digest


TABLE = """\
currency = "EUR"
date = "2026-02-01"
source = "our own rack"
vcpu_hour = 0.03
gib_hour = 0.004
utilisation = 0.4
"""


def priced(root: Path, text: str = TABLE, place: str = "fraud-scoring/prices.toml") -> Path:
    (root / place).write_text(text, "utf-8")
    return root / place


def test_without_a_table_of_its_own_a_challenge_has_the_common_prices(root: Path) -> None:
    prices = loader.load("fraud-scoring", root).spec.prices
    assert prices == loader.read_prices(loader.ROOT / "prices.toml")
    assert prices is not None and (prices.currency, prices.vcpu_hour) == ("USD", 0.04)


def test_the_brief_quotes_the_common_prices(fraud: LoadedChallenge) -> None:
    brief, prices = (fraud.folder / "brief.md").read_text("utf-8"), fraud.spec.prices
    assert prices is not None
    assert f"{prices.currency} {prices.vcpu_hour:g} per vCPU hour and {prices.currency} {prices.gib_hour:g} per GiB hour" in brief
    assert f"at {prices.utilisation * 100:g} % of the\nhighest rate" in brief


def test_the_operators_table_wins_over_the_challenges_own(root: Path) -> None:
    priced(root)
    own = loader.load("fraud-scoring", root).spec
    other = loader.load("fraud-scoring", root, priced(root, TABLE.replace("0.03", "0.05"), "mine.toml")).spec
    assert own.prices is not None and (own.prices.source, own.prices.vcpu_hour) == ("our own rack", 0.03)
    assert other.prices is not None and other.prices.vcpu_hour == 0.05


def test_the_digest_changes_with_what_a_price_table_says_and_not_with_its_comments(root: Path, fraud: LoadedChallenge) -> None:
    priced(root)
    before = loader.load("fraud-scoring", root).spec.digest
    assert before != fraud.spec.digest
    priced(root, "# read by hand\n" + TABLE)
    assert loader.load("fraud-scoring", root).spec.digest == before
    priced(root, TABLE.replace("0.4", "0.5"))
    assert loader.load("fraud-scoring", root).spec.digest != before


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("vcpu_hour", "vcpu_hours", "prices.toml line 4: unknown key 'vcpu_hours'; did you mean 'vcpu_hour'?"),
        ("gib_hour = 0.004\n", "", "prices.toml line 1: the key 'gib_hour' is missing"),
        ("0.03", "0", "prices.toml line 4: 'vcpu_hour'"),
        ("0.03", "inf", "prices.toml line 4: 'vcpu_hour'"),
        ("0.4", "1.4", "prices.toml line 6: 'utilisation'"),
        ('"2026-02-01"', '"spring"', "prices.toml line 2: 'date' is 'spring', not a day such as"),
        ('"2026-02-01"', "2026-02-01", "prices.toml line 2: 'date'"),
        ("currency =", "currency", "prices.toml is not TOML"),
    ],
)
def test_a_bad_price_table_is_refused_in_one_line(root: Path, old: str, new: str, says: str) -> None:
    priced(root, TABLE.replace(old, new, 1))
    assert says in refusal(root)


def test_prices_are_not_written_in_the_challenge_itself(root: Path) -> None:
    path = root / "fraud-scoring" / "challenge.toml"
    path.write_text(path.read_text("utf-8") + "\n[prices]\n" + TABLE, "utf-8")
    assert "prices stand in a prices.toml" in refusal(root)


def test_the_option_wins_over_the_environment_and_both_over_the_challenge(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(option: Path | None) -> float:
        prices = request("x", "fraud-scoring", None, 1, None, None, option).challenge.spec.prices
        assert prices is not None
        return prices.vcpu_hour

    assert asked(None) == 0.04
    monkeypatch.setenv("GRADER_PRICES", str(priced(root, place="set.toml")))
    assert asked(None) == 0.03
    assert asked(priced(root, TABLE.replace("0.03", "0.05"), "given.toml")) == 0.05
    monkeypatch.setenv("GRADER_PRICES", str(root / "gone.toml"))
    with pytest.raises(UsageError, match="GRADER_PRICES="):
        asked(None)


def test_a_price_table_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.toml cannot be read"):
        loader.load("fraud-scoring", root, root / "gone.toml")


def test_another_process_draws_the_same_stream(fraud: LoadedChallenge) -> None:
    code = "from challenges.loader import load; print(load('fraud-scoring').simulator().stream(3, 12))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=loader.ROOT.parent)
    assert out.stdout.strip() == str(fraud.simulator().stream(3, 12))
