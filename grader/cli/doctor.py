"""`grader doctor`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.cli.console import JsonLines
from grader.run.exits import Exit
from harness.doctor import Prerequisite, diagnose
from harness.mend import mend

NEEDED = ("engine", "base")
Mend = Annotated[bool, typer.Option("--mend", help="first mend what may be mended from here: start an engine, make the images")]


def command(mend_first: Mend = False) -> None:
    """Say what this machine lacks for grading, and how to mend it. Exit code 0 when all that is required is there, else 3."""
    lines = JsonLines()
    if mend_first:
        mend(NEEDED, Console().print if sys.stdout.isatty() else lambda text: lines.emit("mending", text=text))
    findings = diagnose()
    if sys.stdout.isatty():
        Console().print(_table(findings))
    else:
        for item in findings:
            lines.emit("prerequisite", **vars(item))
    raise typer.Exit(Exit.OK if all(item.ok or not item.required for item in findings) else Exit.TROUBLE)


def _table(findings: list[Prerequisite]) -> Table:
    table = Table("", "what", "found", "to mend", "needed for")
    for item in findings:
        mark, colour = ("ok", "green") if item.ok else ("missing", "red") if item.required else ("lacking", "yellow")
        table.add_row(Text(mark, style=colour), item.name, item.detail, "" if item.ok else item.mend, "" if item.ok else item.needed_for)
    return table
