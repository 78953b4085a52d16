"""A series on disk: what counts as done, what does not belong together, and what the command line makes of it. No engine."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

import challenges.loader
import grader.cli
import grader.cli.repeat
import grader.repeat.running
from grader.repeat import series
from grader.repeat.record import Repeatability
from grader.run import score as scoring
from grader.schema.causes import Trouble, UsageError
from grader.schema.challenge import Challenge
from grader.schema.evidence.manifest import seal_of
from grader.schema.result import Result
from harness.collect import Request
from harness.progress import Progress

SLUG = "fraud-scoring"
RECORDED = challenges.loader.ROOT / SLUG / "recorded" / "oracle-quick"


def put(out: Path, spec: Challenge | None = None, mode: str = "quick", **submission: str) -> Path:
    """A recorded grading in an output folder, as one of the installed challenge; of another submission where the manifest shall say so."""
    asked = spec or challenges.loader.load(SLUG).spec
    shutil.copytree(RECORDED, out / "bundle")
    raw = asked.model_dump_json().encode()
    (out / "bundle" / "challenge.json").write_bytes(raw)
    document = json.loads((out / "bundle" / "manifest.json").read_text())
    document |= {"challenge_digest": asked.digest, "mode": mode}
    document["files"]["challenge.json"] = hashlib.sha256(raw).hexdigest()
    document["submission"].update(submission)
    document["seal"] = seal_of(document)
    (out / "bundle" / "manifest.json").write_text(json.dumps(document))
    return out


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Request, Path]]:
    """Gradings that are asked for; each leaves the recorded bundle, of another tree where a test says so."""
    asked: list[tuple[Request, Path]] = []

    def grade(request: Request, out: Path, progress: Progress) -> Result:
        asked.append((request, out))
        progress.finished("slot", 0.0, None)
        changed = {"tree": "f" * 40} if request.origin == "changed" else {}
        return scoring.score(put(out, request.challenge.spec, request.mode, **changed))

    monkeypatch.setattr(grader.repeat.running, "grade", grade)
    return asked


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["grader", "repeat", *map(str, arguments)])
        try:
            grader.cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_a_series_is_graded_to_its_length_and_its_table_is_written(graded: list[tuple[Request, Path]], command: Command, tmp_path: Path) -> None:
    code, said = command("somewhere", "-c", SLUG, "-m", "quick", "-n", "3", "-o", tmp_path)
    assert code == 0, said
    assert [out.name for _, out in graded] == ["001-quiet", "002-quiet", "003-quiet"]
    assert {(request.origin, request.mode, request.attempt) for request, _ in graded} == {("somewhere", "quick", 1)}
    found = Repeatability.model_validate_json((tmp_path / "repeats.json").read_bytes())
    assert [facts.number for facts in found.repeats] == [1, 2, 3] and found.scores["all"].low_range == 0
    last = json.loads(said.splitlines()[-1])
    assert (last["event"], last["repeats"], last["over"]) == ("repeats", 3, [])


def test_a_series_goes_on_from_where_it_was_and_a_cut_repeat_is_done_again(
    graded: list[tuple[Request, Path]], command: Command, tmp_path: Path
) -> None:
    command("somewhere", "-c", SLUG, "-m", "quick", "-n", "3", "-o", tmp_path)
    shutil.rmtree(tmp_path / "repeats" / "002-quiet" / "bundle")
    graded.clear()
    command("somewhere", "-c", SLUG, "-m", "quick", "-n", "4", "-o", tmp_path)
    assert [out.name for _, out in graded] == ["002-quiet", "004-quiet"]
    graded.clear()
    code, _ = command(tmp_path, "-n", "4")
    assert (code, graded) == (0, []), "a whole series is only read, and needs no submission"


def test_every_second_repeat_has_a_neighbour_and_other_draws_are_only_made_on_demand(
    graded: list[tuple[Request, Path]], command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[str] = []
    monkeypatch.setattr(grader.repeat.running.Neighbour, "__enter__", lambda self: came.append(graded[-1][1].name))
    command("somewhere", "-c", SLUG, "-m", "quick", "-n", "4", "--noise", "--new-draws", "--attempt", "7", "-o", tmp_path)
    assert [out.name for _, out in graded] == ["001-quiet", "002-noisy", "003-quiet", "004-noisy"]
    assert came == ["002-noisy", "004-noisy"]
    assert [request.attempt for request, _ in graded] == [7, 8, 9, 10]
    assert {facts.number for facts in series.table(tmp_path).repeats if facts.noisy} == {2, 4}


def test_a_grading_of_a_url_is_repeated_from_its_manifest(graded: list[tuple[Request, Path]], command: Command, tmp_path: Path) -> None:
    put(tmp_path, origin="https://git.example.org/candidate/repo")
    code, said = command(tmp_path, "-n", "1")
    assert code == 0, said
    (request, out) = graded[0]
    assert (request.origin, request.challenge.spec.slug, request.mode) == ("https://git.example.org/candidate/repo", SLUG, "quick")
    assert out == tmp_path / "repeats" / "001-quiet"


def test_a_grading_of_a_folder_asks_for_it_by_the_command_to_give(command: Command, tmp_path: Path) -> None:
    put(tmp_path)
    code, said = command(tmp_path)
    assert code == 2 and f"grader repeat PATH -c {SLUG} -m quick --attempt 1 -n 20 -o {tmp_path}" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x", "-o", "DIR"], "name the challenge"),
        (["x", "-c", SLUG], "-c, -m and --stages go with -o"),
        (["nowhere"], "holds no grading"),
        (["x", "-n", "0"], "-n"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], words: str, command: Command, tmp_path: Path) -> None:
    code, said = command(*[str(tmp_path / "new") if word == "DIR" else word for word in arguments])
    assert code == 2 and words in said


def test_a_repeat_of_something_else_is_refused_and_not_left_behind(graded: list[tuple[Request, Path]], command: Command, tmp_path: Path) -> None:
    command("somewhere", "-c", SLUG, "-m", "quick", "-n", "1", "-o", tmp_path)
    code, said = command("changed", "-c", SLUG, "-m", "quick", "-n", "2", "-o", tmp_path)
    assert code == 2 and "another submission, or another state of it" in said
    assert list(series.present(tmp_path)) == [1]
    graded.clear()
    code, said = command("somewhere", "-c", SLUG, "-m", "standard", "-n", "2", "-o", tmp_path)
    assert code == 2 and "holds a grading of fraud-scoring in quick mode instead of fraud-scoring in standard mode" in said and not graded


def test_picked_stages_are_repeated_and_others_are_another_question(graded: list[tuple[Request, Path]], command: Command, tmp_path: Path) -> None:
    pause = ("somewhere", "-c", SLUG, "-m", "quick", "--stages", "fault:pause", "-n", "1", "-o", tmp_path)
    command(*pause)
    (request, _) = graded[0]
    assert (request.mode, request.exercise.faults, request.exercise.drift) == ("part", ["pause"], [])
    asked = series.Question.of(request.challenge.spec, "part")
    other = series.Question(asked.challenge, asked.digest, "part", asked.stimuli | {"fault:sigkill"})
    assert asked.unlike(asked) == "" and asked.unlike(other) == "other stages of fraud-scoring"


def test_a_damaged_or_foreign_repeat_is_named(tmp_path: Path) -> None:
    put(series.place(tmp_path, 1, noisy=False))
    put(series.place(tmp_path, 2, noisy=True), tree="f" * 40)
    with pytest.raises(UsageError, match="002-noisy is a grading of another submission"):
        series.table(tmp_path)
    (tmp_path / "repeats" / "002-noisy" / "bundle" / "manifest.json").write_text("{}")
    with pytest.raises(UsageError, match="002-noisy holds a damaged bundle"):
        series.table(tmp_path)
    with pytest.raises(UsageError, match="holds no repeats yet"):
        series.table(tmp_path / "empty")


def test_the_table_for_people_names_what_differs_and_the_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 3):
        put(series.place(tmp_path, number, noisy=number == 2))
    found = series.table(tmp_path)
    odd = next(check for check in found.checks if check.id == "sigterm_drain")
    noisy = odd.noisy.model_copy(update={"levels": {"late": 1}, "differ": 1})
    checks = [odd.model_copy(update={"noisy": noisy, "over": True}) if check.id == odd.id else check for check in found.checks]
    text = io.StringIO()
    monkeypatch.setattr(grader.cli.repeat.sys, "stdout", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(grader.cli.repeat, "Console", lambda: Console(file=text, width=200))
    grader.cli.repeat.show(found.model_copy(update={"checks": checks, "quarantine": "[sigterm_drain]\n"}), "repeats.json")
    said = text.getvalue()
    row = " ".join(next(line for line in said.splitlines() if "sigterm_drain" in line).replace("│", " ").split())
    assert row == f"sigterm_drain {odd.usual} 0 of 2 1 of 1 0/0 over the bar"
    assert f"3 repeats of oracle in quick mode: {len(checks) - 1} of {len(checks)} checks never differ" in said
    assert "3 of 3 intervals contain 100.00" in said and "[sigterm_drain]" in said and "range 0.00 points" in said


def test_trouble_ends_the_series_and_keeps_what_was_done(
    graded: list[tuple[Request, Path]], command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(request: Request, out: Path, progress: Progress) -> Result:
        raise Trouble("engine_down", "nobody answers")

    command("somewhere", "-c", SLUG, "-m", "quick", "-n", "1", "-o", tmp_path)
    monkeypatch.setattr(grader.repeat.running, "grade", broken)
    code, said = command("somewhere", "-c", SLUG, "-m", "quick", "-n", "2", "-o", tmp_path)
    assert code == 3 and "no Docker Engine answers" in said
    assert (tmp_path / "repeats.json").is_file() and list(series.present(tmp_path)) == [1]
