"""`grader restore`: the service from a copy that `grader backup` made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.jobs.model import UnavailableError
from grader.schema.causes import Trouble
from grader.web import backup
from grader.web.config import service_settings


def command(folder: Annotated[Path, typer.Argument(metavar="DIR", help="what `grader backup` wrote", show_default=False)]) -> None:
    """Bring an empty service to what a copy holds. Every file is verified first; gradings that were under way are begun again."""
    try:
        count = backup.restore(service_settings(), folder)
    except UnavailableError as error:
        raise Trouble("not_permitted", str(error)) from None
    typer.echo(f"{count} files restored. Start `grader serve`.")
