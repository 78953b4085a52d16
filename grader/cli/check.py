"""`grader check .`: what a candidate runs before handing in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import challenges.loader
from grader.cli import options
from grader.cli.console import lost_points, show, watching
from grader.run.exits import exit_code
from grader.run.grade import grade
from grader.run.request import request
from grader.run.settings import settings
from grader.schema.causes import UsageError
from reports.redact import for_candidate

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="your repository", exists=True, file_okay=False)]
Slug = Annotated[str | None, typer.Option("--challenge", "-c", help="challenge slug; not needed where one is installed", show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="output folder, not in DIR [default: DIR-check beside it]")]


def command(folder: Folder = Path(), challenge: Slug = None, out: Out = None) -> None:
    """Check your own submission before you hand it in: the challenge's smallest mode, the same engine and limits; nothing is sent anywhere.

    In a git repository the last commit is checked. The report is the candidate's copy: without the interviewer's plan, and without seeds.
    """
    repository = folder.resolve()
    place = (out or repository.with_name(f"{repository.name}-check")).resolve()
    if place == repository or repository in place.parents:
        raise UsageError(f"{place} lies in the repository and would be graded with it next time: choose a folder outside with -o")
    slug = challenge or _only_one()
    smallest = challenges.loader.load(slug, settings().challenges_root).spec.smallest
    asked = request(str(repository), slug, smallest, 1, None, None)
    options.writable(place)
    with watching() as progress:
        result = grade(asked, place, progress, view=for_candidate)
    show(result, str(place / "report.html"))
    lost_points(result)
    raise typer.Exit(exit_code(result))


def _only_one() -> str:
    installed = challenges.loader.available(settings().challenges_root)
    if len(installed) != 1:
        raise UsageError(f"say which challenge it is for with -c: {', '.join(installed) or 'none is installed'}")
    return installed[0]
