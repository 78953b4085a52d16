"""How the command line speaks: a live view with rich on a terminal, one JSON object per line elsewhere.

A terminal obeys what is printed on it, and a result can come from elsewhere: every string passes `_text` or `fail`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from grader.schema.causes import Failure
from grader.schema.result import Result
from harness.progress import Progress
from reports import losses, words
from reports.text import inert

MARK = {"run": ("·", "cyan"), "ok": ("✓", "green"), "failed": ("✗", "red"), "unknown": ("?", "yellow")}


def fail(message: str) -> None:
    """One line on standard error, whatever the message holds."""
    print(f"grader: {' '.join(inert(message).split())}", file=sys.stderr)


def _text(value: str, style: str = "") -> Text:
    """Without control characters, and never read as rich's markup."""
    return Text(inert(value), style=style)


class JsonLines:
    """Events for machines."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._lock = threading.Lock()

    def emit(self, event: str, **facts: object) -> None:
        line = json.dumps({"t": round(time.monotonic() - self._begin, 2), "event": event, **facts})
        with self._lock:
            try:
                print(line, flush=True)
            except OSError:  # nobody reads any more (`grader ... | head`): the grading goes on, its result is in files
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def started(self, stage: str) -> None:
        self.emit("started", stage=stage)

    def note(self, stage: str, text: str) -> None:
        self.emit("note", stage=stage, text=text)

    def finished(self, stage: str, seconds: float, failure: Failure | None) -> None:
        facts = {"culprit": failure.culprit.value, "cause": failure.cause, "reason": failure.sentence} if failure else {}
        self.emit("finished", stage=stage, seconds=round(seconds, 2), ok=failure is None, **facts)


class LiveTable:
    """One row per stage: mark, name, seconds, what it is doing."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, float, str]] = {}
        self._lock = threading.Lock()

    def started(self, stage: str) -> None:
        with self._lock:
            self._rows[stage] = ("run", time.monotonic(), "")

    def note(self, stage: str, text: str) -> None:
        with self._lock:
            state, begin, _ = self._rows.get(stage, ("run", time.monotonic(), ""))
            self._rows[stage] = (state, begin, text)

    def finished(self, stage: str, seconds: float, failure: Failure | None) -> None:
        state = "ok" if failure is None else "failed" if failure.culprit == "candidate" else "unknown"
        with self._lock:
            _, _, text = self._rows.get(stage, ("run", 0.0, ""))
            self._rows[stage] = (state, seconds, f"{failure.culprit}: {failure.sentence}" if failure else text)

    def __rich__(self) -> Table:
        table = Table.grid(padding=(0, 2))
        with self._lock:
            rows = list(self._rows.items())
        for stage, (state, seconds, text) in rows:
            mark, colour = MARK[state]
            shown = time.monotonic() - seconds if state == "run" else seconds
            table.add_row(_text(mark, colour), _text(stage), _text(f"{shown:6.1f} s", "dim"), _text(text[:110], "dim"))
        return table


@contextmanager
def watching() -> Iterator[Progress]:
    """A live table on a terminal, JSON lines otherwise."""
    if not sys.stdout.isatty():
        yield JsonLines()
        return
    table = LiveTable()
    with Live(table, console=Console(), refresh_per_second=5):
        yield table


def show(result: Result, report: str) -> None:
    """The verdict: gates, areas, score, where the report is."""
    if not sys.stdout.isatty():
        JsonLines().emit(
            "result", status=result.status, practice=result.practice, low=result.score.low, high=result.score.high,
            coverage=result.score.coverage, headline=result.headline,
            areas={a.id: {"low": a.low, "high": a.high, "coverage": a.coverage, "band": a.band} for a in result.areas},
            quarantined=[q.id for q in result.quarantined], report=report,
        )  # fmt: skip
        return
    console = Console()
    console.print(_gates(result))
    console.print(_areas(result))
    console.print(_text(result.headline, "bold"))
    if result.practice:
        console.print(_text(f"no verdict: {words.PRACTICE}", "yellow"))
    for failure in result.failures[:5]:
        console.print(_text(f"{failure.stage}: {failure.culprit}: {failure.sentence}. {failure.mend}", "yellow"))
    for held in result.quarantined:
        console.print(_text(f"in quarantine since {held.since}, neither won nor lost: {held.id}: {held.reason}", "yellow"))
    for damage in result.integrity[:5]:
        console.print(_text(f"bundle: {damage}", "red"))
    console.print(_text(f"report: {report}"), soft_wrap=True)


def lost_points(result: Result) -> None:
    """Every check that lost points of the score, the dearest first: what was seen, and what to do about it.

    What was never judged is told once per reason: its remedy is that reason's.
    """
    lost, unjudged, refunds = losses.judged(result), losses.unjudged(result), losses.refunds(result)
    if not sys.stdout.isatty():
        lines = JsonLines()
        for reason, checks in unjudged:
            lines.emit("not_judged", checks=checks, reason=reason)
        for check in lost:
            lines.emit("lost", check=check.id, points=(check.max_bp - check.low_bp) / 100, observed=check.observed, remedy=check.remedy)
        return
    console = Console()
    for reason, checks in unjudged:
        console.print(_text(f"without points, as something else decided: {words.several(checks, 'check')}: {reason}", "bold"))
    for check in lost:
        console.print(Text.assemble((f"-{words.points(check.max_bp - check.low_bp)}  {check.area}/{check.id}: ", "bold"), _text(check.observed)))
        console.print(_text(f"      {check.remedy}", "dim"))
    for row in refunds:
        console.print(_text(f"+{words.interval(row.low_bp, row.high_bp)}  {row.text}", "bold"))
    nothing = not lost and not unjudged
    console.print(Text("no check lost a point" if nothing else "each check in full: the report, or `grader explain CHECK`"))


def _gates(result: Result) -> Table:
    table = Table.grid(padding=(0, 2))
    for gate in result.gates:
        colour = {"pass": "green", "fail": "red"}.get(gate.outcome, "yellow")
        table.add_row(_text(gate.outcome, colour), _text(gate.title), _text(gate.reason[:100], "dim"))
    return table


def _areas(result: Result) -> Table:
    title = _text(f"{result.challenge.title} ({words.mode(result)})")
    table = Table("area", "points", "low", "high", "measured", "band", title=title, title_justify="left")
    for area in result.areas:
        band = area.band if area.sufficient else "insufficient evidence"
        table.add_row(
            _text(area.title), words.weighs(area), words.percent(area.low), words.percent(area.high), words.percent(area.coverage), _text(band),
            style="" if area.counted_low or area.counted_high else "dim",
        )  # fmt: skip
    return table
