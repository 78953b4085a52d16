"""What people and machines see of a run, and how signals end it."""

from __future__ import annotations

import io
import json
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

import challenges.loader
from grader.cli.console import JsonLines, LiveTable, lost_points
from grader.run import score as scoring
from grader.run.layout import copy_recorded
from grader.run.signals import Stopped, orderly_end
from grader.schema.causes import Trouble


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


def test_lost_points_come_dearest_first_with_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    copy_recorded(challenges.loader.ROOT / "fraud-scoring" / "recorded" / "oracle-quick", tmp_path)
    result = scoring.score(tmp_path)
    worst, small, *rest = sorted((check for check in result.checks if check.max_bp), key=lambda check: -check.max_bp)
    spoilt = [small.model_copy(update={"high_bp": small.max_bp - 1}), worst.model_copy(update={"high_bp": 0}), *rest]
    lost_points(result.model_copy(update={"checks": spoilt}))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["check"] for line in told] == [worst.id, small.id]
    assert told[0]["points"] == worst.max_bp / 100 and told[1]["points"] == 0.01
    assert all(line["remedy"] for line in told)
