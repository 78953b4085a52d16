"""Erasing a candidate: on request, or because their time is over. Everything that says who it was goes; a tombstone says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from auditlog.context import disable_auditlog
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, QuerySet

from grader.web import results, seam
from grader.web.intake import tarball
from grader.web.models import UPLOAD, Candidate, Contest, Decision, Delivery, Notice, ResultView, ShareLink, Submission, Tombstone
from grader.web.trouble import RefusedError
from reports import redact


def erase(candidate: Candidate, reason: str, by: str) -> Tombstone:
    """Remove a candidate with all submissions, results, archives, decisions, notices, links, and what the audit log says of them. The reason
    stays, without their names, should it hold any.

    RefusedError under a legal hold, while something is under way, without a reason, or when they are gone already. The candidate's row is
    read anew and locked first: a hold comes before all of this, or finds nobody. Artifacts go before rows, so that calling it again
    finishes what was cut short. UnavailableError when queue or store do not answer; then the rows are all there still.
    """
    if not reason.strip():
        raise RefusedError("Say why the data are erased.", field="reason")
    with transaction.atomic():
        locked = Candidate.objects.select_for_update().filter(pk=candidate.pk).first()
        if locked is None:
            raise RefusedError("These data were erased already.")
        rows = _ended_rows(locked)
        reason = _without_names(reason.strip(), locked, rows)
        _remove_artifacts(locked, rows)
        stone = Tombstone.objects.create(
            requisition=locked.requisition, pseudonym=locked.pseudonym, submissions=len(rows), reason=reason[:400], by=by
        )
        with disable_auditlog():  # entries of what goes would keep what it said; the one of the tombstone stays
            for records in _records(locked, rows):
                _forget_in_log(records)
                QuerySet(records.model, using=records.db).filter(pk__in=[record.pk for record in records]).delete()
    results.forget_rendered()
    return stone


def elsewhere(candidate: Candidate) -> str:
    """Where else the same e-mail address stands, in words for whoever erases, or "". A candidate is a person under one requisition: what was
    asked for may concern more than one of them."""
    others = Candidate.objects.filter(email__iexact=candidate.email).exclude(pk=candidate.pk).select_related("requisition").order_by("pk")
    found = [f"{other.pseudonym} (“{other.requisition.title}”)" for other in others] if candidate.email else []
    return f"The same e-mail address stands under {', '.join(found)} too, which was not erased." if found else ""


def overdue(limit: datetime) -> QuerySet[Candidate]:
    """Candidates of closed requisitions without a legal hold whose last submission had ended by then."""
    kept = Submission.objects.filter(ended__gt=limit).values("candidate")
    still_open = Submission.objects.filter(ended=None).values("candidate")
    rows = Candidate.objects.filter(requisition__closed=True, legal_hold="", created__lte=limit)
    return rows.exclude(pk__in=kept).exclude(pk__in=still_open).order_by("pk")


def _ended_rows(candidate: Candidate) -> list[Submission]:
    """A candidate's submissions, when nothing keeps them; else RefusedError."""
    if candidate.legal_hold:
        raise RefusedError(f"A legal hold keeps these data: {candidate.legal_hold}")
    rows = list(candidate.submissions.all())
    if any(row.is_open for row in rows):
        raise RefusedError("A submission of this candidate is still under way; cancel it first.")
    jobs = seam.queue().status([row.job for row in rows if row.job])
    if any(not status.state.ended for status in jobs.values()):  # it was cancelled, and the queue or a worker has still to end it
        raise RefusedError("A submission of this candidate was cancelled and is still being ended; try again in a minute.")
    return rows


def _without_names(reason: str, candidate: Candidate, rows: list[Submission]) -> str:
    """Read before anything goes, since commit authors stand in the store."""
    names = results.names_of(candidate)
    for row in rows:
        with suppress(results.UnreadableError):
            names += results.names(row)
    return redact.hide(reason, names)


def _remove_artifacts(candidate: Candidate, rows: list[Submission]) -> None:
    """What the store holds of them: results, and archives that nobody else handed in."""
    seam.queue().forget([row.job for row in rows if row.job])
    for row in rows:
        if row.uploaded and not Submission.objects.filter(origin=row.origin).exclude(candidate=candidate).exists():
            seam.store().remove(tarball.key(row.origin.removeprefix(UPLOAD)))


def _records(candidate: Candidate, rows: list[Submission]) -> Iterator[QuerySet[Model]]:
    """What hangs on a candidate, leaves first."""
    for model in (Delivery, Contest, ShareLink, ResultView, Decision):
        yield model.objects.filter(submission__in=rows)
    yield Notice.objects.filter(candidate=candidate)
    yield Submission.objects.filter(candidate=candidate)
    yield Candidate.objects.filter(pk=candidate.pk)


def _forget_in_log(records: QuerySet[Model]) -> None:
    """The audit log holds old values, names among them."""
    kind = ContentType.objects.get_for_model(records.model)
    LogEntry.objects.filter(content_type=kind, object_pk__in=[str(record.pk) for record in records]).delete()
