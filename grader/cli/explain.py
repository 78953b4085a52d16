"""`grader explain CHECK`: everything the rubric says about a check."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import grader.rubric
from grader.judge.evaluate import fill
from grader.schema.causes import UsageError
from grader.schema.rubric import CheckRule


def command(check: Annotated[str, typer.Argument(help="check id as printed in a report, e.g. sigterm_drain", show_default=False)]) -> None:
    """Explain a check: what it measures, its ladder, why it matters, how to mend it."""
    rubric = grader.rubric.load()
    rules = {id: (area.title, rule) for area in rubric.areas.values() for id, rule in area.checks.items()}
    if check not in rules:
        near = difflib.get_close_matches(check, rules, n=3)
        advice = f"did you mean {', '.join(near)}?" if near else f"ids stand in the ledger of a report, and all {len(rules)} in grader/rubric/*.toml"
        raise UsageError(f"no check {check!r}; {advice}")
    _print(check, *rules[check])
    if check in rubric.quarantine:
        Console().print(Text(f"not relied on for now: {rubric.quarantine[check].sentence}", style="yellow"))


def _print(id: str, area: str, rule: CheckRule) -> None:
    console = Console()
    console.print(f"[bold]{rule.title}[/bold]  ({id}, {area}, weight {rule.weight})")
    console.print(rule.why)
    table = Table("credit", "when")
    for level in rule.ladder.values():
        table.add_row(f"{level.credit / 100:g} %", fill(level.means, rule.bars))
    console.print(table)
    console.print(f"stands on a valid prediction: {'yes' if rule.behaviour else 'no'}; needs: {', '.join(rule.needs) or 'nothing beyond boot'}")
    console.print(f"to mend: {rule.remedy} ({rule.effort})")
