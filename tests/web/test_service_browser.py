"""The service in a real Chromium: a recruiter's whole way, and axe on every page, in light and dark, wide and narrow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from conftest_web import PASSWORD, PUBLIC
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from queue_in_memory import QueueInMemory
from report.browser import Browser, browser
from surfing import Surfer

from grader.web import catalogue, keeper, seam, tokens
from grader.web.config import service_settings
from grader.web.intake import address
from grader.web.intake.submit import Entry, hand_in
from grader.web.models import Decision, Notice, Requisition, Role, ShareLink, Submission, User, Webhook
from grader.web.seam import StageProgress
from grader.web.server import Server
from grader.web.wsgi import application

pytestmark = pytest.mark.committed


@dataclass
class Served:
    base: str
    queue: QueueInMemory
    requisition: Requisition
    done: Submission
    running: Submission
    failed: Submission
    waiting: Submission
    link: str


@pytest.fixture(scope="module")
def served(result_json: bytes) -> Iterator[Served]:
    """A server of its own on a free port, with a little of everything in it."""
    with pytest.MonkeyPatch.context() as patch:
        queue = QueueInMemory()
        patch.setattr(seam, "queue", lambda: queue)
        patch.setattr(address, "look_up", lambda host, port: [PUBLIC])
        server = Server(application, service_settings().model_copy(update={"host": "127.0.0.1", "port": 0, "upload_mib": 1}), drain_s=5.0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield _furnished(f"http://127.0.0.1:{server.port}", queue, result_json)
        server.end()
        thread.join()
        call_command("migrate", "web", "0001", verbosity=0, interactive=False)  # before the triggers that keep decisions and notices
        call_command("flush", verbosity=0, interactive=False)
        call_command("migrate", verbosity=0, interactive=False)


def _furnished(base: str, queue: QueueInMemory, result_json: bytes) -> Served:
    recruiter = User.objects.create_user("rita", password=PASSWORD, role=Role.RECRUITER, first_name="Rita", last_name="Reyes")
    interviewer = User.objects.create_user("ivan", password=PASSWORD, role=Role.INTERVIEWER, first_name="Ivan", last_name="Ito")
    User.objects.create_user("ada", password=PASSWORD, role=Role.ADMIN)
    job = Requisition.objects.create(
        title="Senior ML engineer, payments", challenge="fraud-scoring", mode="quick", owner=recruiter, notice_due=False,
        notice_exemption="a demonstration", bars={"deployment": "strong", "monitoring": "solid", "failure": "solid"}, modules=["mlops", "compliance"],
    )  # fmt: skip
    job.members.add(interviewer)
    strict = Requisition.objects.create(title="MLOps engineer, graduates", challenge="fraud-scoring", mode="standard", owner=recruiter, blind=True)
    rows = [
        hand_in(recruiter, job, Entry(f"https://git.example.org/people/{name.split()[0].lower()}-fraud", name))
        for name in ("Grace Hopper", "Barbara Liskov", "Radia Perlman")
    ]
    done, running, failed = rows
    seam.store().put_once(f"results/{done.job}/result.json", result_json)
    queue.finish(done.job)
    queue.run(
        running.job, StageProgress("source", "ok", 1.2), StageProgress("image", "ok", 41.0), StageProgress("boot", "ok", 2.1),
        StageProgress("load", "running", 12.4, "window steady, 100 requests/s"),
    )  # fmt: skip
    queue.fail(failed.job, "https://git.example.org/people/radia-fraud: no git repository answers there")
    keeper.one_pass()
    waiting = hand_in(recruiter, strict, Entry("https://git.example.org/people/edsger", "Edsger Dijkstra"))
    for number in range(6):
        hand_in(recruiter, job, Entry(f"https://git.example.org/people/queued-{number}", reference=f"R-{100 + number}"))
    Decision.objects.create(
        submission=done, area="deployment", verdict="strong", reason="Rollback was rehearsed and it showed.", score_seen=False, author=interviewer
    )
    Notice.objects.create(
        candidate=done.candidate, version="2026-03", sent_at=timezone.now(), earliest_assessment=timezone.localdate(), recorded_by=recruiter
    )
    Webhook.objects.create(requisition=job, url="https://hooks.example.org/ats", created_by=recruiter)
    secret = tokens.draw()
    ShareLink.objects.create(submission=done, digest=tokens.digest(secret), expires=timezone.now() + timedelta(days=7), created_by=recruiter)
    for row in (done, running, failed):
        row.refresh_from_db()
    return Served(base, queue, job, done, running, failed, waiting, f"/c/{secret}/")


@pytest.fixture(autouse=True)
def jobs(served: Served) -> QueueInMemory:
    """In place of the empty queue that other tests get."""
    return served.queue


@pytest.fixture(autouse=True)
def names() -> None:
    """The server's own stand-in stays."""


@pytest.fixture(scope="module")
def running(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(chromium, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def signed_in(running: Browser, served: Served) -> None:
    """All tabs share one cookie jar."""
    page = Surfer(running, served.base)
    sign_in(page, "ada")


def sign_in(page: Surfer, name: str) -> None:
    page.go("/accounts/login/")
    if "/accounts/login/" in page.ask("location.pathname"):
        page.fill(login=name, password=PASSWORD)
        page.press("Sign in")
    assert page.ask("location.pathname") == "/submissions/", page.text()[:400]


def paths(served: Served) -> list[str]:
    return [
        "/submissions/", f"/submissions/{served.done.pk}/", f"/submissions/{served.running.pk}/", f"/submissions/{served.failed.pk}/",
        f"/submissions/{served.waiting.pk}/", f"/submissions/{served.done.pk}/report/", "/requisitions/", "/requisitions/new/",
        f"/requisitions/{served.requisition.pk}/", f"/requisitions/{served.requisition.pk}/edit/", f"/requisitions/{served.requisition.pk}/hand-in/",
        f"/requisitions/{served.requisition.pk}/compare/", "/people/", "/tokens/", "/audit/", "/api/docs", "/accounts/2fa/",
        "/accounts/2fa/totp/activate/", "/accounts/password/change/", "/accounts/logout/", "/accounts/password/reset/", "/submissions/99999/",
        "/c/nothing/", served.link,
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_on_any_page(running: Browser, served: Served, signed_in: None, width: int, scheme: str) -> None:
    page = Surfer(running, served.base, width=width, scheme=scheme)
    for path in paths(served):
        page.go(path)
        assert page.axe() == [], f"{path} at {width} {scheme}"
        assert page.sideways() <= 0, f"{path} scrolls sideways at {width}"
        complaints = [said for said in page.said("Log.entryAdded", "Runtime.exceptionThrown") if _grave(said)]
        assert complaints == [], f"{path}: the browser complains"


def _grave(said: dict[str, Any]) -> bool:
    """A page that is meant to answer 404 or 410 is no complaint; neither is advice."""
    entry = said.get("entry", {})
    return entry.get("source") != "network" and entry.get("level", "error") in ("error", "warning")


def test_axe_finds_nothing_on_pages_that_only_an_action_shows(running: Browser, served: Served, tmp_path: Path) -> None:
    page = Surfer(running, served.base, private=True, width=900)
    seen: dict[str, list[str]] = {}

    def look(what: str) -> None:
        seen[what] = page.axe()

    page.go("/accounts/login/")
    look("sign in")
    page.fill(login="rita", password="wrong password")
    page.press("Sign in")
    look("a wrong password")
    sign_in(page, "rita")
    page.go("/people/")
    look("not allowed")
    page.go(f"/requisitions/{served.requisition.pk}/hand-in/")
    page.fill(url__url="http://git.example.org/a/b")
    page.press("Hand in")
    look("an address that is refused")
    table = tmp_path / "table.csv"
    good = "".join(f"https://git.example.org/table/{number},Person {number}\n" for number in range(93))
    table.write_text("url,name\n" + good + "http://git.example.org/plain,No\n" * 7)
    page.upload("table-table", table)
    page.press("Hand in the table")
    assert "93 taken, 7 left out" in page.text()
    look("rows that were left out")
    page.go("/tokens/")
    page.fill(name="ats")
    page.choose(scopes="read")
    page.press("Make it")
    assert "API token" in page.text() and str(page.ask("document.activeElement.value")).startswith("grd_")
    look("a secret")
    page.go(f"/submissions/{served.done.pk}/")
    page.choose(**{"area-area": "deployment", "area-verdict": "meets"})
    page.fill(area__reason="short")
    page.press("Keep this decision")
    look("a decision without a reason")
    page.go("/accounts/2fa/totp/activate/")
    page.fill(password=PASSWORD)
    page.press("Confirm")
    look("an authenticator app")
    page.fill(code=_code(str(page.ask("document.querySelector('#authenticator_secret').value"))))
    page.press("Activate")
    look("recovery codes")
    page.go("/accounts/2fa/")
    look("second factors")
    page.press("Sign out")
    page.fill(login="rita", password=PASSWORD)
    page.press("Sign in")
    look("a second factor is asked for")
    assert "/accounts/2fa/authenticate/" in page.ask("location.pathname")
    assert {what: found for what, found in seen.items() if found} == {}
    assert len(seen) == 11


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light")])
def test_axe_finds_nothing_on_pages_of_trouble_and_pages_without_anything(
    running: Browser, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, scheme: str
) -> None:
    page = Surfer(running, served.base, private=True, width=width, scheme=scheme)
    wrong: dict[str, list[str]] = {}
    looked = []

    def look(what: str, words: str) -> None:
        assert words in page.text(), f"{what}: {page.text()[:500]}"
        looked.append(what)
        if found := [*page.axe(), *(["it scrolls sideways"] if page.sideways() > 0 else [])]:
            wrong[what] = found

    newcomer, _ = User.objects.get_or_create(username=f"nina-{width}", defaults={"role": Role.RECRUITER})
    newcomer.set_password(PASSWORD)
    newcomer.save()
    sign_in(page, newcomer.username)
    look("no submissions", "Nothing")
    for path, words in (("/requisitions/", "No requisition"), ("/tokens/", "API tokens")):
        page.go(path)
        look(f"nothing at {path}", words)
    empty = Requisition.objects.create(title="Nobody yet", challenge="fraud-scoring", owner=newcomer, notice_due=False, notice_exemption="x")
    for path, words in ((f"/requisitions/{empty.pk}/compare/", "Nothing is graded yet"), (f"/submissions/?requisition={empty.pk}", "Nothing")):
        page.go(path)
        look(f"nothing at {path.split('/')[-2]}", words)
    page.go("/people/")
    look("403", "Not allowed")
    page.go(f"/submissions/{served.done.pk}/decide/")
    look("405", "Not by this way")
    large = tmp_path / "large.tgz"
    large.write_bytes(bytes(4 << 20))
    page.go(f"/requisitions/{empty.pk}/hand-in/")
    page.upload("archive-archive", large)
    page.press("Hand in the archive")
    look("413", "too large")
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "areas", lambda: 1 / 0)
        page.go("/requisitions/new/")
        look("500", "defect")

    sign_out(page)
    Authenticator.objects.all().delete()  # another test has set one up
    sign_in(page, "rita")
    page.go(f"/submissions/{served.running.pk}/")
    served.queue.down = True
    page.press("Cancel the grading")
    served.queue.down = False
    look("503", "does not answer")
    page.go(f"/submissions/{served.done.pk}/")
    page.press("Make a link")
    look("a link for the candidate", "Link to the candidate")
    page.go(f"/requisitions/{served.requisition.pk}/")
    page.fill(hook__url="https://hooks.example.org/x")
    page.press("Add")
    look("the secret of a webhook", "Secret of the webhook")
    page.press_in("form[action='/blind/']")
    for path in paths(served)[:13]:
        page.go(path)
        look(f"blind {path}", "Blind view.")

    sign_out(page)
    sign_in(page, "ada")
    page.go("/people/")
    page.press_in(f"form[action='/people/{newcomer.pk}/'] button[value=link]")
    look("a link to set a password", "set a password")
    link = str(page.ask("[...document.querySelectorAll('input')].find(one => one.value.includes('/reset/key/')).value"))
    sign_out(page)
    page.go(link.removeprefix(served.base))
    look("a new password", "assword")
    page.fill(password1="short", password2="other")
    page.ask("document.querySelector('main form').requestSubmit()")
    page.until_it_says("too short")
    look("a new password that is refused", "too short")
    for _ in range(31):
        Client().post("/accounts/login/", {"login": "nobody", "password": "wrong"})
    page.go("/accounts/login/")
    page.fill(login="nobody", password="wrong")
    page.press("Sign in")
    cache.clear()
    look("429", "Too many tries")
    page.go("/c/nothing/")
    look("410", "link")
    assert wrong == {} and len(looked) >= 30


def sign_out(page: Surfer) -> None:
    page.go("/accounts/logout/")
    page.press_in("main form")


def _code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def test_the_candidates_copy_is_accessible_too(running: Browser, served: Served, tmp_path: Path) -> None:
    """Its sandbox lets no script run, not even axe; so the very same bytes are looked at from disk."""
    response = requests.get(f"{served.base}{served.link}report.html")
    assert response.status_code == 200 and response.headers["Content-Security-Policy"].startswith("sandbox;")
    file = tmp_path / "copy.html"
    file.write_bytes(response.content)
    page = Surfer(running, "", width=360, scheme="dark")
    page.open(file)
    assert page.axe() == []


def test_everything_is_reached_by_keyboard(running: Browser, served: Served) -> None:
    page = Surfer(running, served.base, private=True)
    sign_in(page, "ivan")
    page.go("/submissions/?state=running")
    page.key("Tab", 9)
    assert page.ask("document.activeElement.textContent") == "Skip to the content"
    page.key("Enter", 13, "\r")
    page.until("document.activeElement.id === 'main'")
    reached = set()
    for _ in range(30):
        page.key("Tab", 9)
        reached.add(str(page.ask("document.activeElement.id || document.activeElement.textContent.trim()")))
    assert {"q", "state", "requisition", "Filter", "sort-created", f"s{served.running.pk}"} <= reached
    page.go(f"/submissions/{served.running.pk}/")
    page.ask("document.querySelector('.me summary').focus()")
    page.key("Enter", 13, "\r")
    page.until("document.querySelector('.me').open")
    page.key("Tab", 9)
    assert page.ask("document.activeElement.textContent") == "API tokens"
    page.ask("document.querySelector('#decisions details').open = true")
    page.choose(**{"overall-verdict": "advance"})
    page.ask("document.querySelector('[name=\"overall-reason\"]').focus()")
    for letter in "Seen and good":
        page.key(letter, ord(letter.upper()), letter)
    page.key("Tab", 9)
    page.browser.events.clear()
    page.key("Enter", 13, "\r")
    page.until_it_says("Kept: invite to the next step, decided before you saw the score.")


def test_the_live_part_is_swapped_without_a_reload(running: Browser, served: Served, signed_in: None) -> None:
    page = Surfer(running, served.base)
    page.go(f"/submissions/{served.running.pk}/")
    page.ask("window.stays = true")
    served.queue.run(served.running.job, StageProgress("load", "ok", 30.0), StageProgress("drift", "running", 1.0, "covariate, severity 0.5"))
    page.until_it_says("Being graded: drift")
    assert page.ask("window.stays") is True
    requested = [event["request"]["url"] for event in page.said("Network.requestWillBeSent")]
    assert all(url.startswith(served.base) or url.startswith("data:") for url in requested), requested
