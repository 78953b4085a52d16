"""`grader score DIR`."""

from __future__ import annotations

import typer

from grader.cli import options
from grader.cli.console import show
from grader.run import score as run
from grader.run.exits import exit_code


def command(out: options.Folder) -> None:
    """Score saved evidence: no Docker, network or clock; the same bundle gives the same bytes."""
    result = run.score(out)
    paths = run.render(result, out)
    show(result, str(paths[0]))
    raise typer.Exit(exit_code(result))
