"""`grader retain`: remove what has been kept for long enough, each class of data by its own time."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.schema.causes import UsageError
from grader.web.commands.console import console


def command(
    times: Annotated[list[str], typer.Argument(metavar="CLASS=DAYS...", help="archives, evidence, messages, candidates, audit", show_default=False)],
    apply: Annotated[bool, typer.Option("--apply", help="remove it; without, only say what would go")] = False,
) -> None:
    """Remove data whose time is over: `grader retain archives=90 evidence=365 candidates=730 --apply`, once a day. Legal holds are respected."""
    with console():
        from grader.web import retention

        for id, name in retention.retain(_days(times), apply=apply):
            typer.echo(f"{'removed' if apply else 'would remove'} {id}: {name}")


def _days(times: list[str]) -> dict[str, int]:
    days = {}
    for text in times:
        id, _, kept = text.partition("=")
        if not kept.isdecimal():
            raise UsageError(f"{text!r} does not read CLASS=DAYS, e.g. evidence=365")
        days[id] = int(kept)
    return days
