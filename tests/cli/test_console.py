"""What people and machines see of a run, and how signals end it."""

from __future__ import annotations

import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import challenges.loader
from grader.cli.console import JsonLines, LiveTable, _areas, lost_points
from grader.run import score as scoring
from grader.run.layout import copy_recorded
from grader.run.signals import Stopped, orderly_end
from grader.schema.causes import Trouble
from grader.schema.result import AreaResult, CheckResult, Outcome, Result
from reports import markdown


def test_events_are_one_json_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = JsonLines()
    lines.started("image")
    lines.note("image", "step 1/2:\nRUN \x1b[31mx")
    lines.finished("image", 1.239, Trouble("build_failed", "exit code 7").failure)
    first, second, third = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (first["event"], first["stage"], second["text"]) == ("started", "image", "step 1/2:\nRUN \x1b[31mx")
    assert (third["ok"], third["culprit"], third["cause"], third["seconds"]) == (False, "candidate", "build_failed", 1.24)
    assert third["reason"] == "the image does not build: exit code 7"


def shown(table: LiveTable) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=160).print(table)
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


def test_the_live_table_marks_each_stage_and_names_who_failed() -> None:
    table = LiveTable()
    for stage in ("clone", "image", "load", "drift"):
        table.started(stage)
    table.note("drift", "window 3 of 9 [bold]not markup[/bold]")
    table.finished("clone", 0.5, None)
    table.finished("image", 2.0, Trouble("build_failed", "exit code 7").failure)
    table.finished("load", 2.0, Trouble("engine_lost").failure)
    clone, image, load, drift = shown(table)
    assert clone == "✓ clone 0.5 s"
    assert image.startswith("✗ image 2.0 s candidate: the image does not build")
    assert load.startswith("? load 2.0 s host: the Docker Engine went away")
    assert drift.startswith("· drift") and drift.endswith("window 3 of 9 [bold]not markup[/bold]")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_unwinds_and_the_next_ones_wait(number: signal.Signals) -> None:
    cleaned = []
    with pytest.raises(Trouble, match=f"by {number.name}") as stopped, orderly_end():
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append("all of it")
    assert stopped.value.cause == "interrupted" and cleaned == ["all of it"]


def test_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with orderly_end():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_stop_is_no_exception_that_a_stage_could_swallow() -> None:
    assert not issubclass(Stopped, (Exception, KeyboardInterrupt))


@pytest.fixture
def recorded(tmp_path: Path) -> Result:
    copy_recorded(challenges.loader.ROOT / "fraud-scoring" / "recorded" / "oracle-quick", tmp_path)
    return scoring.score(tmp_path)


def spoilt(check: CheckResult, low_bp: int, **update: object) -> CheckResult:
    return check.model_copy(update={"low_bp": low_bp, "high_bp": low_bp, "outcome": Outcome.FAIL, **update})


def told(result: Result, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lost_points(result)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_lost_points_come_dearest_first_with_what_to_do(capsys: pytest.CaptureFixture[str], recorded: Result) -> None:
    counted = {area.id for area in recorded.areas if area.counted_low}
    worst, small, *rest = sorted((c for c in recorded.checks if c.area in counted), key=lambda check: -check.max_bp)
    lines = told(recorded.model_copy(update={"checks": [spoilt(small, small.max_bp - 1), spoilt(worst, 0), *rest]}), capsys)
    assert [line["check"] for line in lines] == [worst.id, small.id]
    assert lines[0]["points"] == worst.max_bp / 100 and lines[1]["points"] == 0.01
    assert all(line["remedy"] for line in lines)


def test_a_loss_in_a_module_that_does_not_count_is_none(capsys: pytest.CaptureFixture[str], recorded: Result) -> None:
    aside = {area.id for area in recorded.areas if not (area.counted_low or area.counted_high)}
    checks = [spoilt(c, 0) if c.area in aside else c for c in recorded.checks]
    assert aside and any(c.max_bp for c in checks if c.area in aside)
    assert told(recorded.model_copy(update={"checks": checks}), capsys) == []


def test_what_was_not_judged_is_told_once_for_its_reason(capsys: pytest.CaptureFixture[str], recorded: Result) -> None:
    checks = [spoilt(c, 0, judged=False, observed="the service was gone") if c.area == "failure" else c for c in recorded.checks]
    lost = sum(c.area == "failure" and c.max_bp > 0 for c in checks)
    (line,) = told(recorded.model_copy(update={"checks": checks}), capsys)
    assert (line["event"], line["checks"], line["reason"]) == ("not_judged", lost, "the service was gone")


def test_the_table_rounds_as_the_report_and_names_one_best_module(recorded: Result) -> None:
    core, best, other = (next(a for a in recorded.areas if test(a)) for test in (_core, _best, _aside))
    areas = [core.model_copy(update={"low": 450, "high": 9_999}), best, other.model_copy(update={"counted_high": True})]
    text = io.StringIO()
    Console(file=text, width=160).print(_areas(recorded.model_copy(update={"areas": areas})))
    assert "5 %" in text.getvalue() and "4 %" not in text.getvalue() and "over 99 %" in text.getvalue()
    assert text.getvalue().count("the best module") == 1 and text.getvalue().count("upper bound only") == 1
    assert markdown.render(recorded.model_copy(update={"areas": areas})).count("the best module") == 1


def _core(area: AreaResult) -> bool:
    return area.kind == "core"


def _best(area: AreaResult) -> bool:
    return area.kind == "module" and area.counted_low


def _aside(area: AreaResult) -> bool:
    return area.kind == "module" and not area.counted_low
