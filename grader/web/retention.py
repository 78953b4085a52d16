"""How long each class of data is kept: a table, applied by `grader retain`. Legal holds keep all that is a candidate's, whatever its age."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from auditlog.models import LogEntry
from django.db.models import QuerySet
from django.utils import timezone

from grader.jobs.publish import PACKED, folder
from grader.schema.causes import UsageError
from grader.web import erasure, seam
from grader.web.intake import tarball
from grader.web.models import OPEN, UPLOAD, Candidate, Delivery, Submission
from grader.web.trouble import RefusedError

MOST_DAYS = 36_500
"""A hundred years; a calendar ends somewhere."""


@dataclass(frozen=True)
class Due:
    """One thing whose time is over: how people know it, and how it is removed. Removing it again does no harm. `remove` is False where it
    was held, or wanted again, since it was found; then it stays."""

    name: str
    remove: Callable[[], bool]


@dataclass(frozen=True)
class DataClass:
    """One class of data. `due` gives what is older than a moment and not held; `after` says what nobody can do any more then."""

    says: str
    after: str
    due: Callable[[datetime], Iterator[Due]]


def retain(days: Mapping[str, int], *, apply: bool) -> Iterator[tuple[str, str]]:
    """Remove what is older than its class allows, or with `apply` false only find it; (class, name) of each, in the table's order.

    UsageError for a class that the table does not have, or a time below a day or above MOST_DAYS. UnavailableError when store or queue do
    not answer: what was removed by then stays removed, and the next call goes on from there.
    """
    for id, kept in days.items():
        if id not in CLASSES:
            raise UsageError(f"there is no class of data {id!r}; there are {', '.join(CLASSES)}")
        if not 1 <= kept <= MOST_DAYS:
            raise UsageError(f"{id}={kept}: at least one day, and at most {MOST_DAYS}; leave the class out to keep it for good")
    for id, data_class in CLASSES.items():
        if id in days:
            for due in data_class.due(timezone.now() - timedelta(days=days[id])):
                if not apply or due.remove():
                    yield id, due.name


def _archives(limit: datetime) -> Iterator[Due]:
    """An archive may have been handed in for several requisitions: it goes when the last of them has ended and none is held."""
    for origin in _ended(limit).filter(origin__startswith=UPLOAD).values_list("origin", flat=True).order_by("origin").distinct():
        users = Submission.objects.filter(origin=origin)
        digest = origin.removeprefix(UPLOAD)
        wanted = users.exclude(pk__in=_ended(limit)).exists
        if not wanted() and seam.store().has(tarball.key(digest)):
            yield Due(f"archive of {_names(users)}", partial(tarball.drop, digest, wanted))


def _evidence(limit: datetime) -> Iterator[Due]:
    """Not what an open submission is to judge anew."""
    wanted = Submission.objects.filter(state__in=OPEN).exclude(rescores="").values("rescores")
    rows = _ended(limit).exclude(job="").exclude(job__in=wanted)
    for row in rows.order_by("pk"):
        key = f"{folder(row.job)}/{PACKED}"
        if seam.store().has(key):
            yield Due(f"evidence of submission {row.pk}", partial(_remove, key, rows.filter(pk=row.pk).exists))


def _remove(key: str, still_due: Callable[[], bool]) -> bool:
    """Remove one object of the store, unless somebody came to need it while others were removed."""
    return still_due() and seam.store().remove(key) > 0


def _candidates(limit: datetime) -> Iterator[Due]:
    for person in erasure.overdue(limit):
        yield Due(person.pseudonym, partial(_erase, person, limit))


def _erase(person: Candidate, limit: datetime) -> bool:
    """One who was held, or handed in again, since they were found does not keep the others."""
    if not erasure.overdue(limit).filter(pk=person.pk).exists():
        return False
    try:
        erasure.erase(person, f"their time was over: nothing since {limit:%Y-%m-%d}", "retention")
    except RefusedError:
        return False
    return True


def _messages(limit: datetime) -> Iterator[Due]:
    """Told or given up, never one that is still to be delivered."""
    rows = Delivery.objects.filter(created__lte=limit, next_try=None, submission__candidate__legal_hold="")
    for row in rows.order_by("pk"):
        yield Due(f"message {row.pk}", partial(_delete, rows.filter(pk=row.pk)))


def _audit(limit: datetime) -> Iterator[Due]:
    """Entries are of people and settings, not of one candidate: while anybody is held, what was noted since they came stays too."""
    first_held = Candidate.objects.exclude(legal_hold="").order_by("created").values_list("created", flat=True).first()
    old = LogEntry.objects.filter(timestamp__lte=min(limit, first_held) if first_held else limit)
    if count := old.count():
        yield Due(f"{count} entries of the audit log", partial(_delete, old))


def _delete(rows: QuerySet[Any]) -> bool:
    return rows.delete()[0] > 0


def _ended(limit: datetime) -> QuerySet[Submission]:
    """Submissions that ended by then, of candidates whom nobody holds."""
    return Submission.objects.filter(ended__lte=limit, candidate__legal_hold="")


def _names(rows: QuerySet[Submission]) -> str:
    return ", ".join(f"submission {pk}" for pk in rows.order_by("pk").values_list("pk", flat=True))


CLASSES: Mapping[str, DataClass] = {
    "archives": DataClass("uploaded archives, since the last submission of them ended", "grade again: it must be handed in anew", _archives),
    "evidence": DataClass("measurements and logs, since the submission ended", "judge anew, and explain; report and result stay", _evidence),
    "messages": DataClass("webhook messages that were told or given up", "see what was sent", _messages),
    "candidates": DataClass(
        "all that is a candidate's, since their last submission in a closed requisition ended", "anything; a tombstone stays", _candidates
    ),
    "audit": DataClass("entries of the audit log", "see who changed what", _audit),
}
"""Class -> what it is. In this order they are applied: what goes with a candidate need not be looked at again after them."""
