"""`grader erase`: remove a candidate's data on request, or those whose time is over."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.schema.causes import Trouble, UsageError
from grader.web.boot import boot


def command(
    pseudonym: Annotated[str | None, typer.Argument(metavar="[C-XXXXXX]", help="whose data; or --older-than", show_default=False)] = None,
    reason: Annotated[str, typer.Option("--reason", help="kept in the tombstone", show_default=False)] = "",
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=1, metavar="DAYS", help="all of closed requisitions that ended before")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="with --older-than: do it; without, only say whom it concerns")] = False,
) -> None:
    """Erase candidates with all that says who they were. Legal holds and gradings under way are respected; a tombstone says why."""
    boot()
    from grader.web import erasure
    from grader.web.models import Candidate
    from grader.web.trouble import RefusedError, UnavailableError

    if (pseudonym is None) == (older_than is None):
        raise UsageError("name one pseudonym, or give --older-than DAYS")
    chosen = list(Candidate.objects.filter(pseudonym=pseudonym) if pseudonym else erasure.overdue(older_than or 0))
    if pseudonym and not chosen:
        raise UsageError(f"there is no candidate {pseudonym}")
    why = reason or (f"kept for {older_than} days, which are over" if older_than else "")
    for person in chosen:
        if not pseudonym and not apply:
            typer.echo(f"would erase {person.pseudonym}")
            continue
        try:
            erasure.erase(person, why, "console" if pseudonym else "retention")
        except RefusedError as error:
            raise UsageError(f"{person.pseudonym}: {error}") from None
        except UnavailableError as error:
            raise Trouble("internal_error", str(error)) from None
        typer.echo(f"erased {person.pseudonym}")
