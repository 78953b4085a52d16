"""`grader erase`: remove a candidate's data on request. Those whose time is over: `grader retain`."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.schema.causes import UsageError
from grader.web.commands.console import console


def command(
    pseudonym: Annotated[str, typer.Argument(metavar="C-XXXXXX", help="whose data", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="kept in the tombstone", show_default=False)],
) -> None:
    """Erase a candidate with all that says who it was. A legal hold and gradings under way are respected; a tombstone says why."""
    with console():
        from grader.web import erasure
        from grader.web.models import Candidate
        from grader.web.trouble import RefusedError

        person = Candidate.objects.filter(pseudonym=pseudonym).first()
        if person is None:
            raise UsageError(f"there is no candidate {pseudonym}")
        more = erasure.elsewhere(person)
        try:
            erasure.erase(person, reason, "console")
        except RefusedError as error:
            raise UsageError(f"{pseudonym}: {error}") from None
    typer.echo(f"erased {pseudonym}{'. ' if more else ''}{more}")
