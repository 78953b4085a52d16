"""`grader backup`: a copy of everything that the service keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.jobs.model import UnavailableError
from grader.schema.causes import Trouble
from grader.web import backup
from grader.web.config import service_settings


def command(folder: Annotated[Path, typer.Argument(metavar="DIR", help="a new folder", show_default=False)]) -> None:
    """Copy databases, results, archives and the secret key into a new folder. Nobody needs to stop for it."""
    try:
        count = backup.backup(service_settings(), folder)
    except UnavailableError as error:
        raise Trouble("not_permitted", str(error)) from None
    typer.echo(f"{count} files in {folder}. It holds names, results and the secret key: keep it as safe as the service.")
