"""Every page answers for everybody who may see it, carries its policy, and keeps out who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from test_service_intake import member, packed

from grader.web import tokens
from grader.web.models import Contest, Requisition, ShareLink, Submission, User
from grader.web.trouble import RefusedError

Make = Callable[..., Submission]
Clients = Callable[..., Client]


@pytest.fixture
def everywhere(requisition: Requisition, hand_in: Make, graded: Make) -> list[str]:
    done = graded(hand_in())
    waiting = hand_in("https://git.example.org/ada/second", "Ada Example")
    return [
        "/submissions/", f"/submissions/{done.pk}/", f"/submissions/{waiting.pk}/", f"/submissions/{waiting.pk}/live/",
        f"/submissions/{done.pk}/report/", f"/submissions/{done.pk}/report.html", f"/submissions/{done.pk}/result.json",
        "/requisitions/", f"/requisitions/{requisition.pk}/", f"/requisitions/{requisition.pk}/compare/", "/tokens/", "/api/docs",
        "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/password/change/",
    ]  # fmt: skip


RECRUITERS = ["/requisitions/new/", "/requisitions/{r}/edit/", "/requisitions/{r}/hand-in/"]
ADMINS = ["/people/", "/audit/"]


def test_pages_answer_members(everywhere: list[str], client_of: Clients, interviewer: User, recruiter: User, admin: User) -> None:
    for user in (interviewer, recruiter, admin):
        client = client_of(user)
        for path in everywhere:
            response = client.get(path, follow=True)
            assert response.status_code == 200, (user, path, response.status_code)
            assert "default-src 'none'" in response.headers["Content-Security-Policy"], path


def test_pages_need_a_sign_in(everywhere: list[str]) -> None:
    for path in everywhere:
        if path != "/api/docs":
            response = Client().get(path)
            assert response.status_code == 302 and response.headers["Location"].startswith("/accounts/login/"), path


def test_roles_open_what_they_may(requisition: Requisition, client_of: Clients, interviewer: User, recruiter: User, admin: User) -> None:
    for path in RECRUITERS:
        path = path.format(r=requisition.pk)
        assert [client_of(user).get(path).status_code for user in (interviewer, recruiter, admin)] == [403, 200, 200], path
    for path in ADMINS:
        assert [client_of(user).get(path).status_code for user in (interviewer, recruiter, admin)] == [403, 403, 200], path


def test_what_is_not_theirs_does_not_exist(everywhere: list[str], client_of: Clients, person: Callable[..., User]) -> None:
    stranger = client_of(person("steve"))
    for path in everywhere:
        if any(digit in path for digit in "0123456789") and "/accounts/" not in path:
            assert stranger.get(path).status_code == 404, path
    assert b"Grace" not in stranger.get("/submissions/").content
    assert b"Senior ML engineer" not in stranger.get("/requisitions/").content


def test_what_people_type_is_never_markup(client_of: Clients, admin: User, requisition: Requisition, hand_in: Make, graded: Make) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    requisition.title = evil
    requisition.save()
    row = graded(hand_in("https://git.example.org/x/y", evil[:120], reference="{{ 7 }}\"'><b>"), headline=evil)
    client = client_of(admin)
    client.post(f"/submissions/{row.pk}/decide/", {"overall-area": "overall", "overall-verdict": "hold", "overall-reason": evil})
    client.post(f"/submissions/{row.pk}/reveal/")
    for path in ("/submissions/", row.get_absolute_url(), f"/submissions/{row.pk}/report/", f"/submissions/{row.pk}/report.html", "/requisitions/",
                 f"/requisitions/{requisition.pk}/", f"/requisitions/{requisition.pk}/compare/", "/audit/"):  # fmt: skip
        text = client.get(path).content.decode()
        assert "<script>alert" not in text and "<img src=x" not in text and "'><b>" not in text, path


TURNED = "Grace\u202eecarG"


@pytest.mark.parametrize("field", ["name", "reference"])
def test_a_name_that_turns_the_line_is_refused(hand_in: Make, field: str) -> None:
    given = {"name": "Grace", "reference": "R-1"} | {field: TURNED}
    with pytest.raises(RefusedError, match=r"not seen \(U\+202E\)") as met:
        hand_in("https://git.example.org/grace/x", given["name"], reference=given["reference"])
    assert met.value.field == field and not Submission.objects.exists()


def test_a_name_of_any_script_is_taken(hand_in: Make) -> None:
    for number, name in enumerate(("علی‌رضا", "José Núñez", "王小明", "שרה כהן")):  # the first with a joiner, as it is written
        assert hand_in(f"https://git.example.org/a/{number}", name).candidate.name == name


def test_nobody_else_turns_a_line_either(
    client_of: Clients, admin: User, recruiter: User, requisition: Requisition, hand_in: Make, graded: Make
) -> None:
    row = graded(hand_in())
    requisition.title = TURNED
    with pytest.raises(ValidationError, match="not seen"):
        requisition.full_clean()
    assert client_of(admin).post("/people/", {"username": "eve", "full_name": TURNED, "role": "recruiter"}).status_code == 422
    archive = SimpleUploadedFile("a\u202egnp.tgz", packed((member("a"), b"x")))
    client_of(recruiter).post(f"/requisitions/{requisition.pk}/hand-in/", {"kind": "archive", "archive-archive": archive})
    assert Submission.objects.latest("pk").label == "agnp.tgz"
    link = ShareLink.objects.create(submission=row, digest=tokens.digest("s"), created_by=recruiter, expires=timezone.now() + timedelta(days=1))
    Client().post("/c/s/", {"check_id": "latency_slo", "says": f"{TURNED} says\nthat it is wrong\x1b[31m"})
    assert Contest.objects.get(link=link).says.replace("\r", "") == "GraceecarG says\nthat it is wrong[31m"
