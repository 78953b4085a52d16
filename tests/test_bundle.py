"""A damaged bundle costs coverage, never a crash, and never a point in the candidate's disfavour or favour."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from grader.schema.base import Culprit
from grader.schema.bundle import Bundle
from grader.schema.causes import Failure
from grader.schema.challenge import Challenge, Contract, DriftPlan, Limits, Reality, Scoring
from grader.schema.evidence import COLLECTORS, AuditEvidence, Host, LogsEvidence, Manifest, RunFacts, Submission
from grader.schema.evidence.manifest import seal_of
from harness import bundle as bundles
from harness.bundle import BundleWriter, evidence_path, read

CHALLENGE = Challenge(
    slug="demo", title="", version="1", summary="", hours="1", digest="d" * 64,
    reality=Reality(serving="online", slo_p99_ms=100, rate_rps=100, burst_factor=3, retraining="", audit="", cost=""),
    limits=Limits(
        cpus=1, memory_mib=1, pids=1, tmp_mib=1, data_mib=1, log_mib=1, repository_mib=1, repository_files=1, build_timeout_s=1,
        build_memory_mib=1, build_log_kib=1, ready_timeout_s=1,
    ),
    contract=Contract(
        predict="/p", health="/h", ready="/r", metrics="/m", feedback="/f", version="/v", port=80, drift_window=5, model_path_env="M",
        audit_file="a", request_schema="q", response_schema="s", samples="x", id_field="id", score_field="s", degraded_field="d",
        version_field="v", numeric_fields=[], nullable_fields=[],
    ),
    drift=DriftPlan(window=5, control_windows=6, drifted_windows=5, recovery_windows=3, max_rate_rps=300, must_detect={}),
    modes={}, scoring=Scoring(core={}, modules=[], module_points=0, cause_cap_points=1, bands={}),
)  # fmt: skip
LOGS = LogsEvidence(lines=1, bytes=2, json_lines=1, with_request_id=0, with_model_version=0, canaries_sent=1, canaries_found=0, sample=["é"])
AUDIT = AuditEvidence(
    exists=True, lines=1, parsed=1, predictions_sent=1, predictions_found=1, duplicates=0, with_fields={"time": 1}, scores_agree=1
)


def manifest() -> Manifest:
    return Manifest(
        grader_version="0", created="2024-01-01T00:00:00Z", challenge="demo", challenge_digest="d" * 64, mode="quick", attempt=1,
        submission=Submission(origin="here"), files={}, seeds={},
        host=Host(cores=1, memory_mib=1, kernel="", engine="", cgroup="v1", python=""),
        run=RunFacts(wall_s=1, build_s=0, measured_s=0, grader_peak_mib=1, generator_peak_mib=1, stages=[]),
    )  # fmt: skip


def whole(folder: Path) -> Path:
    writer = BundleWriter(folder)
    writer.put_challenge(CHALLENGE)
    writer.put("logs", LOGS, None)
    writer.put("audit", AUDIT, Failure(cause="engine_lost", culprit=Culprit.HOST, detail="half-way"))
    writer.put("drift", None, Failure(cause="generator_limited", culprit=Culprit.HOST, detail="lag"))
    writer.put_text("logs/build.log", "built\n")
    writer.close(manifest())
    return folder


def edit_manifest(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change the manifest as somebody would who knows of its seal."""
    document = json.loads((folder / "manifest.json").read_text())
    change(document)
    with suppress(ValidationError):
        document["seal"] = seal_of(document)
    (folder / "manifest.json").write_text(json.dumps(document))


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def everything_absent(bundle: Bundle) -> bool:
    return not bundle.evidence and set(bundle.failures) == set(COLLECTORS) and all(f.culprit is Culprit.GRADER for f in bundle.failures.values())


def test_what_was_put_is_what_is_read(tmp_path: Path) -> None:
    bundle = read(whole(tmp_path))
    assert bundle.integrity == []
    assert bundle.challenge == CHALLENGE
    assert bundle.evidence == {"logs": LOGS, "audit": AUDIT}
    assert bundle.failures["audit"].cause == "engine_lost"
    assert bundle.failures["drift"].cause == "generator_limited"
    assert bundle.failures["load"].cause == "evidence_missing"


def test_same_evidence_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = whole(tmp_path / "a"), whole(tmp_path / "b")
    assert (first / "manifest.json").read_bytes() == (second / "manifest.json").read_bytes()


def test_a_bundle_without_its_manifest_is_absent_and_says_unfinished_by_being_missing(tmp_path: Path) -> None:
    whole(tmp_path)
    BundleWriter(tmp_path)  # a new grading starts and dies
    bundle = read(tmp_path)
    assert everything_absent(bundle)
    assert bundle.failures["logs"].cause == "evidence_missing"


def test_a_rewritten_folder_keeps_nothing_of_the_previous_bundle(tmp_path: Path) -> None:
    whole(tmp_path)
    BundleWriter(tmp_path).close(manifest())
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("damage", "cause", "line"),
    [
        (lambda path: path.unlink(), "evidence_missing", "missing"),
        (lambda path: path.write_bytes(path.read_bytes() + b" "), "evidence_corrupt", "does not match its hash"),
        (lambda path: path.unlink() or path.mkdir(), "evidence_corrupt", "no regular file"),
        (become_a_pipe, "evidence_corrupt", "no regular file"),
        (lambda path: path.rename(path.with_name("x")) and path.symlink_to("x"), "evidence_corrupt", ""),
    ],
)
def test_a_damaged_file_takes_its_own_collector_away_and_no_other(
    tmp_path: Path, damage: Callable[[Path], object], cause: str, line: str
) -> None:
    whole(tmp_path)
    damage(tmp_path / evidence_path("logs"))
    bundle = read(tmp_path)
    assert "logs" not in bundle.evidence
    assert (bundle.failures["logs"].cause, bundle.failures["logs"].culprit) == (cause, Culprit.GRADER)
    assert any(line in text for text in bundle.integrity)
    assert bundle.evidence["audit"] == AUDIT


@pytest.mark.parametrize(
    "content",
    [
        '{"collector": "logs", "data": null, "failure": null}',
        f'{{"collector": "audit", "data": {LOGS.model_dump_json()}}}',
        '{"collector": "logs", "data": {"lines": 1}}',
        f'{{"collector": "logs", "data": {LOGS.model_dump_json()}, "extra": 1}}',
        '{"collector": "logs", "failure": {"cause": "engine_lost", "culprit": "candidate", "detail": ""}}',
        '{"collector": "logs", "failure": {"cause": "no_such", "culprit": "grader", "detail": ""}}',
        "[" * 100_000,
        "\xff",
        "",
    ],
)
def test_a_file_whose_hash_was_adjusted_still_has_to_fit_its_schema(tmp_path: Path, content: str) -> None:
    writer = BundleWriter(tmp_path)
    writer.put_challenge(CHALLENGE)
    writer.put_bytes(evidence_path("logs"), content.encode("latin-1"))
    writer.close(manifest())
    bundle = read(tmp_path)
    assert bundle.failures["logs"].cause == "evidence_corrupt"
    assert "logs" not in bundle.evidence


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "a//b", ".", "a\\b", "x\nfake: line", ""])
def test_a_path_out_of_the_bundle_is_refused_by_reader_and_writer(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("s")
    folder = whole(tmp_path / "bundle")
    edit_manifest(folder, lambda document: document["files"].update({path: "0" * 64}))  # type: ignore[attr-defined]
    bundle = read(folder)
    assert any("no path inside a bundle" in line for line in bundle.integrity)
    assert not any("\n" in line for line in bundle.integrity)
    with pytest.raises(ValueError, match="no path inside"):
        BundleWriter(tmp_path / "other").put_text(path, "x")


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(schema_version=2),
        lambda document: document.update(surprise=1),
        lambda document: document.pop("host"),
        lambda document: document.update(files=[]),
    ],
)
def test_a_broken_manifest_makes_everything_absent(tmp_path: Path, change: Callable[[dict[str, object]], None]) -> None:
    folder = whole(tmp_path)
    edit_manifest(folder, change)
    bundle = read(folder)
    assert everything_absent(bundle)
    assert bundle.failures["logs"].cause == "evidence_corrupt"
    assert len(bundle.integrity) == 1


def test_a_foreign_schema_version_is_named(tmp_path: Path) -> None:
    folder = whole(tmp_path)
    edit_manifest(folder, lambda document: document.update(schema_version=99))
    assert "schema version 99" in read(folder).integrity[0]


def test_files_that_nobody_listed_are_named_and_unused(tmp_path: Path) -> None:
    folder = whole(tmp_path)
    (folder / "evidence" / "load.json").write_text("{}")
    bundle = read(folder)
    assert "load" not in bundle.evidence
    assert bundle.integrity == ["evidence/load.json: not listed in the manifest"]


def test_another_challenge_than_the_manifest_names_is_absent(tmp_path: Path) -> None:
    folder = whole(tmp_path)
    edit_manifest(folder, lambda document: document.update(challenge_digest="e" * 64))
    bundle = read(folder)
    assert bundle.challenge is None
    assert bundle.integrity


def test_a_file_over_the_cap_is_corrupt_without_being_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = whole(tmp_path)
    monkeypatch.setattr(bundles, "MAX_FILE_BYTES", 10)
    bundle = read(folder)
    assert everything_absent(bundle)
    assert "over the limit" in bundle.integrity[0]


def test_a_lone_surrogate_in_a_candidates_text_does_not_make_its_own_evidence_unreadable(tmp_path: Path) -> None:
    writer = BundleWriter(tmp_path)
    writer.put_challenge(CHALLENGE)
    writer.put("logs", LOGS.model_copy(update={"sample": ["\ud800"]}), None)
    writer.close(manifest())
    assert read(tmp_path).evidence["logs"].model_dump()["sample"] == ["?"]


def test_reading_a_bundle_needs_neither_engine_nor_network() -> None:
    heavy = "{'docker', 'requests', 'locust', 'gevent', 'numpy', 'jinja2'}"
    code = f"import sys, harness.bundle; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_a_long_log_keeps_its_end(tmp_path: Path) -> None:
    BundleWriter(tmp_path).put_text("logs/x.log", "a" * 100 + "the error", limit_bytes=20)
    assert (tmp_path / "logs" / "x.log").read_text().endswith("the error")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_raises_or_adds_evidence(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = whole(tmp_path_factory.mktemp("bundle"))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    victim = data.draw(st.sampled_from(files))
    raw = bytearray(victim.read_bytes())
    start = data.draw(st.integers(0, len(raw) - 1))
    raw[start : start + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=30))
    victim.write_bytes(raw)
    bundle = read(folder)
    for name, model in bundle.evidence.items():
        assert model == {"logs": LOGS, "audit": AUDIT}[name]
    assert set(bundle.evidence) | set(bundle.failures) == set(COLLECTORS)


def test_a_manifest_that_was_edited_without_its_seal_is_no_manifest(tmp_path: Path) -> None:
    folder = whole(tmp_path)
    document = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**document, "mode": "quick" if document["mode"] != "quick" else "standard"}))
    bundle = read(folder)
    assert bundle.manifest is None
    assert bundle.integrity == ["manifest.json: does not match its own seal"]
