"""How a candidate and a repository are named to the one who reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from grader.web import policy
from grader.web.models import Candidate, Submission, User


@dataclass(frozen=True)
class Named:
    """`who` and `source` as this reader may see them; `hidden` says that they are pseudonyms."""

    who: str
    source: str
    hidden: bool


def named(submission: Submission, user: User, session: Mapping[str, Any] | None) -> Named:
    """The names of a submission for this reader."""
    hidden = policy.blind(user, submission.requisition, session)
    if hidden:
        return Named(submission.candidate.pseudonym, "hidden: this view is blind", True)
    return Named(submission.candidate.shown, submission.brief, False)


def candidate(person: Candidate, request: HttpRequest) -> str:
    return person.pseudonym if policy.blind(user_of(request), person.requisition, request.session) else person.shown


def user_of(request: HttpRequest) -> User:
    """The signed-in person; pages are behind login_required, so there is one."""
    assert isinstance(request.user, User)
    return request.user
