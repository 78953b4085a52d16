"""`grader render DIR`."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.cli import options
from grader.run import score as run
from grader.run.layout import CANDIDATES
from reports.redact import for_candidate

Candidates = Annotated[bool, typer.Option("--for-candidate", help=f"the copy a candidate may have, in DIR/{CANDIDATES}: no interview plan, no seeds")]


def command(out: options.Folder, candidates: Candidates = False) -> None:
    """Render the reports of an existing result.json."""
    result = run.load(out)
    if candidates:
        result, out = for_candidate(result), options.writable(out / CANDIDATES)
    for path in run.render(result, out):
        print(path)
