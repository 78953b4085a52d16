"""The list with two hundred in the queue, live progress, health, readiness, metrics."""

from __future__ import annotations

import logging
import re
import statistics
from collections.abc import Callable

import pytest
from django.db import OperationalError
from django.test import Client
from queue_in_memory import QueueInMemory

from grader.jobs import StageProgress, WorkerStatus
from grader.web import seam
from grader.web.intake.table import hand_in_table
from grader.web.models import Candidate, Requisition, Submission, User
from grader.web.pages import health
from grader.web.pages.listing import SORTS
from grader.web.trouble import UnavailableError

Clients = Callable[..., Client]
Make = Callable[..., Submission]


def server_ms(response: object) -> float:
    found = re.search(r"dur=([\d.]+)", response.headers["Server-Timing"])  # type: ignore[attr-defined]
    assert found
    return float(found[1])


def test_two_hundred_queued_are_quick(client_of: Clients, recruiter: User, requisition: Requisition) -> None:
    rows = "".join(f"https://git.example.org/people/p{number},Person {number},,\n" for number in range(200))
    hand_in_table(recruiter, requisition, f"url,name,email,reference\n{rows}".encode())
    from grader.web import keeper

    keeper.one_pass()
    assert Submission.objects.filter(state="queued").count() == 200
    client = client_of(recruiter)
    client.get("/submissions/")
    listed = [server_ms(client.get("/submissions/", {"sort": "candidate"})) for _ in range(5)]
    found = [server_ms(client.get("/submissions/", {"q": "Person 1", "state": "queued"})) for _ in range(5)]
    sent = [
        server_ms(client.post(f"/requisitions/{requisition.pk}/hand-in/", {"kind": "url", "url-url": f"https://git.example.org/late/{number}"}))
        for number in range(5)
    ]
    print(f"list {statistics.median(listed):.0f} ms, search {statistics.median(found):.0f} ms, submit {statistics.median(sent):.0f} ms")
    assert statistics.median(listed) <= 300 and statistics.median(found) <= 300 and statistics.median(sent) <= 200


def test_filter_search_and_sort(client_of: Clients, recruiter: User, hand_in: Make, graded: Make) -> None:
    ada, zoe = hand_in("https://git.example.org/x/ada", "Ada"), graded(hand_in("https://git.example.org/x/zoe", "Zoe"))
    client = client_of(recruiter)

    def shown(**asked: str) -> list[int]:
        return [int(pk) for pk in re.findall(r'id="s(\d+)"', client.get("/submissions/", asked).content.decode())]

    assert shown() == [zoe.pk, ada.pk]
    assert shown(sort="candidate") == [ada.pk, zoe.pk] and shown(sort="-candidate") == [zoe.pk, ada.pk]
    assert shown(state="graded") == [zoe.pk] and shown(q="ada") == [ada.pk] and shown(q="x/zo") == [zoe.pk] and shown(q="nobody") == []
    assert shown(state="nonsense", requisition="x", sort="score", page="99") == [zoe.pk, ada.pk], "no order by score is offered"
    assert shown(rows="1") == [zoe.pk, ada.pk]
    for strange in ("²", "9" * 30, "9" * 5000):
        assert shown(requisition=strange) == [zoe.pk, ada.pk], "what no key can be is no filter"


def test_no_row_stands_on_two_pages_or_none(client_of: Clients, recruiter: User, requisition: Requisition) -> None:
    rows = "".join(f"https://git.example.org/people/p{number}\n" for number in range(120))
    hand_in_table(recruiter, requisition, f"url\n{rows}".encode())
    Submission.objects.update(created=Submission.objects.earliest("pk").created)
    Candidate.objects.update(name="Same Name")
    for sort in (*SORTS, *(f"-{name}" for name in SORTS)):
        pages = [client_of(recruiter).get("/submissions/", {"sort": sort, "page": number}).content.decode() for number in (1, 2, 3)]
        shown = [pk for page in pages for pk in re.findall(r'id="s(\d+)"', page)]
        assert len(shown) == len(set(shown)) == 120, sort
    assert all(names[-1].removeprefix("-") == "pk" for names in SORTS.values())


def test_stages_are_shown_while_they_run_and_polling_ends(
    client_of: Clients, recruiter: User, hand_in: Make, graded: Make, jobs: QueueInMemory
) -> None:
    first, second = hand_in("https://git.example.org/x/1"), hand_in("https://git.example.org/x/2")
    client = client_of(recruiter)
    page = client.get(second.get_absolute_url()).content.decode()
    assert "number 2" in page and "expected wait about 4 minutes" in page and 'hx-trigger="every 2s"' in page
    jobs.run(first.job, StageProgress("clone", "ok", 1.25), StageProgress("load", "running", 7.0, "window steady"))
    live = client.get(f"/submissions/{first.pk}/live/")
    text = live.content.decode()
    assert "Being graded: load" in text and "window steady" in text and 'hx-trigger="every 2s"' in text
    graded(first)
    ended = client.get(f"/submissions/{first.pk}/live/")
    assert "hx-trigger" not in ended.content.decode() and ended.headers["HX-Refresh"] == "true"
    jobs.workers = [WorkerStatus("bench", "ready", "", 0, 1, 99.0, False)]
    assert "No worker takes work just now" in client.get(second.get_absolute_url()).content.decode()
    jobs.workers = [WorkerStatus("bench", "waiting", "no Docker Engine answers", 0, 1, 0.1, True)]
    assert "no Docker Engine answers" in client.get(second.get_absolute_url()).content.decode()


def test_health_and_readiness(jobs: QueueInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}
    assert Client().get("/readyz").json() == {"ready": True, "parts": {"database": "ok", "store": "ok", "queue": "ok"}}
    jobs.down = True
    response = Client().get("/readyz")
    assert response.status_code == 503 and response.json()["parts"]["queue"] == "the queue does not answer; the log says why"
    assert Client().get("/healthz").status_code == 200
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
    assert "migrations are missing" in Client().get("/readyz").json()["parts"]["database"]


def test_what_a_driver_says_of_hosts_and_users_stays_in_the_log(
    client_of: Clients, recruiter: User, hand_in: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("grader"), "propagate", True)
    row, words = hand_in(), 'connection to server at "10.9.8.7" failed: no password for user "grader"'

    def away() -> None:
        raise UnavailableError(f"The database of the queue does not answer: {words}")

    def broken(request: object) -> None:
        raise OperationalError(words)

    monkeypatch.setattr(seam, "queue", away)
    monkeypatch.setattr(seam, "store", away)
    monkeypatch.setattr(health, "MigrationExecutor", broken)
    answers = [Client().get("/readyz"), client_of(recruiter).post(f"/submissions/{row.pk}/cancel/")]
    for answer in answers:
        text = answer.content.decode()
        assert answer.status_code == 503 and "does not answer" in text and "10.9.8.7" not in text and "no password" not in text
    facts = [getattr(record, "facts", {}) for record in caplog.records]
    assert {fact.get("part") for fact in facts if "10.9.8.7" in fact.get("error", "")} == {"database", "store", "queue", None}


def test_metrics_count_and_name_nobody(client_of: Clients, recruiter: User, hand_in: Make) -> None:
    row = hand_in("https://git.example.org/grace/x", "Grace")
    client_of(recruiter).get(row.get_absolute_url())
    text = Client().get("/metrics").content.decode()
    assert 'grader_submissions{state="queued"} 1.0' in text and 'route="submission"' in text and "grader_jobs 0" in text
    assert "Grace" not in text and f"/submissions/{row.pk}" not in text
    Client().generic("MADEUP", "/healthz")
    text = Client().get("/metrics").content.decode()
    assert "MADEUP" not in text and 'method="other",route="healthz"' in text


def test_metrics_of_a_public_service_need_a_token(monkeypatch: pytest.MonkeyPatch, recruiter: User) -> None:
    public = health.service_settings().model_copy(update={"public_url": "https://grader.example.org"})
    monkeypatch.setattr(health, "service_settings", lambda: public)
    assert Client().get("/metrics").status_code == 401
