"""`grader challenge trust SLUG`: the page that says what a score is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.run.layout import write
from grader.run.settings import settings
from grader.trust.figures import read
from grader.trust.page import page


def command(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="see `grader challenge list`", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="write it there instead of printing it")] = None,
) -> None:
    """Make docs/trust.md from recorded figures: kill rate, repeatability, false blame, blind spots."""
    text = page(read(settings().challenges_root / slug))
    if out is None:
        print(text, end="")
    else:
        write(out, text)
