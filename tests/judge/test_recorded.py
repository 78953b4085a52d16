"""The recorded evidence of a real run: scoring it is repeatable and light, and no damage to it ever raises the score or goes unnamed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import challenges
from grader.run import score as run
from grader.schema.causes import UsageError
from grader.schema.evidence import COLLECTORS
from grader.schema.evidence.manifest import seal_of
from grader.schema.result import Result

RECORDED = Path(challenges.__path__[0]) / "fraud-scoring" / "recorded" / "oracle-quick"
MANIFEST = "manifest.json"
FILES = (MANIFEST, "challenge.json", *(f"evidence/{name}.json" for name in COLLECTORS), "logs/build.log")
EVIDENCE = [name for name in FILES if name.startswith("evidence/")]


def copied(to: Path) -> Path:
    """The recorded bundle in an output folder of its own. It belongs to the repository: without it this fails, it does not skip."""
    assert (RECORDED / MANIFEST).is_file(), f"no recorded bundle at {RECORDED}"
    shutil.copytree(RECORDED, to / "bundle")
    return to


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run.score(copied(tmp_path_factory.mktemp("sound")))


Damage = Callable[[Path, str, st.DataObject], None]


def delete(bundle: Path, name: str, _: st.DataObject) -> None:
    (bundle / name).unlink()


def empty(bundle: Path, name: str, _: st.DataObject) -> None:
    (bundle / name).write_bytes(b"")


def truncate(bundle: Path, name: str, data: st.DataObject) -> None:
    raw = (bundle / name).read_bytes()
    (bundle / name).write_bytes(raw[: data.draw(st.integers(0, max(0, len(raw) - 2)))])


def flip(bundle: Path, name: str, data: st.DataObject) -> None:
    raw = bytearray((bundle / name).read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    (bundle / name).write_bytes(raw)


def others(bundle: Path, name: str, data: st.DataObject) -> None:
    """Another collector's evidence, with the manifest's hash made to fit."""
    other = data.draw(st.sampled_from([n for n in EVIDENCE if n != name]))
    _replace(bundle, name, (RECORDED / other).read_bytes())


def another_schema(bundle: Path, name: str, data: st.DataObject) -> None:
    """What the schema refuses, with the manifest's hash made to fit."""
    document = json.loads((RECORDED / name).read_text(encoding="utf-8"))
    document[data.draw(st.sampled_from(sorted(document)))] = data.draw(st.sampled_from([[1], "text", {"surprise": None}]))
    _replace(bundle, name, json.dumps(document).encode())


def unlist(bundle: Path, name: str, _: st.DataObject) -> None:
    """Out of the manifest, but still there."""
    _edit(bundle, lambda files: files.pop(name, None))


def _replace(bundle: Path, name: str, raw: bytes) -> None:
    (bundle / name).write_bytes(raw)
    _edit(bundle, lambda files: files.update({name: hashlib.sha256(raw).hexdigest()}))


def _edit(bundle: Path, change: Callable[[dict[str, str]], object]) -> None:
    document = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    change(document["files"])
    document["seal"] = seal_of(document)
    (bundle / MANIFEST).write_text(json.dumps(document), encoding="utf-8")


PLAIN: tuple[Damage, ...] = (delete, empty, truncate, flip)
REHASHED: tuple[Damage, ...] = (others, another_schema)


@st.composite
def damages(draw: st.DrawFn) -> dict[str, Damage]:
    """Files and what happens to each; the manifest comes last, since some damages rewrite it."""
    names = draw(st.lists(st.sampled_from(FILES), min_size=1, max_size=6, unique=True))
    kinds = {name: PLAIN + (REHASHED if name in EVIDENCE else ()) + ((unlist,) if name != MANIFEST else ()) for name in names}
    return {name: draw(st.sampled_from(kinds[name])) for name in sorted(names, key=lambda n: n == MANIFEST)}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(damaged=damages(), data=st.data())
def test_no_damage_raises_the_score_or_goes_unnamed(
    sound: Result, tmp_path_factory: pytest.TempPathFactory, damaged: dict[str, Damage], data: st.DataObject
) -> None:
    out = copied(tmp_path_factory.mktemp("damaged"))
    for name, damage in damaged.items():
        damage(out / "bundle", name, data)
    try:
        result = run.score(out)
    except UsageError:
        # A flipped letter of the challenge's or mode's name: a clear refusal instead of a number is right, too.
        assert damaged.get(MANIFEST) is flip
        return
    assert result.score.low <= sound.score.low
    assert sum(row.low_bp for row in result.ledger) == result.score.low
    if damaged.get(MANIFEST) is flip and not result.integrity:
        return  # a flipped blank between two fields changes nothing that the manifest says
    told = "\n".join(result.integrity)
    named = [MANIFEST] if MANIFEST in damaged else list(damaged)
    assert all(name in told for name in named), (damaged, told)
    run.render(result, out)
    assert (out / "report.html").stat().st_size <= 400_000


@pytest.mark.parametrize("name", EVIDENCE)
def test_losing_one_collector_costs_the_candidate_nothing_in_the_upper_bound(sound: Result, tmp_path: Path, name: str) -> None:
    out = copied(tmp_path)
    (out / "bundle" / name).unlink()
    result = run.score(out)
    assert result.score.low <= sound.score.low
    assert result.score.high >= sound.score.high
    assert result.integrity == [f"{name}: missing"]


def test_scoring_twice_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    written = []
    for seed in ("1", "2"):
        out = copied(tmp_path / seed)
        program = "import pathlib, sys; from grader.run import score as s; out = pathlib.Path(sys.argv[1]); s.render(s.score(out), out)"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}", "LC_ALL": "C"}
        subprocess.run([sys.executable, "-c", program, str(out)], check=True, env=environment)
        written.append({name: (out / name).read_bytes() for name in ("result.json", "report.html", "summary.md", "junit.xml")})
    assert written[0] == written[1]


def test_scoring_and_rendering_import_nothing_that_collects(tmp_path: Path) -> None:
    program = """
import pathlib, sys
from grader.run import score as s
out = pathlib.Path(sys.argv[1]); s.render(s.score(out), out)
heavy = {"docker", "gevent", "locust", "geventhttpclient", "requests", "git", "numpy", "urllib3"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program, str(copied(tmp_path))], check=True)


def test_the_recorded_run_is_whole_and_its_report_is_short(sound: Result, tmp_path: Path) -> None:
    assert (sound.integrity, sound.status, sound.mode) == ([], "scored", "quick")
    page = run.render(sound, tmp_path)[0].read_text(encoding="utf-8")
    first = re.sub(r"<[^>]+>", " ", page[page.index('<div id="first">') : page.index("<main>")])
    assert len(re.findall(r"\S*\w\S*", first)) <= 120, first
    assert len(page.encode()) <= 160_000
