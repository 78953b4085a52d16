"""Keeps the service's rows and the queue in step: queues what may start, follows what runs, tells who wants to know when it ends.

Row and queue are two transactions, so every pass repairs what the last one could not finish. A pass changes nothing that is
settled; several processes may run it at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import date

from django.db import DatabaseError, close_old_connections
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from grader.web import audit, results, seam
from grader.web.hooks import deliver
from grader.web.models import Event, Notice, State, Submission
from grader.web.seam import Job, JobState, JobStatus, Priority, identity
from grader.web.trouble import UnavailableError

log = logging.getLogger("grader.web.keeper")
EVERY_S = 1.0
BATCH = 200
QUEUE_DOWN = "the queue, which does not answer; this is tried again by itself"
UNTOLD = "the queue, which may have it still and has not heard of its end; it is told again by itself"
"""What a row that was cancelled waits for, until the queue has answered."""


def run(stop: threading.Event) -> None:
    """Pass after pass until `stop` is set. A database or queue that goes away costs passes, never the keeper."""
    while not stop.wait(EVERY_S):
        close_old_connections()
        try:
            one_pass()
        except (DatabaseError, UnavailableError) as error:
            log.warning("a pass was cut short", extra={"facts": {"error": str(error)[:300]}})
        except Exception:
            log.exception("a pass failed")
    close_old_connections()


def one_pass() -> None:
    """Queue what waits, follow what is queued or runs."""
    for submission in ready(timezone.localdate())[:BATCH]:
        enqueue(submission)
    _tell_cancelled(Submission.objects.filter(state=State.CANCELLED).exclude(waiting_for="")[:BATCH])
    follow(Submission.objects.filter(state__in=(State.QUEUED, State.RUNNING)).order_by("pk"))


def ready(today: date) -> QuerySet[Submission]:
    """Waiting rows that may start, or do not say yet what they wait for. Those whose notice is missing are not looked at again and again."""
    latest = Notice.objects.filter(candidate=OuterRef("candidate")).order_by("-created", "-pk").values("earliest_assessment")[:1]
    waiting = Submission.objects.filter(state=State.WAITING).select_related("requisition", "candidate").annotate(day=Subquery(latest))
    return waiting.filter(Q(requisition__notice_due=False) | Q(day__lte=today) | Q(waiting_for="")).order_by("pk")


def holds_back(submission: Submission, today: date | None = None) -> str:
    """What a waiting submission waits for, or "" when it may be graded: a notice whose earliest day has come, unless none is due."""
    if not submission.requisition.notice_due:
        return ""
    notice = Notice.objects.filter(candidate_id=submission.candidate_id).first()
    if notice is None:
        return "a notice record: nothing says yet that the candidate was told"
    if notice.earliest_assessment > (today or timezone.localdate()):
        return f"{notice.earliest_assessment.isoformat()}, the earliest day that the candidate's notice names"
    return ""


def enqueue(submission: Submission) -> None:
    """Queue one waiting submission, or write down what it waits for. The key makes a second call harmless."""
    reason = holds_back(submission)
    job = ""
    if not reason:
        try:
            job = seam.queue().submit(_job(submission))
        except UnavailableError as error:
            reason = QUEUE_DOWN
            log.warning("not queued", extra={"facts": {"submission": submission.pk, "error": str(error)[:300]}})
    changed = {"job": job, "state": State.QUEUED, "waiting_for": ""} if job else {"waiting_for": reason}
    if Submission.objects.filter(pk=submission.pk, state=State.WAITING).update(**changed):
        for name, value in changed.items():
            setattr(submission, name, value)
    elif job:  # cancelled in this very moment
        Submission.objects.filter(pk=submission.pk, state=State.CANCELLED).update(job=job, waiting_for=UNTOLD)  # an erasure has to find it
        submission.refresh_from_db()
        if submission.state == State.CANCELLED:
            _tell_cancelled([submission])


def cancel(submission: Submission) -> bool:
    """End a submission that has not ended. False when it had. UnavailableError when the queue does not answer."""
    before = submission.get_state_display()
    done = _cancel_waiting(submission)
    if not done:
        submission.refresh_from_db()
        if submission.state not in (State.QUEUED, State.RUNNING):
            return False
        done = seam.queue().cancel(submission.job)
        follow([submission])
        done = done or _cancel_waiting(submission)  # the queue may not know it, and then it waits again
    if done:
        audit.noted(submission, "state", str(State.CANCELLED.label), before)
    return done


def put_first(submission: Submission) -> bool:
    """Let a submission that waits go before all others. False when it does not wait any more, or goes first already. UnavailableError when
    the queue does not answer.

    The queue is asked before the row is written: a row that says more than the queue did would not be offered again.
    """
    if not submission.can_go_first:
        return False
    if submission.job and not seam.queue().hasten(submission.job, Priority.HIGH):
        follow([submission])
        return False
    submission.priority = Priority.HIGH.value
    submission.save(update_fields=["priority"])
    if not submission.job:  # it may have been queued in this very moment, as what it was
        submission.refresh_from_db()
        if submission.job:
            seam.queue().hasten(submission.job, Priority.HIGH)
    return True


def _cancel_waiting(submission: Submission) -> bool:
    """The queue may have it all the same: its answer may have been lost, or whoever asked. The job's id follows from the row, so it is told."""
    job = identity(_job(submission), {})
    waiting = Submission.objects.filter(pk=submission.pk, state=State.WAITING)
    if not waiting.update(state=State.CANCELLED, ended=timezone.now(), job=job, waiting_for=UNTOLD):
        return False
    submission.refresh_from_db()
    _tell_cancelled([submission])
    return True


def _tell_cancelled(rows: Iterable[Submission]) -> None:
    """Have the queue end what these cancelled rows stand for. One that does not answer is told by a later pass."""
    for row in rows:
        try:
            seam.queue().cancel(row.job)
        except UnavailableError as error:
            log.warning("not told of a cancel", extra={"facts": {"submission": row.pk, "error": str(error)[:300]}})
            return
        Submission.objects.filter(pk=row.pk, state=State.CANCELLED).update(waiting_for="")
        row.waiting_for = ""


def follow(rows: Iterable[Submission]) -> None:
    """Take over what the queue says of these rows.

    A row gets its job's id once the queue has the job. One that the queue, which has answered, does not know was lost with it (an older
    copy was restored): it is queued anew, and where the job turns up after all, its key makes that harmless.
    """
    open_rows = [row for row in rows if row.job]
    if not open_rows:
        return
    said = seam.queue().status([row.job for row in open_rows])
    for row in open_rows:
        if row.job not in said:
            _wait_again(row)
            continue
        try:
            _take_over(row, said[row.job])
        except UnavailableError as error:  # the store is away; others may need nothing of it
            log.warning("not taken over", extra={"facts": {"submission": row.pk, "error": str(error)[:300]}})


def _wait_again(row: Submission) -> None:
    lost = Submission.objects.filter(pk=row.pk, job=row.job, state__in=(State.QUEUED, State.RUNNING))
    if lost.update(state=State.WAITING, job="", waiting_for=""):
        log.warning("unknown to the queue, so it is queued anew", extra={"facts": {"submission": row.pk, "job": row.job}})


def _take_over(row: Submission, status: JobStatus) -> None:
    if status.state is JobState.DONE:
        _end_done(row)
    elif status.state is JobState.FAILED:
        _end(row, State.FAILED, {"error": status.error}, Event.FAILED)
    elif status.state is JobState.CANCELLED:
        _end(row, State.CANCELLED, {}, None)
    elif status.state is JobState.RUNNING:
        Submission.objects.filter(pk=row.pk, state=State.QUEUED).update(state=State.RUNNING)


def _end_done(row: Submission) -> None:
    """A store that is away is asked again by the next pass; a result that is not there, or that nobody can read, ends it."""
    try:
        summary = results.summary(results.read(row.job))
    except results.UnreadableError as error:
        _end(row, State.FAILED, {"error": f"It was graded, but: {error}"}, Event.FAILED)
    else:
        _end(row, State.GRADED, summary, Event.GRADED)


def _end(row: Submission, state: State, facts: dict[str, object], event: Event | None) -> None:
    """Settle a row. Whoever comes second finds it settled; telling is unique per event, so a repeat is harmless."""
    if event is not None:
        deliver.note(row, event, state)
    Submission.objects.filter(pk=row.pk, state__in=(State.QUEUED, State.RUNNING)).update(state=state, ended=timezone.now(), **facts)
    log.info("ended", extra={"facts": {"submission": row.pk, "state": state.value}})


def _job(submission: Submission) -> Job:
    asked = submission.requisition
    return Job(
        key=f"submission {submission.pk} of {submission.created.isoformat()}", origin=submission.origin, challenge=asked.challenge, mode=asked.mode,
        attempt=submission.attempt, owner=str(submission.submitted_by_id), rescore=submission.rescores,
        priority=Priority(submission.priority),
    )  # fmt: skip
