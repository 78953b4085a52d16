"""Records that a candidate was told: checked, kept, and taken up by whatever waited for them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import transaction
from django.utils import timezone

from grader.web import keeper
from grader.web.models import Candidate, Notice, State, User
from grader.web.presence import present
from grader.web.trouble import RefusedError

FIRST_YEAR = 2000
"""Earlier than that nobody was told anything; the first days of year 1 cannot even be brought to UTC."""


def record_notice(user: User, candidate: Candidate, version: str, sent_at: datetime, earliest_assessment: date) -> Notice:
    """Add one notice, and queue what waited for it. RefusedError for a time without its zone, in the future, or after the earliest day;
    Http404 when the candidate was erased meanwhile."""
    if not version.strip():
        raise RefusedError("Say which version of the notice text was sent.", field="version")
    if timezone.is_naive(sent_at):
        raise RefusedError("Say in which time zone that is, e.g. 2026-03-01T09:30:00Z.", field="sent_at")
    if sent_at > timezone.now():
        raise RefusedError("This is in the future; record a notice once it has been sent.", field="sent_at")
    if sent_at.year < FIRST_YEAR:
        raise RefusedError(f"This is before {FIRST_YEAR}; say when the notice was sent.", field="sent_at")
    if earliest_assessment < sent_at.astimezone(UTC).date():
        raise RefusedError("This is before the notice was sent.", field="earliest_assessment")
    with transaction.atomic():
        notice = Notice.objects.create(
            candidate=present(candidate.pk), version=version.strip(), sent_at=sent_at, earliest_assessment=earliest_assessment, recorded_by=user
        )
    for waiting in candidate.submissions.filter(state=State.WAITING).select_related("requisition", "candidate"):
        keeper.enqueue(waiting)
    return notice
