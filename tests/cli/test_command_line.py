"""The command line: help that helps, one line for every foreseen trouble, and the exit codes that CI relies on."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import challenges.loader
import grader.cli
import grader.cli.check
import grader.cli.doctor
import grader.cli.explain
import grader.rubric
import grader.run.grade
from grader.cli.console import JsonLines
from grader.run import score as scoring
from grader.run.exits import Exit
from grader.run.layout import copy_recorded
from grader.schema.causes import Trouble, UsageError
from grader.schema.result import Result
from harness.collect import Request
from harness.doctor import Prerequisite
from harness.progress import Progress
from reports import RENDERERS
from reports.redact import CANDIDATES_COPY, for_candidate


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command in this process."""
    monkeypatch.setattr(sys, "argv", ["grader", *arguments])
    monkeypatch.setenv("COLUMNS", "200")
    try:
        grader.cli.main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_without_a_verb_all_verbs_are_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = run(monkeypatch, capsys)
    for verb in (*grader.cli.VERBS, *grader.cli.SERVICE):
        assert verb in out + err
    assert "Exit codes: 0 ok; 1 a gate failed" in out + err


@pytest.mark.parametrize("verb", [*grader.cli.VERBS, *grader.cli.SERVICE])
def test_every_verb_explains_itself(verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(monkeypatch, capsys, verb, "--help")
    assert code == 0 and not err
    assert f"Usage: grader {verb}" in out and len(out.split("\n\n")) > 1


@pytest.mark.parametrize("verb", grader.cli.SERVICE)
def test_without_its_extra_a_verb_of_the_service_says_how_to_get_it(verb: str) -> None:
    """In a process of its own: in this one the extra may have been imported already."""
    script = "import sys; sys.modules['sqlalchemy'] = None; sys.argv = ['grader', *sys.argv[1:]]; import grader.cli; grader.cli.main()"
    called, helped = (
        subprocess.run([sys.executable, "-c", script, word], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        for word in (verb, "--help")
    )
    assert called.returncode == Exit.USAGE and "pip install" in called.stderr and "[web]" in called.stderr and "sqlalchemy" in called.stderr
    assert helped.returncode == 0 and "grade " in helped.stdout and verb in helped.stdout


def test_the_help_of_grade_names_what_it_takes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(monkeypatch, capsys, "grade", "--help")
    for word in ("URL|PATH", "--challenge", "--out", "--mode", "--attempt", "--allow-host", "--ca-file", "Exit codes"):
        assert word in out


@pytest.mark.parametrize("arguments", [["grade"], ["nonsense"], ["grade", "x", "-c", "y", "-o", "z", "--nonsense"], ["grade", "x", "--attempt", "0"]])
def test_wrong_arguments_end_with_two(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(monkeypatch, capsys, *arguments)
    assert code == Exit.USAGE and err and not out


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError("no such folder: x;\n give another"), 2, "grader: no such folder: x; give another"),
        (Trouble("disk_full", "while writing\nx"), 3, "grader: host: the disk is full: while writing x. Free some space"),
        (Trouble("internal_error", "x"), 3, "grader: grader: the grader has a defect"),
    ],
)
def test_a_foreseen_trouble_is_one_line(
    error: Exception, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(argv: object) -> object:
        raise error

    monkeypatch.setattr(grader.cli, "build", broken)
    found, _, err = run(monkeypatch, capsys, "score", "x")
    assert (found, err.count("\n")) == (code, 1)
    assert err.startswith(words)


def test_a_defect_of_ours_is_never_read_as_a_failed_gate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(grader.cli, "build", lambda argv: lambda **_: 1 / 0)
    code, _, err = run(monkeypatch, capsys, "score", "x")
    assert code == Exit.TROUBLE
    assert "Traceback" in err and err.splitlines()[-1].startswith("grader: grader: the grader has a defect: ZeroDivisionError")


def test_score_and_render_without_a_bundle(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(monkeypatch, capsys, "score", str(tmp_path))
    assert code == 2 and "holds no evidence bundle: run `grader grade`" in err
    code, _, err = run(monkeypatch, capsys, "render", str(tmp_path))
    assert code == 2 and "run `grader score" in err


def test_a_recorded_demo_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    loaded = challenges.loader.load("fraud-scoring")
    if (loaded.folder / "recorded").exists():
        pytest.skip("this checkout carries recorded evidence")
    code, _, err = run(monkeypatch, capsys, "demo", "--recorded", "-o", str(tmp_path))
    assert code == 2 and "no recorded evidence" in err


def test_explain_shows_the_whole_ladder_of_every_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for area in grader.rubric.load().areas.values():
        for id, rule in area.checks.items():
            grader.cli.explain.command(id)
            said = " ".join(capsys.readouterr().out.split())
            assert id in said and " ".join(rule.title.split())[:40] in said and "to mend" in said


def test_explain_knows_what_was_meant(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(monkeypatch, capsys, "explain", "sigterm_drian")
    assert code == 2 and "did you mean sigterm_drain" in err
    code, _, err = run(monkeypatch, capsys, "explain", "zzzzzz")
    assert code == 2 and "ledger of a report, and all" in err and "in any report" not in err


def test_help_names_every_mode(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(monkeypatch, capsys, "grade", "--help")
    assert all(mode in out for mode in challenges.loader.load("fraud-scoring").spec.modes)


def test_challenges_are_listed_shown_and_exported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(monkeypatch, capsys, "challenge", "list")
    assert code == 0 and "fraud-scoring" in out and "quick, standard" in out
    code, out, _ = run(monkeypatch, capsys, "challenge", "show", "fraud-scoring")
    assert code == 0 and "slo_p99_ms" in out and "memory_mib" in out and "mode standard: drift" in out
    code, out, _ = run(monkeypatch, capsys, "challenge", "export", "fraud-scoring", str(tmp_path / "kit"))
    assert code == 0 and out.strip() == str(tmp_path / "kit")
    assert (tmp_path / "kit" / "brief.md").is_file() and not (tmp_path / "kit" / "private").exists()
    code, _, err = run(monkeypatch, capsys, "challenge", "show", "fraud")
    assert code == 2 and "fraud-scoring" in err



def test_a_new_challenge_goes_where_the_author_says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(monkeypatch, capsys, "challenge", "new", "parcels", "--root", str(tmp_path / "given"))
    assert code == 0 and "1. challenge.toml" in out
    assert out.splitlines()[-1] == f"  GRADER_CHALLENGES_ROOT={tmp_path / 'given'} grader challenge validate parcels"
    (tmp_path / "set").mkdir()
    monkeypatch.setenv("GRADER_CHALLENGES_ROOT", str(tmp_path / "set"))
    code, out, _ = run(monkeypatch, capsys, "challenge", "new", "parcels")
    assert code == 0 and (tmp_path / "set" / "parcels" / "challenge.toml").is_file(), "an empty folder of one's own starts from the installed one"
    code, out, _ = run(monkeypatch, capsys, "challenge", "new", "letters", "--from", "parcels")
    assert code == 0 and "validate letters" in out
    code, out, _ = run(monkeypatch, capsys, "challenge", "list")
    assert code == 0 and "parcels" in out and "letters" in out and "fraud-scoring" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Parcels"], "'Parcels' is no slug"),
        (["letters"], "letters exists already"),
        (["parcels", "--from", "frauds-coring"], "did you mean 'fraud-scoring'?"),
        ([], "Missing argument"),
    ],
)
def test_a_new_challenge_that_cannot_be(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "letters").mkdir()
    code, out, err = run(monkeypatch, capsys, "challenge", "new", *arguments, "--root", str(tmp_path))
    assert (code, out) == (Exit.USAGE, "") and words in err
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


FOUND = [
    Prerequisite("engine", True, "Engine 27", "make engine"),
    Prerequisite("chromium", False, "not found", "apt-get install chromium", "tests of the report", required=False),
]


def test_the_doctor_is_content_when_all_that_is_required_is_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(grader.cli.doctor, "diagnose", lambda: FOUND)
    code, out, _ = run(monkeypatch, capsys, "doctor")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [line["name"] for line in lines] == ["engine", "chromium"]
    assert lines[1] | {"t": 0} == {"t": 0, "event": "prerequisite", **vars(FOUND[1])}


def test_the_doctor_ends_with_three_when_something_required_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(grader.cli.doctor, "diagnose", lambda: [*FOUND, Prerequisite("git", False, "not found", "apt-get install git")])
    assert run(monkeypatch, capsys, "doctor")[0] == Exit.TROUBLE


def test_the_doctor_mends_before_it_looks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[object] = []
    monkeypatch.setattr(grader.cli.doctor, "mend", lambda parts, say: (order.append(parts), say("starting the engine")))
    monkeypatch.setattr(grader.cli.doctor, "diagnose", lambda: order.append("look") or FOUND)
    code, out, _ = run(monkeypatch, capsys, "doctor", "--mend")
    assert code == 0 and order == [("engine", "base"), "look"]
    assert json.loads(out.splitlines()[0])["text"] == "starting the engine"


def test_what_cannot_be_mended_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(parts: object, say: object) -> None:
        raise Trouble("engine_down", "none runs, and none can be started without CAP_SYS_ADMIN")

    monkeypatch.setattr(grader.cli.doctor, "mend", refuse)
    code, _, err = run(monkeypatch, capsys, "doctor", "--mend")
    assert code == Exit.TROUBLE and err.startswith("grader: host: no Docker Engine answers")


def test_a_self_check_never_writes_into_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(monkeypatch, capsys, "check", str(tmp_path), "-o", str(tmp_path / "report"))
    assert code == Exit.USAGE and "lies in the repository" in err
    assert not list(tmp_path.iterdir())


def test_a_self_check_takes_the_only_challenge_the_smallest_mode_and_a_folder_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    repository, recorded = tmp_path / "mine", challenges.loader.ROOT / "fraud-scoring" / "recorded" / "oracle-quick"
    repository.mkdir()
    asked: list[Request] = []

    def collected(request: Request, folder: Path, _: Progress, *, authors: Path | None) -> None:
        assert authors is None, "nobody of a self-check is hidden"
        asked.append(request)
        shutil.copytree(recorded, folder)

    monkeypatch.setattr(grader.run.grade, "collect", collected)
    code, out, _ = run(monkeypatch, capsys, "check", str(repository))
    place = tmp_path / "mine-check"
    assert code == 0 and str(place / "report.html") in out
    assert [(request.origin, request.mode) for request in asked] == [(str(repository), "quick")]
    handed(scoring.load(place), place)


def handed(result: Result, folder: Path) -> None:
    """What a candidate gets tells all of the verdict, and nothing of the interview or of the hidden streams."""
    assert result.checks and result.practice and not result.interview and not result.seeds
    assert not any(area.question or area.strong or area.red_flags for area in result.areas)
    assert result.tables and not any("seed" in table.columns for table in result.tables)
    assert all(len(row) == len(table.columns) for table in result.tables for row in table.rows)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert CANDIDATES_COPY in html.unescape(page)
    assert "Interview plan" not in page and ">seed<" not in page and "Red flags" not in page and "Seed digests" not in page


def test_the_copy_for_a_candidate_is_rendered_beside_the_interviewers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    copy_recorded(challenges.loader.ROOT / "fraud-scoring" / "recorded" / "oracle-quick", tmp_path)
    whole = scoring.score(tmp_path)
    code, out, _ = run(monkeypatch, capsys, "render", str(tmp_path), "--for-candidate")
    copy = tmp_path / "for-candidate"
    assert code == 0 and out.split() == [str(copy / name) for name in RENDERERS]
    handed(for_candidate(whole), copy)
    assert scoring.load(tmp_path) == whole and whole.interview
    assert any("seed" in table.columns for table in whole.tables)


def test_a_grading_removes_the_copy_of_an_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = challenges.loader.ROOT / "fraud-scoring" / "recorded" / "oracle-quick"
    monkeypatch.setattr(grader.run.grade, "collect", lambda request, folder, progress, **_: shutil.copytree(recorded, folder))
    (tmp_path / "for-candidate").mkdir()
    (tmp_path / "for-candidate" / "report.html").touch()
    grader.run.grade.grade(Request(origin="x", challenge=challenges.loader.load("fraud-scoring"), mode="quick"), tmp_path, JsonLines())
    assert not (tmp_path / "for-candidate" / "report.html").exists() and (tmp_path / "report.html").exists()


def test_a_self_check_asks_which_challenge_where_there_are_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    for name in ("one", "two"):
        (tmp_path / "root" / name).mkdir(parents=True)
        (tmp_path / "root" / name / "challenge.toml").touch()
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("GRADER_CHALLENGES_ROOT", str(tmp_path / "root"))
    code, _, err = run(monkeypatch, capsys, "check", str(tmp_path / "mine"))
    assert code == Exit.USAGE and "with -c: one, two" in err
