"""Who may see and do what. Pages and API ask here and nowhere else.

An administrator sees everything. Others see the requisitions that they own or are members of, and what hangs below them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from grader.web.models import Candidate, Requisition, Submission, User


def requisitions(user: User) -> QuerySet[Requisition]:
    """The requisitions that `user` may know of."""
    if user.is_admin:
        return Requisition.objects.all()
    return Requisition.objects.filter(Q(owner=user) | Q(pk__in=user.requisitions.values("pk")))


def submissions(user: User) -> QuerySet[Submission]:
    """Submissions of those requisitions, with what lists show."""
    rows = Submission.objects.select_related("requisition", "candidate", "submitted_by")
    return rows if user.is_admin else rows.filter(requisition__in=requisitions(user))


def candidates(user: User) -> QuerySet[Candidate]:
    rows = Candidate.objects.select_related("requisition")
    return rows if user.is_admin else rows.filter(requisition__in=requisitions(user))


def find(rows: QuerySet[Any], pk: int) -> Any:
    """One of `rows`. What a person may not see does not exist for them: 404, not 403, so that numbers cannot be probed."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such thing, or it is not yours to see.")
    return found


def recruiter(user: User) -> None:
    """PermissionDenied unless `user` may hand in, record notices and share."""
    if not user.is_recruiter:
        raise PermissionDenied("This needs a recruiter or an administrator.")


def admin(user: User) -> None:
    if not user.is_admin:
        raise PermissionDenied("This needs an administrator.")


def blind(user: User, requisition: Requisition, session: Mapping[str, Any] | None = None) -> bool:
    """Whether names, repository owner and commit authors are hidden from `user`: always from the interviewers of a blind requisition,
    and from anybody who chose it for their session."""
    return bool((requisition.blind and not user.is_recruiter) or (session or {}).get("blind"))
