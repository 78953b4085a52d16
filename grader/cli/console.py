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
            "result", status=result.status, low=result.score.low, high=result.score.high, coverage=result.score.coverage, headline=result.headline,
            areas={a.id: {"low": a.low, "high": a.high, "coverage": a.coverage, "band": a.band} for a in result.areas},
            quarantined=[q.id for q in result.quarantined], report=report,
        )  # fmt: skip
        return
    console = Console()
    console.print(_gates(result))
    console.print(_areas(result))
    console.print(_text(result.headline, "bold"))
    for failure in result.failures[:5]:
        console.print(_text(f"{failure.stage}: {failure.culprit}: {failure.sentence}. {failure.mend}", "yellow"))
    for held in result.quarantined:
        console.print(_text(f"in quarantine since {held.since}, neither won nor lost: {held.id}: {held.reason}", "yellow"))
    for damage in result.integrity[:5]:
        console.print(_text(f"bundle: {damage}", "red"))
    console.print(_text(f"report: {report}"), soft_wrap=True)


def lost_points(result: Result) -> None:
    """Every check that lost points, the dearest first: what was seen, and what to do about it."""
    lost = sorted((check for check in result.checks if check.high_bp < check.max_bp), key=lambda check: check.high_bp - check.max_bp)
    if not sys.stdout.isatty():
        for check in lost:
            JsonLines().emit("lost", check=check.id, points=(check.max_bp - check.high_bp) / 100, observed=check.observed, remedy=check.remedy)
        return
    console = Console()
    for check in lost:
        console.print(Text.assemble((f"-{(check.max_bp - check.high_bp) / 100:.1f}  {check.area}/{check.id}: ", "bold"), check.observed))
        console.print(Text(f"      {check.remedy}", style="dim"))
    console.print(Text("no check lost a point" if not lost else "each check in full: the report, or `grader explain CHECK`"))


def _gates(result: Result) -> Table:
    table = Table.grid(padding=(0, 2))
    for gate in result.gates:
        colour = {"pass": "green", "fail": "red"}.get(gate.outcome, "yellow")
        table.add_row(_text(gate.outcome, colour), _text(gate.title), _text(gate.reason[:100], "dim"))
    return table


def _areas(result: Result) -> Table:
    title = _text(f"{result.challenge.title} ({result.mode} mode)")
    table = Table("area", "points", "low", "high", "measured", "band", title=title, title_justify="left")
    for area in result.areas:
        counted = area.counted_low or area.counted_high
        points = f"{area.points}" if area.kind == "core" else f"{area.points} (best module)" if counted else "- (not counted)"
        table.add_row(
            _text(area.title), points, f"{area.low / 100:.0f} %", f"{area.high / 100:.0f} %", f"{area.coverage / 100:.0f} %", _text(area.band),
            style="" if counted else "dim",
        )  # fmt: skip
    return table
