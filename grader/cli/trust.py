"""`grader challenge trust SLUG`: the page that says what a score is worth."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.run.layout import write
from grader.run.settings import settings
from grader.trust.figures import read
from grader.trust.page import page
from grader.validation.cache import measuring_digest, scanning_digest


def command(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="see `grader challenge list`", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="write it there instead of printing it")] = None,
) -> None:
    """Make docs/trust.md from recorded figures: kill rate, repeatability, false blame, blind spots."""
    figures = read(settings().challenges_root / slug)
    taken = figures.validation
    if (taken.measuring_digest, taken.scanning_digest) != (measuring_digest(), scanning_digest()):
        print("these figures were taken by other code than today's: `grader challenge validate` takes them anew", file=sys.stderr)
    text = page(figures)
    if out is None:
        print(text, end="")
    else:
        write(out, text)
