"""`grader challenge golden SLUG`: recorded evidence against the verdicts that are written down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.golden import baseline
from grader.golden.archive import golden
from grader.run.exits import Exit
from grader.run.settings import settings
from grader.schema.causes import UsageError

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="see `grader challenge list`", show_default=False)]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="NAME", help="only this bundle (repeatable)", show_default=False)]
Write = Annotated[bool, typer.Option("--write", help="make today's verdicts the golden ones")]
Pack = Annotated[
    Path | None, typer.Option("--pack", metavar="FOLDER", help="make golden bundles of the output folders in here", show_default=False)
]


def command(slug: Slug, only: Only = None, write: Write = False, pack: Pack = None) -> None:
    """Score recorded bundles again and show which verdicts moved, check by check. Needs no Docker. Exit code 3 when any did."""
    challenge, names = settings().challenges_root / slug, only or []
    if not (challenge / "challenge.toml").is_file():
        raise UsageError(f"no challenge {slug!r}: see `grader challenge list`")
    if pack is not None:
        for path in baseline.packed(challenge, pack, names):
            print(f"{path.name}  {path.stat().st_size / 1024:.0f} KiB")
    elif write:
        for difference in baseline.compared(challenge, names):
            print(difference.says)
        baseline.written(challenge, names)
    else:
        differences = baseline.compared(challenge, names)
        for difference in differences:
            print(difference)
        if not differences:
            print(f"no verdict moved: {', '.join(names or golden(challenge))}")
        raise typer.Exit(Exit.TROUBLE if differences else Exit.OK)
