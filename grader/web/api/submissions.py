"""Submissions by API."""

from __future__ import annotations

from typing import IO, Annotated, Any, cast

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Router, Status
from ninja.files import UploadedFile
from pydantic import Field

from grader.web import keeper, policy, results
from grader.web.api import schemas
from grader.web.api.auth import scoped
from grader.web.decisions import decide, visible
from grader.web.intake.submit import Entry, grade_again, hand_in, judge_anew
from grader.web.intake.table import READ_BYTES, hand_in_table
from grader.web.intake.tarball import hand_in_archive
from grader.web.models import Requisition, Scope, State, Submission
from grader.web.notices import record_notice
from grader.web.pages.person import user_of
from grader.web.pages.progress import live_view
from grader.web.pages.submissions import seen
from grader.web.trouble import RefusedError

router = Router()
READ, SUBMIT, DECIDE, MANAGE = (scoped(scope) for scope in (Scope.READ, Scope.SUBMIT, Scope.DECIDE, Scope.MANAGE))
MOST = 200
"""Rows of one answer."""
FURTHEST = 1_000_000
"""Rows that may be passed over."""
ERRORS: dict[int, Any] = dict.fromkeys((401, 403, 404, 405, 409, 413, 422, 503), schemas.Problem)


@router.get("", auth=READ, response={200: schemas.Page} | ERRORS, summary="List submissions, newest first")
def index(
    request: HttpRequest,
    requisition: schemas.Key | None = None,
    state: State | None = None,
    offset: Annotated[int, Field(ge=0, le=FURTHEST)] = 0,
    limit: int = 50,
) -> Any:
    rows = policy.submissions(user_of(request))
    if requisition is not None:
        rows = rows.filter(requisition=requisition)
    if state is not None:
        rows = rows.filter(state=state)
    limit = min(max(1, limit), MOST)
    return schemas.Page(count=rows.count(), items=[schemas.submission(row, user_of(request)) for row in rows[offset : offset + limit]])


@router.post("", auth=SUBMIT, response={201: schemas.SubmissionOut} | ERRORS, summary="Hand in one repository by URL")
def create(request: HttpRequest, payload: schemas.SubmissionIn) -> Any:
    policy.recruiter(user_of(request))
    requisition = _requisition(request, payload.requisition)
    row = hand_in(user_of(request), requisition, Entry(payload.url, payload.name, payload.email, payload.reference))
    return Status(201, schemas.submission(row, user_of(request)))


@router.post("/table", auth=SUBMIT, response={200: schemas.TableOut} | ERRORS, summary="Hand in a CSV table; good rows come in, bad ones are named")
def create_table(request: HttpRequest, requisition: Form[schemas.Key], table: File[UploadedFile]) -> Any:
    policy.recruiter(user_of(request))
    outcome = hand_in_table(user_of(request), _requisition(request, requisition), table.read(READ_BYTES))
    bad = [schemas.BadRow(line=row.line, shown=row.shown, reason=row.reason) for row in outcome.bad]
    return schemas.TableOut(accepted=[row.pk for row in outcome.accepted], bad=bad)


@router.post("/archive", auth=SUBMIT, response={201: schemas.SubmissionOut} | ERRORS, summary="Hand in a tar archive")
def create_archive(
    request: HttpRequest,
    requisition: Form[schemas.Key],
    archive: File[UploadedFile],
    name: Form[str] = "",
    email: Form[str] = "",
    reference: Form[str] = "",
) -> Any:
    policy.recruiter(user_of(request))
    about = Entry("", name, email, reference)
    row = hand_in_archive(
        user_of(request), _requisition(request, requisition), cast("IO[bytes]", archive.file), archive.name or "", archive.size or 0, about
    )
    return Status(201, schemas.submission(row, user_of(request)))


@router.get("/{pk}", auth=READ, response={200: schemas.SubmissionOut} | ERRORS, summary="One submission")
def one(request: HttpRequest, pk: int) -> Any:
    return schemas.submission(_find(request, pk), user_of(request))


@router.get("/{pk}/progress", auth=READ, response={200: schemas.Progress} | ERRORS, summary="Its stages and place in the queue")
def progress(request: HttpRequest, pk: int) -> Any:
    row = _find(request, pk)
    seen_now = live_view(row, user_of(request), None)
    stages = [schemas.Stage(stage=s.stage, state=s.state, seconds=s.seconds, note=s.note) for s in seen_now.stages]
    return schemas.Progress(state=row.state, position=seen_now.position, expected_wait_s=seen_now.wait_s, trouble=seen_now.trouble, stages=stages)


@router.get("/{pk}/result", auth=READ, response={200: dict[str, Any]} | ERRORS, summary="Its result.json; from then on you have seen the score")
def result(request: HttpRequest, pk: int) -> Any:
    row = _find(request, pk)
    if not row.graded:
        raise RefusedError("It has no result yet." if row.is_open else "It has no result.")
    seen(row, user_of(request))
    body = results.shown(row, blind=policy.blind(user_of(request), row.requisition)).model_dump_json()
    return HttpResponse(body, content_type="application/json")


@router.post("/{pk}/cancel", auth=SUBMIT, response={200: schemas.SubmissionOut} | ERRORS, summary="End it if it has not ended")
def cancel(request: HttpRequest, pk: int) -> Any:
    policy.recruiter(user_of(request))
    row = _find(request, pk)
    keeper.cancel(row)
    return schemas.submission(_find(request, pk), user_of(request))


@router.post("/{pk}/first", auth=MANAGE, response={200: schemas.SubmissionOut} | ERRORS, summary="Grade it before all others (administrators)")
def first(request: HttpRequest, pk: int) -> Any:
    policy.admin(user_of(request))
    if not keeper.put_first(_find(request, pk)):
        raise RefusedError("It does not wait any more, or goes first already.")
    return schemas.submission(_find(request, pk), user_of(request))


@router.post("/{pk}/again", auth=SUBMIT, response={201: schemas.SubmissionOut} | ERRORS, summary="Grade it once more, on purpose")
def again(request: HttpRequest, pk: int) -> Any:
    policy.recruiter(user_of(request))
    return Status(201, schemas.submission(grade_again(user_of(request), _find(request, pk)), user_of(request)))


@router.post("/{pk}/judge-anew", auth=SUBMIT, response={201: schemas.SubmissionOut} | ERRORS, summary="Judge its evidence by today's rubric")
def anew(request: HttpRequest, pk: int) -> Any:
    policy.recruiter(user_of(request))
    return Status(201, schemas.submission(judge_anew(user_of(request), _find(request, pk)), user_of(request)))


@router.post("/{pk}/notice", auth=MANAGE, response={201: schemas.SubmissionOut} | ERRORS, summary="Record that its candidate was given notice")
def notice(request: HttpRequest, pk: int, payload: schemas.NoticeIn) -> Any:
    policy.recruiter(user_of(request))
    row = _find(request, pk)
    record_notice(user_of(request), row.candidate, payload.version, payload.sent_at, payload.earliest_assessment)
    return Status(201, schemas.submission(_find(request, pk), user_of(request)))


@router.get("/{pk}/decisions", auth=READ, response={200: list[schemas.DecisionOut]} | ERRORS, summary="What people decided about it")
def decisions(request: HttpRequest, pk: int) -> Any:
    """Where the requisition asks for independent decisions, those of others come once yours is kept."""
    submission = _find(request, pk)
    found = [schemas.decision(row) for row in visible(user_of(request), submission)[0]]
    if policy.blind(user_of(request), submission.requisition):
        found = [made.model_copy(update={"reason": results.without_names(submission, made.reason)}) for made in found]
    return found


@router.post(
    "/{pk}/decisions", auth=DECIDE, response={201: schemas.DecisionOut} | ERRORS, summary="Record a decision; it is never changed afterwards"
)
def create_decision(request: HttpRequest, pk: int, payload: schemas.DecisionIn) -> Any:
    return Status(201, schemas.decision(decide(user_of(request), _find(request, pk), payload.area, payload.verdict, payload.reason)))


def _find(request: HttpRequest, pk: int) -> Submission:
    found: Submission = policy.find(policy.submissions(user_of(request)), pk)
    return found


def _requisition(request: HttpRequest, pk: int) -> Requisition:
    found: Requisition = policy.find(policy.requisitions(user_of(request)), pk)
    return found
