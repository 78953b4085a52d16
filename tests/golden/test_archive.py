"""Packing: the same bytes for the same bundle, the same verdict as before, and nothing of the machine."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import socket
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from judge import made

import challenges.loader
import grader.rubric
from grader.golden import baseline
from grader.golden.archive import LARGEST, cases, golden, pack, unpacked
from grader.golden.expected import Rung, parse, verdict
from grader.golden.movement import moved, table
from grader.run import score as scoring
from grader.schema.bundle import Bundle
from grader.schema.causes import UsageError
from grader.schema.evidence.manifest import seal_of
from harness.bundle import BundleWriter

ORACLE = challenges.loader.ROOT / "fraud-scoring" / "recorded" / "oracle-quick"


@pytest.fixture(autouse=True)
def _a_key_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_OPERATOR_KEY", "a key of the tests only")


def recorded(out: Path, bundle: Bundle, log: str = "listening\n") -> Path:
    """An output folder with this bundle."""
    writer = BundleWriter(out / "bundle")
    assert bundle.challenge and bundle.manifest
    writer.put_challenge(bundle.challenge)
    for name, data in bundle.evidence.items():
        writer.put(name, data, bundle.failures.get(name))
    for name in bundle.failures.keys() - bundle.evidence.keys():
        writer.put(name, None, bundle.failures[name])
    writer.put_text("logs/container.log", log)
    writer.close(bundle.manifest)
    return out


def told(detail: str) -> Bundle:
    """A sound bundle whose boot log holds a text."""
    return made.changed(made.sound(), boot=made.BOOT.model_copy(update={"log_tail": f"listening; {detail}\n"}))


def test_a_packed_bundle_gets_the_verdict_of_the_whole_one(tmp_path: Path) -> None:
    out = recorded(tmp_path / "sound", made.sound())
    packed = pack(out, tmp_path / "golden" / "sound.tar.xz")
    with unpacked(packed) as again:
        result = scoring.judged(again, grader.rubric.load())
        assert not (again / "bundle" / "logs").exists()
    assert result.integrity == []
    assert result == scoring.judged(out, grader.rubric.load())


def test_the_same_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(ORACLE, tmp_path / name / "out" / "bundle")
    first, second = (pack(tmp_path / name / "out", tmp_path / f"{name}.tar.xz").read_bytes() for name in ("one", "two"))
    assert first == second and len(first) < LARGEST


def test_a_bundle_that_names_this_machine_or_its_secret_is_refused(tmp_path: Path) -> None:
    secrets = {"name": socket.gethostname(), "path": str(tmp_path / "path"), "key": "a key of the tests only"}
    for kind, secret in secrets.items():
        out = recorded(tmp_path / kind / "out", told(secret))
        with pytest.raises(UsageError, match=f"boot.json holds .*{kind}") as refused:
            pack(out, tmp_path / "x.tar.xz")
        assert kind != "key" or secret not in str(refused.value)
    assert not (tmp_path / "x.tar.xz").exists()


def test_what_only_the_logs_hold_is_left_behind(tmp_path: Path) -> None:
    out = recorded(tmp_path / "case" / "out", made.sound(), log=f"{tmp_path}/case/out")
    assert pack(out, tmp_path / "x.tar.xz").is_file()


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    out = recorded(tmp_path / "out", made.sound())
    (out / "bundle" / "evidence" / "load.json").write_text("{}")
    with pytest.raises(UsageError, match=r"load\.json: does not match its hash"):
        pack(out, tmp_path / "x.tar.xz")


def test_of_several_outputs_under_one_name_the_last_is_packed(tmp_path: Path) -> None:
    """As the cache of validations keeps them: <case>/<digest>/bundle."""
    for age, digest in enumerate(("newer", "older")):
        out = recorded(tmp_path / "cache" / "mutant-a" / digest, made.sound())
        os.utime(out / "bundle" / "manifest.json", (1_000_000 - age, 1_000_000 - age))
    recorded(tmp_path / "cache" / "plain", made.sound())
    found = {name: out.relative_to(tmp_path / "cache").as_posix() for name, out in cases(tmp_path / "cache").items()}
    assert found == {"mutant-a": "mutant-a/newer", "plain": "plain"}


@pytest.mark.parametrize("name", ["../outside.json", "/etc/outside.json"])
def test_an_archive_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "bad.tar.xz", "w:xz") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    with pytest.raises(UsageError, match="no golden bundle"), unpacked(tmp_path / "bad.tar.xz"):
        pass


@pytest.fixture
def challenge(tmp_path: Path) -> Path:
    """A challenge folder with one golden bundle, packed from a folder of output folders."""
    folder = tmp_path / "fraud-scoring"
    recorded(tmp_path / "cases" / "sound", made.sound())
    (tmp_path / "cases" / "no-output").mkdir()
    baseline.packed(folder, tmp_path / "cases")
    return folder


def test_packing_writes_the_verdict_too_and_nothing_has_moved(challenge: Path) -> None:
    assert list(golden(challenge)) == ["sound"]
    assert baseline.compared(challenge) == []


def test_a_verdict_that_moved_is_told_with_points_and_command(challenge: Path) -> None:
    path = baseline.verdict_file(challenge, "sound")
    text = path.read_text()
    known = parse(text)
    level = known.checks["failure/sigterm_drain"].level
    text = text.replace(f"check failure/sigterm_drain {level} 10000", "check failure/sigterm_drain lost 0").replace(f"low {known.low}", "low 9000")
    path.write_text(text.replace("gate serves pass", "gate serves fail") + "check failure/forgotten full 10000\n")
    (difference,) = baseline.compared(challenge)
    lines = [" ".join(line.split()) for line in str(difference).splitlines()]
    assert f"low 90.00 -> {known.low / 100:.2f} {known.low / 100 - 90:+.2f}" in lines
    assert "gate serves fail -> pass" in lines
    assert "failure/forgotten full 100 % -> (no such check)" in lines
    (drain,) = [line for line in lines if line.startswith("failure/sigterm_drain")]
    assert drain.startswith(f"failure/sigterm_drain lost 0 % -> {level} 100 % +")
    assert lines[-1].endswith("grader challenge golden fraud-scoring --write")
    baseline.written(challenge)
    assert baseline.compared(challenge) == []


def test_points_are_todays_weight_of_the_step() -> None:
    result = made.verdict(made.sound())
    check = next(c for c in result.checks if c.id == "sigterm_drain")
    now = verdict(result)
    rows = moved(replace(now, checks={**now.checks, "failure/sigterm_drain": Rung("half", 5_000)}), result)
    assert [(what, points) for what, _, points in rows] == [("failure/sigterm_drain", f"+{check.max_bp / 200:.2f}")]
    assert table("sound", rows).startswith("sound:\n")


def test_a_bundle_of_another_schema_names_the_command_that_records_it_anew(challenge: Path, tmp_path: Path) -> None:
    out = tmp_path / "cases" / "sound"
    manifest = out / "bundle" / "manifest.json"
    packed = golden(challenge)["sound"]
    raw = json.loads(manifest.read_text())
    with tarfile.open(packed, "w:xz") as archive:  # as an older grader would have left it
        text = json.dumps({**raw, "schema_version": 0}).encode()
        member = tarfile.TarInfo("manifest.json")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    (difference,) = baseline.compared(challenge)
    assert "sound: cannot be read any more: manifest.json: schema version 0, this grader reads version 1" in str(difference)
    assert difference.mend.startswith("grader grade challenges/fraud-scoring/submissions/sound -c fraud-scoring -m standard -o out/golden/sound && ")
    with pytest.raises(UsageError, match="schema version 0"):
        baseline.written(challenge)


def test_evidence_that_does_not_fit_its_schema_any_more_is_named(challenge: Path, tmp_path: Path) -> None:
    out = tmp_path / "cases" / "sound"
    load = out / "bundle" / "evidence" / "load.json"
    document = json.loads(load.read_text())
    document["data"]["a_field_of_old"] = 1
    raw = json.dumps(document).encode()
    load.write_bytes(raw)
    _reseal(out / "bundle" / "manifest.json", "evidence/load.json", raw)
    shutil.copytree(out / "bundle", challenge / "recorded" / "sound")
    (difference,) = baseline.compared(challenge)
    assert "evidence/load.json: does not fit its schema" in difference.says and difference.mend == "make record"


def _reseal(path: Path, name: str, raw: bytes) -> None:
    document = json.loads(path.read_text())
    document["files"][name] = hashlib.sha256(raw).hexdigest()
    document["seal"] = seal_of(document)
    path.write_text(json.dumps(document))


def test_names_that_are_not_there_are_refused(challenge: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no golden bundle other; there is sound"):
        baseline.compared(challenge, ["other"])
    with pytest.raises(UsageError, match="no output folder other; there is sound"):
        baseline.packed(challenge, tmp_path / "cases", ["other"])
    with pytest.raises(UsageError, match="holds no output folders"):
        baseline.packed(challenge, tmp_path / "cases" / "no-output")


def test_the_verdict_of_a_bundle_that_is_gone_goes_too(challenge: Path) -> None:
    stray = challenge / "golden" / "gone.txt"
    stray.write_text("mode quick\n")
    baseline.written(challenge)
    assert not stray.exists()


@pytest.mark.parametrize("text", ["", "mode quick\nstatus scored\nlow 1\n", "check a\n", "mode quick\nsurprise\n"])
def test_a_verdict_that_cannot_be_read_says_so(text: str) -> None:
    with pytest.raises(UsageError, match="golden verdict"):
        parse(text)


def test_what_records_a_bundle_anew_follows_from_its_name(tmp_path: Path) -> None:
    (tmp_path / "slug" / "mutants" / "no-drain").mkdir(parents=True)
    assert baseline.anew(tmp_path / "slug", "oracle.full", "full").startswith("grader grade challenges/slug/submissions/oracle -c slug -m full -o ")
    assert baseline.anew(tmp_path / "slug", "no-drain", "part").startswith("grader challenge validate slug --only no-drain, then ")
