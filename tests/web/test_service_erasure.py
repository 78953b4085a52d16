"""Erasing a candidate leaves nothing that says who it was, and a tombstone that says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from auditlog.models import LogEntry
from django.apps import apps
from django.core import serializers
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from queue_in_memory import QueueInMemory
from test_service_intake import member, packed

from grader.jobs.model import Job
from grader.web import erasure, keeper, seam
from grader.web.commands import erase
from grader.web.models import Candidate, Contest, Decision, Notice, Requisition, ResultView, ShareLink, State, Submission, Tombstone, User
from grader.web.pages import candidates, results, submissions
from grader.web.trouble import RefusedError, UnavailableError
from harness.source import authors
from harness.source.authors import Author

Clients = Callable[..., Client]
Make = Callable[..., Submission]


def everything() -> str:
    """Every row of the database, as text."""
    return "\n".join(serializers.serialize("json", model.objects.all()) for model in apps.get_models() if model.__name__ != "ContentType")


@pytest.fixture
def row(hand_in: Make, graded: Make, client_of: Clients, recruiter: User, interviewer: User) -> Submission:
    made = graded(hand_in("https://git.example.org/ghopper/x", "Grace Hopper", email="grace@example.org"))
    client = client_of(recruiter)
    client.get(f"/submissions/{made.pk}/report.html")
    client.post(f"/submissions/{made.pk}/share/", {"link-days": 3})
    Contest.objects.create(submission=made, link=ShareLink.objects.get(), check_id="latency_slo", says="Grace disagrees with this")
    Decision.objects.create(submission=made, area="overall", verdict="advance", reason="Grace did very well", score_seen=True, author=interviewer)
    told = {"version": "1", "sent_at": timezone.now(), "earliest_assessment": timezone.localdate(), "recorded_by": recruiter}
    Notice.objects.create(candidate=made.candidate, **told)
    return made


def test_nothing_is_left_but_the_tombstone(row: Submission, client_of: Clients, admin: User, requisition: Requisition) -> None:
    assert "Grace" in everything()
    pseudonym, key = row.candidate.pseudonym, f"results/{row.job}/result.json"
    client = client_of(admin)
    client.post(f"/candidates/{row.candidate_id}/erase/", {"pseudonym": "C-WRONG2", "reason": "asked for it"})
    assert Candidate.objects.exists(), "not without the pseudonym"
    client.post(f"/candidates/{row.candidate_id}/erase/", {"pseudonym": pseudonym, "reason": "asked for it on 2026-11-20"})
    left = everything()
    assert not any(word in left for word in ("Grace", "grace@", "ghopper")), left
    assert seam.store().read(key) is None
    stone = Tombstone.objects.get()
    assert (stone.pseudonym, stone.submissions, stone.by) == (pseudonym, 1, "ada") and "asked for it" in stone.reason
    assert pseudonym in client.get(f"/requisitions/{requisition.pk}/").content.decode()
    assert LogEntry.objects.filter(content_type__model="candidate").count() == 0 and not ShareLink.objects.exists()


def test_a_legal_hold_keeps_them(row: Submission, client_of: Clients, admin: User) -> None:
    client = client_of(admin)
    client.post(f"/candidates/{row.candidate_id}/hold/", {"reason": "case 12/2026"})
    page = client.post(f"/candidates/{row.candidate_id}/erase/", {"pseudonym": row.candidate.pseudonym, "reason": "x"}, follow=True)
    assert "case 12/2026" in page.content.decode() and Candidate.objects.exists()
    client.post(f"/candidates/{row.candidate_id}/hold/", {"reason": ""})
    client.post(f"/candidates/{row.candidate_id}/erase/", {"pseudonym": row.candidate.pseudonym, "reason": "x"})
    assert not Candidate.objects.exists()


def test_a_hold_that_came_after_somebody_looked_keeps_them_too(row: Submission, admin: User) -> None:
    looked_at = row.candidate
    Candidate.objects.update(legal_hold="case 12/2026")
    with pytest.raises(RefusedError, match="case 12/2026"):
        erasure.erase(looked_at, "asked", "ada")
    assert Candidate.objects.exists() and seam.store().has(f"results/{row.job}/result.json") and not Tombstone.objects.exists()


def test_who_is_gone_is_not_erased_twice_and_no_hold_brings_them_back(row: Submission, client_of: Clients, admin: User) -> None:
    looked_at = row.candidate
    client = client_of(admin)
    with CaptureQueriesContext(connection) as made:
        client.post(f"/candidates/{looked_at.pk}/hold/", {"reason": ""})
    changes = [query["sql"] for query in made if query["sql"].startswith('UPDATE "web_candidate"')]
    assert len(changes) == 1 and '"name" =' not in changes[0], "a whole row would be inserted again where it is gone"
    erasure.erase(looked_at, "asked", "ada")
    with pytest.raises(RefusedError, match="erased already"):
        erasure.erase(looked_at, "asked", "ada")
    assert client.post(f"/candidates/{looked_at.pk}/hold/", {"reason": "too late"}).status_code == 404
    assert Tombstone.objects.count() == 1 and not Candidate.objects.exists()


def test_a_reason_that_no_database_keeps_is_refused(row: Submission, client_of: Clients, admin: User) -> None:
    for act in ("hold", "erase"):
        sent = {"pseudonym": row.candidate.pseudonym, "reason": "case\0 12"}
        assert client_of(admin).post(f"/candidates/{row.candidate_id}/{act}/", sent).status_code == 400
    assert not Candidate.objects.exclude(legal_hold="").exists() and not Tombstone.objects.exists()


def test_only_administrators_erase(row: Submission, client_of: Clients, recruiter: User) -> None:
    for act in ("hold", "erase"):
        assert (
            client_of(recruiter).post(f"/candidates/{row.candidate_id}/{act}/", {"pseudonym": row.candidate.pseudonym, "reason": "x"}).status_code
            == 403
        )


def test_what_is_under_way_is_cancelled_first_and_a_queue_that_is_down_changes_nothing(hand_in: Make, row: Submission, jobs: QueueInMemory) -> None:
    running = hand_in("https://git.example.org/running/x")
    with pytest.raises(RefusedError, match="still under way"):
        erasure.erase(running.candidate, "x", "ada")
    jobs.down = True
    with pytest.raises(UnavailableError):
        erasure.erase(row.candidate, "x", "ada")
    assert Candidate.objects.count() == 2 and not Tombstone.objects.exists()


def test_what_was_cancelled_while_it_was_queued_is_found_in_the_queue_too(
    hand_in: Make, jobs: QueueInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = jobs.submit

    def submit(job: Job) -> str:
        id = queued(job)
        Submission.objects.update(state=State.CANCELLED)
        return id

    monkeypatch.setattr(jobs, "submit", submit)
    row = hand_in("https://git.example.org/grace/x")
    row.refresh_from_db()
    assert row.job in jobs.jobs
    erasure.erase(row.candidate, "asked for", "ada")
    assert jobs.jobs == {}


def test_an_archive_that_another_candidate_handed_in_too_stays(
    client_of: Clients, recruiter: User, requisition: Requisition, jobs: QueueInMemory
) -> None:
    content = packed((member("Dockerfile"), b"FROM scratch"))
    other = Requisition.objects.create(title="O", challenge="fraud-scoring", mode="quick", owner=recruiter, notice_due=False, notice_exemption="x")
    for job in (requisition, other):
        client_of(recruiter).post(f"/requisitions/{job.pk}/hand-in/", {"kind": "archive", "archive-archive": SimpleUploadedFile("a.tgz", content)})
    first, second = Submission.objects.order_by("pk")
    for each, left in ((first, True), (second, False)):
        client_of(recruiter).post(f"/submissions/{each.pk}/cancel/")
        erasure.erase(each.candidate, "asked", "ada")
        assert bool(seam.store().read(f"uploads/{first.origin.removeprefix('upload:')}")) is left


def test_whoever_writes_about_somebody_who_is_being_erased_is_told_and_writes_nothing(
    client_of: Clients, recruiter: User, interviewer: User, row: Submission, result_json: bytes
) -> None:
    """Each act finds the submission, and then the candidate goes before it writes."""
    now = timezone.now()
    secret = re.search(r"/c/([\w-]+)/", client_of(recruiter).post(f"/submissions/{row.pk}/share/", {"link-days": 3}).content.decode())
    assert secret
    decision = {"overall-area": "overall", "overall-verdict": "hold", "overall-reason": "More is needed here."}
    notice = {"notice-version": "2", "notice-sent_at": f"{now:%Y-%m-%dT%H:%M}", "notice-earliest_assessment": f"{now:%Y-%m-%d}"}
    acts = [
        (f"/submissions/{row.pk}/decide/", decision), (f"/submissions/{row.pk}/reveal/", {}), (f"/submissions/{row.pk}/notice/", notice),
        (f"/submissions/{row.pk}/share/", {"link-days": 3}), (f"/submissions/{row.pk}/again/", {}),
        (f"/c/{secret[1]}/", {"check_id": "latency_slo", "says": "This was measured wrongly."}),
    ]  # fmt: skip
    for path, fields in acts:
        seam.store().put_once(f"results/{row.job}/result.json", result_json)  # no rollback brings it back
        with transaction.atomic():
            clients = {"reveal": client_of(interviewer), "c": Client()}
            client = next((made for part, made in clients.items() if f"/{part}/" in path), client_of(recruiter))
            patch = pytest.MonkeyPatch()
            for module, name in ((results, "find"), (submissions, "find"), (candidates, "find"), (candidates.results, "load")):
                patch.setattr(module, name, partial(_erased_then, row, getattr(module, name)))
            before = everything_but_the_log()
            answer = client.post(path, fields)
            patch.undo()
            assert answer.status_code == 404 and Tombstone.objects.exists(), path
            assert everything_but_the_log() < before, path
            connection.check_constraints()
            transaction.set_rollback(True)


def _erased_then(row: Submission, find: Callable[..., object], *given: object) -> object:
    """What was there a moment ago."""
    found = find(*given)
    erasure.erase(row.candidate, "asked for", "ada")
    return found


def everything_but_the_log() -> set[tuple[str, int]]:
    """(model, key) of every row that says something about a candidate."""
    models = (Candidate, Contest, Decision, Notice, ResultView, ShareLink, Submission)
    return {(model.__name__, pk) for model in models for pk in model.objects.values_list("pk", flat=True)}


def test_the_reason_that_stays_names_nobody(client_of: Clients, admin: User, row: Submission) -> None:
    seam.store().put_once(f"results/{row.job}/authors.json", authors.dump([Author("Katherine Johnson", "kj@example.org")]).encode())
    reason = "Grace Hopper (ghopper), alias Katherine Johnson, asked for it by grace@example.org"
    client_of(admin).post(f"/candidates/{row.candidate_id}/erase/", {"pseudonym": row.candidate.pseudonym, "reason": reason})
    assert Tombstone.objects.get().reason == "[hidden] ([hidden]), alias [hidden], asked for it by [hidden]"
    left = everything()
    assert not any(word in left for word in ("Grace", "grace@", "ghopper", "Johnson")), left


def test_whoever_erases_hears_where_the_same_address_stands(
    client_of: Clients, admin: User, recruiter: User, row: Submission, hand_in: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Requisition.objects.create(title="B", challenge="fraud-scoring", mode="quick", owner=recruiter, notice_due=False, notice_exemption="x")
    again = hand_in("https://git.example.org/ghopper/y", "Grace", email="GRACE@example.org", into=other)
    fields = {"pseudonym": row.candidate.pseudonym, "reason": "asked for it"}
    said = client_of(admin).post(f"/candidates/{row.candidate_id}/erase/", fields, follow=True).content.decode()
    assert f"{again.candidate.pseudonym} (“B”) too, which was not erased" in said
    assert Candidate.objects.get() == again.candidate
    keeper.cancel(again)
    erase.command(again.candidate.pseudonym, "asked for it")
    assert capsys.readouterr().out == f"erased {again.candidate.pseudonym}\n"
