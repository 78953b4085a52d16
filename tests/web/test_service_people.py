"""Signing in, second factors, forms from elsewhere, tokens and roles: what is not allowed is refused."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from auditlog.models import LogEntry
from conftest_web import PASSWORD
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from grader.web import tokens
from grader.web.commands.serve import first_admin
from grader.web.logs import JsonLines
from grader.web.models import ApiToken, Requisition, Role, Submission, User

Clients = Callable[..., Client]
Make = Callable[..., Submission]


def sign_in(client: Client, name: str, password: str = PASSWORD) -> int:
    return client.post("/accounts/login/", {"login": name, "password": password}).status_code


def test_a_password_opens_and_a_wrong_one_does_not(recruiter: User) -> None:
    client = Client()
    assert sign_in(client, "rita", "wrong") == 200 and client.get("/submissions/").status_code == 302
    assert sign_in(client, "rita") == 302 and client.get("/submissions/").status_code == 200


def test_guessing_is_slowed_down(recruiter: User) -> None:
    client = Client()
    for _ in range(5):
        sign_in(client, "rita", "wrong")
    assert sign_in(client, "rita") == 200 and client.get("/submissions/").status_code == 302


def test_a_used_code_is_known_to_every_process(recruiter: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(recruiter, secret)
    code = format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))

    def enters() -> bool:
        client = Client()
        sign_in(client, "rita")
        client.post("/accounts/2fa/authenticate/", {"code": code})
        return client.get("/submissions/").status_code == 200

    assert enters() and not enters()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM web_cache WHERE cache_key LIKE %s", [f"%totp.used%{code}%"])
        assert cursor.fetchone()[0] == 1


def test_nobody_signs_up() -> None:
    client = Client()
    client.post("/accounts/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.filter(username="eve").exists()


def test_the_session_changes_at_sign_in(recruiter: User) -> None:
    client = Client()
    client.get("/accounts/login/")
    client.cookies["sessionid"] = "planted"
    sign_in(client, "rita")
    assert client.cookies["sessionid"].value != "planted"
    assert client.cookies["sessionid"]["httponly"] and client.cookies["sessionid"]["samesite"] == "Lax"


def test_a_form_from_elsewhere_is_refused(client_of: Clients, recruiter: User, requisition: Requisition, hand_in: Make) -> None:
    client = client_of(recruiter, enforce_csrf_checks=True)
    row = hand_in()
    for path in (
        f"/submissions/{row.pk}/cancel/",
        f"/requisitions/{requisition.pk}/hand-in/",
        f"/submissions/{row.pk}/decide/",
        "/tokens/",
        "/blind/",
    ):
        response = client.post(path, {})
        assert response.status_code == 403 and b"did not come from this site" in response.content, path
    row.refresh_from_db()
    assert row.is_open


def test_actions_are_not_links(client_of: Clients, admin: User, hand_in: Make) -> None:
    row = hand_in()
    for path in ("cancel", "again", "reveal", "decide", "notice", "share"):
        assert client_of(admin).get(f"/submissions/{row.pk}/{path}/").status_code == 405, path


def test_where_a_second_factor_is_required_nothing_opens_without_it(monkeypatch: pytest.MonkeyPatch, recruiter: User) -> None:
    monkeypatch.setattr(settings, "GRADER_MFA_REQUIRED", True)
    client = Client()
    sign_in(client, "rita")
    assert client.get("/submissions/").headers["Location"] == "/accounts/2fa/totp/activate/"
    confirm = client.get("/accounts/2fa/totp/activate/")
    page = client.post(confirm.headers["Location"], {"password": PASSWORD}, follow=True)
    secret = str(page.context["form"].secret)
    client.post("/accounts/2fa/totp/activate/", {"code": _code(secret)})
    assert client.get("/submissions/").status_code == 200
    other = Client()
    sign_in(other, "rita")
    assert other.get("/submissions/").status_code == 302, "a password alone no longer signs in"


def test_an_administrator_ends_a_second_factor_that_was_lost(client_of: Clients, admin: User, recruiter: User, interviewer: User) -> None:
    TOTP.activate(recruiter, generate_totp_secret())
    RecoveryCodes.activate(recruiter)
    path, button = f"/people/{recruiter.pk}/", "Remove the second factor of "
    assert client_of(interviewer).post(path, {"act": "factor"}).status_code == 403 and Authenticator.objects.count() == 2
    sign_in(shut := Client(), "rita")
    assert shut.get("/submissions/").status_code == 302
    client = client_of(admin)
    page = client.get("/people/").content.decode()
    assert f"{button}rita" in page and f"{button}ada" not in page
    assert client.post(path, {"act": "factor"}).status_code == 302 and not Authenticator.objects.exists()
    sign_in(opened := Client(), "rita")
    assert opened.get("/submissions/").status_code == 200 and button not in client.get("/people/").content.decode()
    gone = LogEntry.objects.filter(content_type__model="authenticator", action=LogEntry.Action.DELETE)
    assert {entry.actor for entry in gone} == {admin} and gone.count() == 2
    assert "secret" not in json.dumps([entry.changes for entry in LogEntry.objects.filter(content_type__model="authenticator")])


def _code(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def test_a_new_person_sets_a_password_by_a_link_that_works_once(client_of: Clients, admin: User) -> None:
    response = client_of(admin).post("/people/", {"username": "nina", "full_name": "Nina Novak", "role": "interviewer"})
    found = re.search(r'value="http://testserver(/accounts/password/reset/key/[^"]+)"', response.content.decode())
    assert found, response.content.decode()
    nina = Client()
    form = nina.get(found[1], follow=True)
    nina.post(form.request["PATH_INFO"], {"password1": "a-long-new-password", "password2": "a-long-new-password"})
    assert sign_in(Client(), "nina", "a-long-new-password") == 302
    again = Client().get(found[1], follow=True)
    assert b"password1" not in again.content
    assert User.objects.get(username="nina").role == Role.INTERVIEWER


def test_the_last_administrator_stays(client_of: Clients, admin: User, person: Callable[..., User]) -> None:
    client = client_of(admin)
    client.post(f"/people/{admin.pk}/", {"act": "role", f"p{admin.pk}-role": "interviewer"})
    client.post(f"/people/{admin.pk}/", {"act": "active"})
    admin.refresh_from_db()
    assert admin.is_admin and admin.is_active
    second = person("otto", Role.ADMIN)
    client.post(f"/people/{second.pk}/", {"act": "active"})
    second.refresh_from_db()
    assert not second.is_active and sign_in(Client(), "otto") == 302 and Client().get("/submissions/").status_code == 302


def test_the_first_administrator_is_made_once_on_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    first_admin()
    said = capsys.readouterr().out
    found = re.search(r"First administrator: (\S+)  password: (\S+)", said)
    assert found and sign_in(Client(), found[1], found[2]) == 302
    first_admin()
    assert User.objects.count() == 1 and capsys.readouterr().out == ""


def test_a_token_is_shown_once_and_kept_as_a_digest(client_of: Clients, recruiter: User) -> None:
    client = client_of(recruiter)
    page = client.post("/tokens/", {"name": "ats", "scopes": ["read"], "days": 30}).content.decode()
    found = re.search(r'value="(grd_[^"]+)"', page)
    assert found
    kept = ApiToken.objects.get()
    assert kept.digest == tokens.digest(found[1]) and found[1] not in client.get("/tokens/").content.decode()
    assert Client().get("/api/submissions", headers={"Authorization": f"Bearer {found[1]}"}).status_code == 200
    client.post(f"/tokens/{kept.pk}/revoke/")
    assert Client().get("/api/submissions", headers={"Authorization": f"Bearer {found[1]}"}).status_code == 401


def test_a_token_of_somebody_else_cannot_be_revoked(client_of: Clients, recruiter: User, admin: User) -> None:
    theirs = ApiToken.objects.create(user=recruiter, name="x", digest="d", hint="h", scopes=["read"], expires=timezone.now() + timedelta(days=1))
    assert client_of(admin).post(f"/tokens/{theirs.pk}/revoke/").status_code == 404


def test_the_audit_log_says_who_did_what_and_who_looked(client_of: Clients, recruiter: User, admin: User, hand_in: Make, graded: Make) -> None:
    row = graded(hand_in())
    client = client_of(recruiter)
    client.get(f"/submissions/{row.pk}/report.html", headers={"X-Forwarded-For": "8.8.8.8"})
    client.post(f"/submissions/{row.pk}/decide/", {"overall-area": "overall", "overall-verdict": "hold", "overall-reason": "More is needed here."})
    looked = LogEntry.objects.filter(action=LogEntry.Action.ACCESS, actor=recruiter, content_type__model="submission").first()
    assert looked and looked.object_pk == str(row.pk) and looked.remote_addr == "127.0.0.1", "a header that anybody can send is not believed"
    decided = LogEntry.objects.get(action=LogEntry.Action.CREATE, actor=recruiter, content_type__model="decision")
    assert decided.changes_dict["verdict"][1] == "hold"
    page = client_of(admin).get("/audit/").content.decode()
    assert "rita" in page and "decision" in page
    assert "digest" not in str([entry.changes for entry in LogEntry.objects.filter(content_type__model__in=("apitoken", "sharelink"))])


def test_a_page_that_polls_after_its_session_ended_is_loaded_anew(hand_in: Make) -> None:
    response = Client().get(f"/submissions/{hand_in().pk}/live/", headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true" and response.content == b""


def test_the_log_holds_nothing_that_opens_something() -> None:
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Service Unavailable: /c/%s/", ("s3cr-et_A1",), None)
    record.facts = {"path": "/accounts/password/reset/key/1-abc-def/", "header": "Bearer grd_abcDEF-1"}
    line = JsonLines().format(record)
    assert not any(secret in line for secret in ("s3cr", "abc-def", "abcDEF")) and json.loads(line)["level"] == "error"


def test_pages_are_not_kept_by_caches(client_of: Clients, recruiter: User) -> None:
    assert client_of(recruiter).get("/submissions/").headers["Cache-Control"] == "no-store"


@pytest.mark.committed
def test_two_administrators_who_end_each_others_role_at_once_leave_one(
    client_of: Clients, person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, olga = person("ada", Role.ADMIN), person("olga", Role.ADMIN)
    clients = {olga.pk: client_of(ada, raise_request_exception=False), ada.pk: client_of(olga, raise_request_exception=False)}
    real = User.save
    monkeypatch.setattr(User, "save", lambda self, *given, **named: (time.sleep(0.7), real(self, *given, **named)))

    def demote(pk: int) -> int:
        try:
            return clients[pk].post(f"/people/{pk}/", {"act": "role", f"p{pk}-role": "recruiter"}).status_code
        finally:
            connections.close_all()

    try:
        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(demote, (ada.pk, olga.pk)))
        assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1 and answers in ([302, 302], [302, 403])
    finally:
        for model in (LogEntry, Session, User):
            model.objects.all().delete()
