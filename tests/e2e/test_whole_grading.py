"""One grading of an https URL, from the clone to the reports, and everything that can be done with what it leaves."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from git_server import GitServer, git

from grader.schema.evidence import Manifest

from .grading import GRADER, Place, result_of

pytestmark = pytest.mark.engine

Graded = tuple[Place, str]


def manifest_of(out: Path) -> Manifest:
    return Manifest.model_validate_json((out / "bundle" / "manifest.json").read_bytes())


def test_an_https_url_is_graded_end_to_end(graded: Graded, git_server: GitServer) -> None:
    place, _ = graded
    result, manifest = result_of(place.out), manifest_of(place.out)
    assert manifest.submission.origin == git_server.url("good")
    assert manifest.submission.commit == git(git_server.root / "good", "rev-parse", "HEAD")
    assert manifest.submission.image_digest and manifest.submission.image_digest.startswith("sha256:")
    assert {gate.outcome for gate in result.gates} == {"pass"}
    assert result.failures == [] and result.integrity == []
    assert 0 < result.score.low <= result.score.high < 10_000


def test_every_line_on_a_pipe_is_json_and_every_stage_has_a_beginning_and_an_end(graded: Graded) -> None:
    events = [json.loads(line) for line in graded[1].splitlines()]
    started = [event["stage"] for event in events if event["event"] == "started"]
    finished = {event["stage"]: event["ok"] for event in events if event["event"] == "finished"}
    assert started[0] == "clone" and set(started) == set(finished)
    assert {"image", "boot", "load", "drift", "faults", "metrics"} <= finished.keys() and all(finished.values())
    assert events[-1]["event"] == "result"


def test_the_run_facts_carry_time_and_memory_within_their_bars(graded: Graded) -> None:
    facts = manifest_of(graded[0].out).run
    assert 20 < facts.grader_peak_mib <= 400
    assert 20 < facts.generator_peak_mib <= 200
    assert facts.wall_s >= facts.measured_s + facts.waited_s > 0
    # What a run costs beside its windows (start, teardown, the stages' own work) does not grow with them; here the windows are tiny.
    stages = {timing.name: timing for timing in facts.stages}
    serial = [stages[name] for name in ("boot", "contract", "load", "drift", "idle", "logs", "faults", "metrics")]
    gaps = [after.start_s - (before.start_s + before.seconds) for before, after in pairwise(serial)]
    assert sorted(gaps)[len(gaps) // 2] < 0.2, "stages wait for each other"
    assert stages["prepare"].start_s < stages["image"].start_s + stages["image"].seconds, "the sandbox is made while the image is built"


def test_a_grading_leaves_nothing_but_its_output(graded: Graded) -> None:
    place, _ = graded
    assert list(place.temporary.iterdir()) == [] and place.state() == []


def digests(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir()) if path.is_file()}


def test_scoring_twice_gives_the_same_bytes_without_an_engine(graded: Graded, tmp_path: Path) -> None:
    place, _ = graded
    out = tmp_path / "copy"
    shutil.copytree(place.out / "bundle", out / "bundle")
    offline = place.with_env(DOCKER_HOST="unix:///nowhere")
    first = offline.run("score", str(out))
    before = digests(out)
    second = offline.run("score", str(out))
    assert first.code == second.code and first.out.replace(" ", "") and not first.err
    assert before == digests(out) == digests(place.out)
    assert {"result.json", "report.html"} <= before.keys()


def test_a_damaged_bundle_ends_with_four_and_says_where(graded: Graded, tmp_path: Path) -> None:
    place, _ = graded
    out = tmp_path / "copy"
    shutil.copytree(place.out, out)
    before = result_of(out).score
    evidence = out / "bundle" / "evidence" / "drift.json"
    evidence.write_text(evidence.read_text().replace("5", "6", 1))
    done = place.run("score", str(out))
    result = result_of(out)
    assert done.code == 4
    assert any("evidence/drift.json" in line for line in result.integrity)
    assert result.score.low <= before.low


def test_render_makes_the_reports_again_and_names_them(graded: Graded, tmp_path: Path) -> None:
    place, _ = graded
    out = tmp_path / "copy"
    shutil.copytree(place.out, out)
    before = digests(out)
    (out / "report.html").unlink()
    done = place.run("render", str(out))
    assert done.code == 0 and str(out / "report.html") in done.out.splitlines()
    assert digests(out) == before


def test_collect_gives_evidence_without_an_opinion_and_score_judges_it(place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("nothing to serve\n")
    collected = place.run("collect", *place.arguments(tmp_path / "empty")[1:])
    assert collected.code == 0 and [path.name for path in place.out.iterdir()] == ["bundle"]
    scored = place.run("score", str(place.out))
    assert scored.code == 1 and result_of(place.out).status == "gate_failed"


def test_a_reader_that_goes_away_does_not_end_a_grading(place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("nothing to serve\n")
    command = [GRADER, *place.arguments(tmp_path / "empty")]
    with subprocess.Popen(command, env=place.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 1 and process.stderr.read() == ""
    assert result_of(place.out).status == "gate_failed"


def test_a_terminal_gets_tables_and_no_json(graded: Graded) -> None:
    said, code = on_a_terminal(graded[0], ["score", str(graded[0].out)])
    assert code in (0, 4)
    assert "Failure handling" in said and "report:" in said and '{"t"' not in said


def test_a_terminal_gets_a_live_table_of_stages(place: Place, tmp_path: Path) -> None:
    repository = tmp_path / "empty"
    repository.mkdir()
    (repository / "README.md").write_text("nothing to serve\n")
    said, code = on_a_terminal(place, place.arguments(repository))
    assert code == 1
    assert "✓ clone" in said.replace("  ", " ") and "image" in said and '{"event"' not in said
    assert "the repository has no Dockerfile" in said


def on_a_terminal(place: Place, arguments: list[str]) -> tuple[str, int]:
    """Run a verb with a terminal as its standard output; what it showed without colours, and its exit code."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([GRADER, *arguments], env=place.env | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 1 << 16):
            shown += piece
    except OSError:  # how a terminal says that its last user has gone
        pass
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()), process.wait(30)
