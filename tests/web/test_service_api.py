"""The JSON API: scopes, visibility and errors; its document and its page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from queue_in_memory import QueueInMemory
from test_service_intake import member, packed

from grader.jobs import StageProgress
from grader.web import tokens
from grader.web.models import ApiToken, Decision, Notice, Requisition, ResultView, Scope, Submission, User

Make = Callable[..., Submission]
URL = "https://git.example.org/grace/fraud-service"


class Caller:
    """A program with one token."""

    def __init__(self, user: User, *scopes: Scope, days: float = 1) -> None:
        secret = tokens.draw(tokens.API_PREFIX)
        self.token = ApiToken.objects.create(
            user=user, name="x", digest=tokens.digest(secret), hint=secret[:8], scopes=list(scopes), expires=timezone.now() + timedelta(days=days)
        )
        self._client, self._headers = Client(), {"Authorization": f"Bearer {secret}"}

    def get(self, path: str) -> tuple[int, Any]:
        return self._read(self._client.get(f"/api{path}", headers=self._headers))

    def post(self, path: str, body: Any = None, **form: Any) -> tuple[int, Any]:
        if form:
            return self._read(self._client.post(f"/api{path}", form, headers=self._headers))
        return self._read(self._client.post(f"/api{path}", body or {}, content_type="application/json", headers=self._headers))

    def raw(self, path: str, body: str) -> tuple[int, Any]:
        return self._read(self._client.post(f"/api{path}", body, content_type="application/json", headers=self._headers))

    @staticmethod
    def _read(response: Any) -> tuple[int, Any]:
        said = response.json()
        assert response.status_code < 400 or set(said) == {"detail", "field", "existing"}, said
        return response.status_code, said


@pytest.fixture
def caller(recruiter: User) -> Caller:
    return Caller(recruiter, *Scope)


def test_a_whole_way(caller: Caller, requisition: Requisition, graded: Make, jobs: QueueInMemory) -> None:
    status, row = caller.post("/submissions", {"requisition": requisition.pk, "url": URL, "name": "Grace"})
    assert (status, row["state"], row["candidate"]) == (201, "queued", "Grace")
    kept = Submission.objects.get()
    status, progress = caller.get(f"/submissions/{kept.pk}/progress")
    assert (status, progress["position"], progress["expected_wait_s"]) == (200, 1, 0.0)
    jobs.run(kept.job, StageProgress("clone", "ok", 0.4), StageProgress("image", "running", 3.0))
    assert [stage["stage"] for stage in caller.get(f"/submissions/{kept.pk}/progress")[1]["stages"]] == ["clone", "image"]
    assert caller.get(f"/submissions/{kept.pk}/result") == (422, {"detail": "It has no result yet.", "field": "", "existing": None})
    graded(kept)
    assert caller.get(f"/submissions/{kept.pk}")[1]["state"] == "graded" and not ResultView.objects.exists()
    status, result = caller.get(f"/submissions/{kept.pk}/result")
    assert status == 200 and result["score"]["low"] == 10_000 and ResultView.objects.exists()
    status, decision = caller.post(
        f"/submissions/{kept.pk}/decisions", {"area": "overall", "verdict": "advance", "reason": "It survived everything."}
    )
    assert (status, decision["score_seen"], decision["author"]) == (201, True, "rita")
    assert caller.get(f"/submissions/{kept.pk}/decisions")[1] == [decision]
    assert caller.get("/submissions")[1]["count"] == 1


def test_only_an_administrator_lets_one_go_first(caller: Caller, admin: User, hand_in: Make, jobs: QueueInMemory) -> None:
    row = hand_in(URL)
    assert caller.get(f"/submissions/{row.pk}")[1]["priority"] == "normal"
    assert caller.post(f"/submissions/{row.pk}/first")[0] == 403
    boss = Caller(admin, Scope.MANAGE)
    status, said = boss.post(f"/submissions/{row.pk}/first")
    assert (status, said["priority"]) == (200, "high") and jobs.jobs[row.job].priority == 0
    assert boss.post(f"/submissions/{row.pk}/first")[0] == 422


def test_tables_and_archives(caller: Caller, requisition: Requisition) -> None:
    table = SimpleUploadedFile("t.csv", b"url\nhttps://git.example.org/a/b\nhttp://git.example.org/c/d\n")
    status, outcome = caller.post("/submissions/table", requisition=requisition.pk, table=table)
    assert (
        status == 200
        and len(outcome["accepted"]) == 1
        and [(row["line"], row["shown"]) for row in outcome["bad"]] == [(3, "http://git.example.org/c/d")]
    )
    wrong = caller.post("/submissions/table", requisition=requisition.pk, table=SimpleUploadedFile("t.csv", b"link\nx\n"))
    assert wrong[0] == 422 and wrong[1]["field"] == "table" and "url is missing" in wrong[1]["detail"]
    bad = caller.post("/submissions/archive", requisition=requisition.pk, archive=SimpleUploadedFile("a.tgz", b"no tar"))
    assert bad[0] == 422 and bad[1]["field"] == "archive"


def test_errors_have_one_shape(caller: Caller, requisition: Requisition, hand_in: Make, jobs: QueueInMemory) -> None:
    first = hand_in(URL)
    repeat = caller.post("/submissions", {"requisition": requisition.pk, "url": f"{URL}.git"})
    assert repeat[0] == 409 and repeat[1]["existing"] == first.pk
    private = caller.post("/submissions", {"requisition": requisition.pk, "url": "https://10.0.0.1/a/b"})
    assert private[0] == 422 and private[1]["field"] == "url" and "not a public address" in private[1]["detail"]
    extra = caller.post("/submissions", {"requisition": requisition.pk, "url": URL, "sudo": True})
    assert extra[0] == 422 and extra[1]["field"] == "sudo"
    assert caller.post("/submissions", {"requisition": 9999, "url": URL})[0] == 404
    assert caller.get("/submissions/9999")[0] == 404
    unknown = caller.post("/requisitions", {"title": "T", "challenge": "juggling"})
    assert unknown[0] == 422 and unknown[1]["field"] == "challenge" and "juggling" in unknown[1]["detail"]
    assert caller.post("/requisitions", {"title": "T", "challenge": "fraud-scoring", "mode": "endless"})[1]["field"] == "mode"
    assert caller.post("/requisitions", {"title": "T", "challenge": "fraud-scoring", "bars": {"deployment": "superb"}})[1]["field"] == "bars"
    assert caller.post("/requisitions", {"title": "T", "challenge": "fraud-scoring", "modules": ["cooking"]})[1]["field"] == "modules"
    assert caller.post("/requisitions", {"title": "T", "challenge": "fraud-scoring", "notice_due": False})[1]["field"] == "notice_exemption"
    jobs.down = True
    assert caller.post(f"/submissions/{first.pk}/cancel")[0] == 503


def test_programs_get_json_whatever_is_wrong(caller: Caller, requisition: Requisition) -> None:
    assert caller.raw("/submissions", "{")[0] == 400 and caller.raw("/submissions", "[1")[0] == 400
    assert caller.get("/nothing")[0] == 404 and caller.get("/submissions/not-a-number")[0] == 422
    assert caller.post("/submissions", {"requisition": requisition.pk, "url": "x" * (13 << 20)})[0] == 413, "larger than is read"
    assert caller.post("/submissions/archive", **{f"field{number}": "x" for number in range(501)})[0] == 400
    status, said = caller.post("/submissions/table", requisition=requisition.pk)
    assert (status, said["field"]) == (422, "table")
    status, said = caller.post("/submissions", ["a", "list"])
    assert status == 422 and said["detail"].startswith("Input should be")


def test_a_notice_by_api_obeys_the_rules_of_the_page(caller: Caller, requisition: Requisition, hand_in: Make, jobs: QueueInMemory) -> None:
    Requisition.objects.update(notice_due=True)
    requisition.refresh_from_db()
    rows = [hand_in(f"{URL}/{number}", "Grace", email="grace@example.org") for number in range(2)]
    now, path = timezone.now(), f"/submissions/{rows[0].pk}/notice"
    told = {"version": "1", "sent_at": now.isoformat(), "earliest_assessment": now.date().isoformat()}
    for wrong in (
        {"version": " "}, {"sent_at": (now + timedelta(hours=1)).isoformat()}, {"sent_at": now.replace(tzinfo=None).isoformat()},
        {"sent_at": "0001-01-01T00:00:00+14:00"}, {"earliest_assessment": (now.date() - timedelta(days=1)).isoformat()},
    ):  # fmt: skip
        status, answer = caller.post(path, told | wrong)
        assert (status, answer["field"]) == (422, next(iter(wrong))), wrong
    assert not Notice.objects.exists() and not jobs.jobs
    assert caller.post(path, told)[0] == 201
    assert [Submission.objects.get(pk=row.pk).state for row in rows] == ["queued", "queued"], "each of this candidate that waited"


def test_what_no_database_can_hold_is_refused_by_name(caller: Caller, requisition: Requisition, hand_in: Make) -> None:
    row, huge = hand_in(URL), 2**70
    for query, field in ((f"offset={huge}", "offset"), ("offset=-1", "offset"), (f"requisition={huge}", "requisition"), ("state=done", "state")):
        status, answer = caller.get(f"/submissions?{query}")
        assert (status, answer["field"]) == (422, field), query
    assert caller.get(f"/submissions?state=queued&requisition={requisition.pk}&offset=0")[1]["count"] == 1
    assert caller.get(f"/submissions/{huge}")[0] == 404
    for body, field in (({"requisition": huge, "url": URL}, "requisition"), ({"requisition": requisition.pk, "url": URL, "name": "a\0b"}, "name")):
        status, answer = caller.post("/submissions", body)
        assert (status, answer["field"]) == (422, field)
    decided = caller.post(f"/submissions/{row.pk}/decisions", {"area": "overall", "verdict": "hold", "reason": "long enough\0"})
    assert (decided[0], decided[1]["field"]) == (422, "reason")
    archive = SimpleUploadedFile("a.tgz", packed((member("Dockerfile"), b"FROM scratch")))
    sent = caller.post("/submissions/archive", requisition=requisition.pk, archive=archive, name="a\0b")
    assert (sent[0], sent[1]["field"]) == (422, "name")


@pytest.mark.parametrize("name", ["read", "submit", "decide", "manage", "metrics"])
def test_a_scope_opens_its_own_doors_only(name: str, recruiter: User, requisition: Requisition, hand_in: Make) -> None:
    row = hand_in(URL)
    caller = Caller(recruiter, Scope(name))
    doors = {
        "read": caller.get(f"/submissions/{row.pk}"),
        "submit": caller.post(f"/submissions/{row.pk}/cancel"),
        "decide": caller.post(f"/submissions/{row.pk}/decisions", {"area": "overall", "verdict": "hold", "reason": "a reason long enough"}),
        "manage": caller.post("/requisitions", {"title": "T", "challenge": "fraud-scoring"}),
    }
    assert {door for door, (status, _) in doors.items() if status < 300} == {name} - {"metrics"}
    assert {status for door, (status, _) in doors.items() if door != name} <= {401}


def test_tokens_end(recruiter: User) -> None:
    expired, gone = Caller(recruiter, Scope.READ, days=-1), Caller(recruiter, Scope.READ)
    assert expired.get("/submissions")[0] == 401 and gone.get("/submissions")[0] == 200
    recruiter.is_active = False
    recruiter.save()
    assert gone.get("/submissions")[0] == 401
    assert Client().get("/api/submissions").status_code == 401
    assert Client().get("/api/submissions", headers={"Authorization": "Bearer "}).status_code == 401


def test_the_audit_log_names_whose_token_it_was(
    caller: Caller, requisition: Requisition, recruiter: User, interviewer: User, client_of: Callable[..., Client], admin: User
) -> None:
    LogEntry.objects.all().delete()
    row = caller.post("/submissions", {"requisition": requisition.pk, "url": URL, "name": "Grace"})[1]
    Caller(interviewer, Scope.DECIDE).post(f"/submissions/{row['id']}/decisions", {"area": "overall", "verdict": "hold", "reason": "a long reason"})
    assert caller.get("/submissions/9999")[0] == 404
    actors = dict(LogEntry.objects.values_list("content_type__model", "actor__username"))
    assert (actors["submission"], actors["candidate"], actors["decision"]) == ("rita", "rita", "ivan")
    assert "rita" in client_of(admin).get("/audit/").content.decode()


def test_a_session_is_no_token(client_of: Callable[..., Client], admin: User) -> None:
    assert client_of(admin).get("/api/submissions").status_code == 401, "so no page elsewhere can use somebody's session here"


def test_a_token_sees_and_may_what_its_owner_may(requisition: Requisition, interviewer: User, person: Callable[..., User], hand_in: Make) -> None:
    row = hand_in(URL)
    member, stranger = Caller(interviewer, *Scope), Caller(person("steve"), *Scope)
    assert member.get(f"/submissions/{row.pk}")[0] == 200 and stranger.get(f"/submissions/{row.pk}")[0] == 404
    assert stranger.get("/submissions")[1]["count"] == 0 and stranger.get("/requisitions")[1] == []
    assert stranger.post("/submissions", {"requisition": requisition.pk, "url": URL + "2"})[0] == 404
    assert stranger.post(f"/submissions/{row.pk}/decisions", {"area": "overall", "verdict": "hold", "reason": "a reason long enough"})[0] == 404
    assert member.post("/submissions", {"requisition": requisition.pk, "url": URL + "2"})[0] == 403
    assert member.post(f"/submissions/{row.pk}/cancel")[0] == 403
    assert not Decision.objects.exists()


def test_the_document_and_its_page_name_every_call() -> None:
    document = Client().get("/api/openapi.json").json()
    page = Client().get("/api/docs").content.decode()
    calls = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
    assert len(calls) == 17 and document["openapi"].startswith("3.")
    for method, path in calls:
        assert f"{method} {path}" in page
    assert "<script" not in page and page.count("Scope: ") == len(calls)
