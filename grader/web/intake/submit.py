"""Handing in: the one way by which a submission comes to be, whether from a page, a table, an archive or the API."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from grader.jobs import Priority
from grader.schema.causes import UsageError
from grader.web import catalogue, keeper
from grader.web.intake.address import Resolver, admitted, spellings
from grader.web.models import LONGEST_ORIGIN, OPEN, UPLOAD, Candidate, Requisition, State, Submission, User
from grader.web.plain import strange
from grader.web.presence import present
from grader.web.trouble import RefusedError


@dataclass(frozen=True)
class Entry:
    """What somebody hands in. `url` as typed, or `archive`: the digest of one that was looked through and kept, its file's name in `label`."""

    url: str
    name: str = ""
    email: str = ""
    reference: str = ""
    label: str = ""
    archive: str = ""


def hand_in(user: User, requisition: Requisition, entry: Entry) -> Submission:
    """Check, keep and queue one submission. RefusedError says what is wrong with it; a queue that is down leaves it waiting."""
    open_for_entries(requisition)
    origin = checked(requisition, entry, Resolver())
    with transaction.atomic():
        submission = keep(user, locked(requisition), entry, origin)
    keeper.enqueue(submission)
    return submission


def grade_again(user: User, submission: Submission) -> Submission:
    """Another attempt of the same origin, on purpose: other hidden streams are drawn. RefusedError while one of it is under way."""
    again = another(user, submission)
    keeper.enqueue(again)
    return again


def judge_anew(user: User, submission: Submission) -> Submission:
    """The same evidence by today's rubric, as an attempt of its own; nothing is measured. RefusedError while one of it is under way."""
    if not submission.graded:
        raise RefusedError("There is no evidence to judge anew.", existing=submission.pk)
    again = another(user, submission, rescores=submission.job)
    keeper.enqueue(again)
    return again


def another(user: User, submission: Submission, rescores: str = "") -> Submission:
    """Write the next attempt of a submission's origin, to be queued by the caller. One at a time: whoever presses twice asked for one."""
    open_for_entries(submission.requisition)
    with transaction.atomic():
        asked = locked(submission.requisition)
        candidate = present(submission.candidate_id)
        attempts = Submission.objects.filter(requisition=asked, origin=submission.origin)
        under_way = attempts.filter(state__in=OPEN).order_by("pk").first()
        if under_way is not None:
            raise RefusedError(f"Submission {under_way.pk} of the same is still under way; cancel it first.", existing=under_way.pk)
        last = attempts.order_by("-attempt").first() or submission
        again = Submission(
            requisition=asked, candidate=candidate, origin=submission.origin, label=submission.label, attempt=last.attempt + 1,
            submitted_by=user, rescores=rescores,
        )  # fmt: skip
        _save(again)
    return again


def locked(requisition: Requisition) -> Requisition:
    """The requisition as it is now, and stays until this transaction ends. Whoever checks, and then writes, does both under this lock: it may
    be closed, or its mode changed, while a name server is asked. RefusedError as in `open_for_entries`."""
    fresh = Requisition.objects.select_for_update(no_key=True).get(pk=requisition.pk)  # an erasure's tombstone may still name it
    open_for_entries(fresh)
    return fresh


def open_for_entries(requisition: Requisition) -> None:
    """RefusedError when the requisition takes nothing, or its challenge or mode is not installed here any more."""
    if requisition.closed:
        raise RefusedError("This requisition is closed.", field="requisition")
    try:
        modes = catalogue.challenge(requisition.challenge).modes
    except UsageError as error:
        raise RefusedError(f"The requisition's challenge cannot be used: {error}", field="challenge") from None
    if requisition.mode not in modes:
        raise RefusedError(f"Challenge {requisition.challenge} has no mode {requisition.mode!r}; it has {', '.join(modes)}.", field="mode")


def checked(requisition: Requisition, entry: Entry, resolver: Resolver) -> str:
    """The entry's origin: its URL as it will be cloned, or `upload:<sha256>`. RefusedError for an unusable URL or e-mail, or a repeat.

    What somebody typed is always judged as a URL: nobody names another's archive, or anything else of the store, by typing it.
    """
    if entry.email:
        try:
            validate_email(entry.email)
        except ValidationError:
            raise RefusedError(f"{entry.email[:80]!r} is not an e-mail address.", field="email") from None
    for field, most in (("name", 120), ("email", 254), ("reference", 80)):
        if len(getattr(entry, field)) > most:
            raise RefusedError(f"The {field} has more than {most} characters.", field=field)
        if found := strange(getattr(entry, field).strip()):
            raise RefusedError(f"The {field} holds a character that is not seen ({found}): type it anew.", field=field)
    origin = f"{UPLOAD}{entry.archive}" if entry.archive else admitted(entry.url, resolver)
    if len(origin) > LONGEST_ORIGIN:  # a host in other letters than ASCII is longer as it is cloned
        raise RefusedError("The URL is too long.", field="url")
    refuse_repeat(requisition, origin)
    return origin


def refuse_repeat(requisition: Requisition, origin: str) -> None:
    """RefusedError with the earlier submission, if this requisition has one of the same origin."""
    earlier = Submission.objects.filter(requisition=requisition, origin__in=_same(origin)).order_by("pk").first()
    if earlier is not None:
        raise RefusedError(
            f"This was handed in already, as submission {earlier.pk}. To grade it once more, use “Grade again” there.",
            field="url",
            existing=earlier.pk,
        )


def keep(user: User, requisition: Requisition, entry: Entry, origin: str, priority: Priority = Priority.NORMAL) -> Submission:
    """Write a checked entry of a `locked` requisition. The candidate is the known one of the same e-mail or reference, else a new one.
    RefusedError when somebody has handed in the same since it was checked."""
    refuse_repeat(requisition, origin)
    with transaction.atomic():
        submission = Submission(
            requisition=requisition, candidate=_candidate(requisition, entry), origin=origin, label=entry.label, submitted_by=user,
            priority=priority.value,
        )  # fmt: skip
        _save(submission)
        Requisition.objects.filter(pk=requisition.pk, frozen_at=None).update(frozen_at=timezone.now())
    return submission


def _save(submission: Submission) -> None:
    submission.state = State.WAITING
    try:
        submission.save()
    except IntegrityError:  # somebody else handed in the same in this very moment
        raise RefusedError("This was handed in already.", field="url") from None


def _candidate(requisition: Requisition, entry: Entry) -> Candidate:
    known, name, email, reference = None, entry.name.strip(), entry.email.strip(), entry.reference.strip()
    people = Candidate.objects.select_for_update(no_key=True).filter(requisition=requisition)  # an erasure that has begun is waited for
    if email:
        known = people.filter(email__iexact=email).first()
    elif reference:
        known = people.filter(reference=reference).first()
    return known or Candidate.objects.create(requisition=requisition, name=name, email=email, reference=reference)


def _same(origin: str) -> list[str]:
    return [origin] if origin.startswith(UPLOAD) else spellings(origin)
