"""`grader impact`: selection by pseudonym as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.run.layout import write
from grader.schema.causes import UsageError
from grader.web.commands.console import console


def command(
    requisition: Annotated[int | None, typer.Option("--requisition", "-r", help="number of one requisition; all without it")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="write here instead of to standard output")] = None,
) -> None:
    """Export who was selected, by pseudonym, to be joined with demographics held elsewhere. Holds no name and no score."""
    with console():
        from grader.web import impact
        from grader.web.models import Requisition

        chosen = Requisition.objects.filter(pk=requisition).first() if requisition is not None else None
        if requisition is not None and chosen is None:
            raise UsageError(f"there is no requisition {requisition}")
        text = impact.export(chosen)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write(out, text)
