"""What the audit log says of what no saving of a row tells: signing in, links, cancels, erasures."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from auditlog.models import LogEntry
from conftest_web import PASSWORD
from django.test import Client
from django.utils import timezone
from queue_in_memory import QueueInMemory

from grader.web.models import Role, ShareLink, Submission, Tombstone, User

Clients = Callable[..., Client]
Make = Callable[..., Submission]


def said(model: str, what: str) -> list[tuple[str | None, str, str]]:
    """(who, before, after) of every entry about `what`, oldest first."""
    entries = LogEntry.objects.filter(content_type__model=model, changes__has_key=what).select_related("actor").order_by("pk")
    return [(entry.actor.username if entry.actor else None, *entry.changes_dict[what]) for entry in entries]


def test_signing_in_and_what_was_refused(recruiter: User) -> None:
    client = Client()
    for password in ("wrong horse", PASSWORD):
        client.post("/accounts/login/", {"login": "RITA", "password": password}, headers={"X-Forwarded-For": "8.8.8.8"})
    Client().post("/accounts/login/", {"login": "my real password", "password": "x"})
    assert [(who, after[:7]) for who, _, after in said("user", "signing in")] == [(None, "refused"), ("rita", "done")]
    entries = LogEntry.objects.filter(changes__has_key="signing in")
    assert {(entry.object_pk, entry.remote_addr) for entry in entries} == {(str(recruiter.pk), "127.0.0.1")}
    assert "my real password" not in str(list(LogEntry.objects.values_list("object_repr", "changes")))


def test_a_wrong_code_of_the_second_factor(recruiter: User) -> None:
    TOTP.activate(recruiter, generate_totp_secret())
    client = Client()
    client.post("/accounts/login/", {"login": "rita", "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert [after for _, _, after in said("user", "signing in")] == ["refused: wrong code of the second factor"]


def test_a_password_link_and_its_use(client_of: Clients, admin: User, interviewer: User) -> None:
    client = client_of(admin)
    html = client.post(f"/people/{interviewer.pk}/", {"act": "link"}).content.decode()
    assert said("user", "password link") == [("ada", "", "made")]
    found = re.search(r'value="http://testserver([^"]+reset/key[^"]+)"', html)
    assert found and found[1] not in str(list(LogEntry.objects.values_list("changes")))
    visitor = Client()
    form = visitor.get(found[1], follow=True).redirect_chain[-1][0]
    visitor.post(form, {"password1": "another long horse", "password2": "another long horse"})
    assert [after for _, _, after in said("user", "password")] == ["set"]
    client.post("/people/", {"username": "nina", "role": Role.INTERVIEWER})
    assert len(said("user", "password link")) == 2, "a new person's link, too"


def test_a_cancel_by_page_of_what_waits_and_of_what_is_queued(client_of: Clients, recruiter: User, hand_in: Make, jobs: QueueInMemory) -> None:
    queued = hand_in()
    jobs.down = True
    waiting = hand_in("https://git.example.org/ada/x")
    jobs.down = False
    client = client_of(recruiter)
    for row in (queued, waiting, queued):
        client.post(f"/submissions/{row.pk}/cancel/")
    assert said("submission", "state")[-2:] == [("rita", "queued", "cancelled"), ("rita", "waiting", "cancelled")]


def test_an_erasure_is_noted_with_its_tombstone_and_nothing_else(client_of: Clients, admin: User, hand_in: Make, graded: Make) -> None:
    row = graded(hand_in())
    client_of(admin).post(f"/candidates/{row.candidate_id}/erase/", {"pseudonym": row.candidate.pseudonym, "reason": "asked for it"})
    entry = LogEntry.objects.get(content_type__model="tombstone")
    assert entry.actor == admin and entry.object_pk == str(Tombstone.objects.get().pk)
    assert entry.changes_dict["pseudonym"][1] == row.candidate.pseudonym
    assert not LogEntry.objects.filter(content_type__model__in=("candidate", "submission", "resultview")).exists()


def test_a_candidates_copy_opened_without_its_page(client_of: Clients, recruiter: User, hand_in: Make, graded: Make) -> None:
    row = graded(hand_in())
    page = client_of(recruiter).post(f"/submissions/{row.pk}/share/", {"link-days": 3}).content.decode()
    found = re.search(r"/c/([\w-]+)/", page)
    assert found
    opened = LogEntry.objects.filter(action=LogEntry.Action.ACCESS, content_type__model="sharelink")
    Client().get(f"/c/{found[1]}/report.html")
    assert (opened.count(), ShareLink.objects.get().opened) == (1, 1)
    Client().get(f"/c/{found[1]}/")
    Client().get(f"/c/{found[1]}/report.html")
    assert (opened.count(), ShareLink.objects.get().opened) == (2, 2), "the report within the page is no opening of its own"
    ShareLink.objects.update(last_used=timezone.now() - timedelta(minutes=2))
    Client().get(f"/c/{found[1]}/report.html")
    assert (opened.count(), ShareLink.objects.get().opened) == (3, 3)
