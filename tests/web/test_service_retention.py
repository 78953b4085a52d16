"""Each class of data has its own time; a hold stops them all; nothing goes before somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from auditlog.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from queue_in_memory import QueueInMemory
from test_service_intake import member, packed

from grader.schema.causes import Trouble, UsageError
from grader.web import erasure, keeper, retention, seam
from grader.web.commands import erase, retain
from grader.web.intake.submit import judge_anew
from grader.web.models import Candidate, Delivery, Requisition, Submission, Tombstone, User, Webhook

Clients = Callable[..., Client]
Make = Callable[..., Submission]
ARCHIVE = packed((member("Dockerfile"), b"FROM scratch"))
EVERYTHING = dict.fromkeys(retention.CLASSES, 30)


def found(days: dict[str, int], *, apply: bool = False) -> list[str]:
    return [f"{id}: {name}" for id, name in retention.retain(days, apply=apply)]


def grow_old(days: int) -> None:
    """Everything of today happened `days` ago."""
    past = timezone.now() - timedelta(days=days)
    Submission.objects.update(ended=past)
    Candidate.objects.update(created=past)
    Delivery.objects.update(created=past)
    LogEntry.objects.update(timestamp=past)


@pytest.fixture
def row(client_of: Clients, recruiter: User, requisition: Requisition, graded: Make) -> Submission:
    """A graded archive with evidence and a webhook message."""
    Webhook.objects.create(requisition=requisition, url="https://hooks.example.org/x", created_by=recruiter)
    form = {"kind": "archive", "archive-archive": SimpleUploadedFile("a.tgz", ARCHIVE)}
    client_of(recruiter).post(f"/requisitions/{requisition.pk}/hand-in/", form)
    made = graded(Submission.objects.get())
    seam.store().put_once(f"results/{made.job}/bundle.tar.gz", b"evidence")
    Delivery.objects.update(next_try=None)
    assert Delivery.objects.exists()
    return made


def keys(row: Submission) -> tuple[str, str]:
    return f"uploads/{row.origin.removeprefix('upload:')}", f"results/{row.job}/bundle.tar.gz"


def test_each_class_goes_at_its_own_time_and_only_when_told(row: Submission, capsys: pytest.CaptureFixture[str]) -> None:
    archive, evidence = keys(row)
    grow_old(40)
    assert found({"archives": 50, "evidence": 50, "messages": 50, "audit": 50}) == []
    retain.command(["archives=30", "evidence=50", "messages=30"])
    assert capsys.readouterr().out.splitlines() == [
        f"would remove archives: archive of submission {row.pk}", f"would remove messages: message {Delivery.objects.get().pk}"
    ]  # fmt: skip
    assert seam.store().has(archive) and Delivery.objects.exists()
    retain.command(["archives=30", "evidence=50", "messages=30"], apply=True)
    assert capsys.readouterr().out.startswith("removed archives")
    assert not seam.store().has(archive) and seam.store().has(evidence) and not Delivery.objects.exists()
    assert found({"evidence": 30}, apply=True) == [f"evidence: evidence of submission {row.pk}"] and not seam.store().has(evidence)
    assert seam.store().has(f"results/{row.job}/result.json"), "the result stays"
    assert found({"archives": 30, "evidence": 30, "messages": 30}) == [], "what is gone is not named again"


def test_the_audit_log_goes_by_its_age(row: Submission) -> None:
    grow_old(40)
    LogEntry.objects.filter(pk=LogEntry.objects.order_by("pk").values_list("pk", flat=True)[0]).update(timestamp=timezone.now())
    count = LogEntry.objects.count()
    assert count > 1
    assert found({"audit": 30}, apply=True) == [f"audit: {count - 1} entries of the audit log"]
    assert LogEntry.objects.count() == 1


def test_a_candidate_goes_when_the_requisition_is_closed(row: Submission) -> None:
    grow_old(40)
    assert found({"candidates": 30}) == [], "the requisition is still open"
    Requisition.objects.update(closed=True)
    assert found({"candidates": 50}) == []
    pseudonym = row.candidate.pseudonym
    assert found({"candidates": 30}) == [f"candidates: {pseudonym}"] and Candidate.objects.exists()
    assert found({"candidates": 30}, apply=True) == [f"candidates: {pseudonym}"] and not Candidate.objects.exists()
    stone = Tombstone.objects.get()
    assert stone.by == "retention" and f"nothing since {timezone.now() - timedelta(days=30):%Y-%m-%d}" in stone.reason


def test_a_hold_keeps_every_class(row: Submission) -> None:
    Requisition.objects.update(closed=True)
    grow_old(40)
    assert {line.partition(":")[0] for line in found(EVERYTHING)} == set(retention.CLASSES)
    Candidate.objects.update(legal_hold="case 12/2026")
    LogEntry.objects.update(timestamp=timezone.now() - timedelta(days=39))
    assert found(EVERYTHING, apply=True) == []
    assert all(seam.store().has(key) for key in keys(row)) and Delivery.objects.exists() and LogEntry.objects.exists()


def test_a_hold_that_comes_while_others_are_removed_is_respected(row: Submission, hand_in: Make, graded: Make) -> None:
    second = graded(hand_in("https://git.example.org/late/hold"))
    seam.store().put_once(f"results/{second.job}/bundle.tar.gz", b"evidence")
    Requisition.objects.update(closed=True)
    grow_old(40)
    for days in ({"evidence": 30}, {"candidates": 30}):
        going = retention.retain(days, apply=True)
        assert len([next(going)]) == 1
        Candidate.objects.filter(pk=second.candidate_id).update(legal_hold="case 12/2026")
        assert list(going) == [] and seam.store().has(keys(second)[1])
        Candidate.objects.update(legal_hold="")


def test_who_cannot_be_erased_does_not_keep_the_others(row: Submission, hand_in: Make, graded: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    second = graded(hand_in("https://git.example.org/the/next"))
    Requisition.objects.update(closed=True)
    grow_old(40)
    really, pseudonym = erasure.erase, second.candidate.pseudonym

    def held_meanwhile(person: Candidate, reason: str, by: str) -> Tombstone:
        Candidate.objects.filter(pk=row.candidate_id).update(legal_hold="case 12/2026")
        return really(person, reason, by)

    monkeypatch.setattr(erasure, "erase", held_meanwhile)
    assert found({"candidates": 30}, apply=True) == [f"candidates: {pseudonym}"]
    assert [person.pk for person in Candidate.objects.all()] == [row.candidate_id]


def test_evidence_that_is_to_be_judged_anew_stays(row: Submission, recruiter: User) -> None:
    grow_old(40)
    anew = judge_anew(recruiter, row)
    assert found({"evidence": 30}, apply=True) == [] and seam.store().has(keys(row)[1])
    keeper.cancel(anew)
    assert found({"evidence": 30}, apply=True) == [f"evidence: evidence of submission {row.pk}"]


def test_an_archive_stays_while_anybody_still_needs_it(row: Submission, client_of: Clients, recruiter: User) -> None:
    other = Requisition.objects.create(title="O", challenge="fraud-scoring", mode="quick", owner=recruiter, notice_due=False, notice_exemption="x")
    grow_old(40)
    form = {"kind": "archive", "archive-archive": SimpleUploadedFile("a.tgz", ARCHIVE)}
    client_of(recruiter).post(f"/requisitions/{other.pk}/hand-in/", form)
    assert found({"archives": 30}, apply=True) == [] and seam.store().has(keys(row)[0])
    second = Submission.objects.get(requisition=other)
    Submission.objects.filter(pk=second.pk).update(ended=timezone.now() - timedelta(days=40))
    Candidate.objects.filter(pk=second.candidate_id).update(legal_hold="case 12/2026")
    assert found({"archives": 30}, apply=True) == [], "another candidate's hold"
    Candidate.objects.update(legal_hold="")
    assert found({"archives": 30}, apply=True) == [f"archives: archive of submission {row.pk}, submission {second.pk}"]


def test_a_message_that_is_still_to_be_told_stays(row: Submission) -> None:
    grow_old(40)
    Delivery.objects.update(next_try=timezone.now())
    assert found({"messages": 30}, apply=True) == [] and Delivery.objects.exists()


@pytest.mark.parametrize(
    "text", ["evidence", "evidence=", "evidence=x", "evidence=-3", "evidence=0", "evidence=36501", "archives=999999999", "results=30"]
)
def test_times_that_cannot_be_used_are_named(text: str) -> None:
    with pytest.raises(UsageError, match=text.partition("=")[0]):
        retain.command([text])


def test_a_queue_that_is_down_loses_nothing(row: Submission, jobs: QueueInMemory) -> None:
    Requisition.objects.update(closed=True)
    grow_old(40)
    jobs.down = True
    with pytest.raises(Trouble):
        retain.command(["candidates=30"], apply=True)
    assert Candidate.objects.exists() and not Tombstone.objects.exists()
    jobs.down = False
    retain.command(["candidates=30"], apply=True)
    assert not Candidate.objects.exists()


def test_erasing_one_that_nobody_knows_says_so() -> None:
    with pytest.raises(UsageError, match="C-NOBODY"):
        erase.command("C-NOBODY", "asked")


def test_the_documentation_names_every_class_as_it_is() -> None:
    text = (Path(__file__).parents[2] / "docs/service.md").read_text()
    for id, data_class in retention.CLASSES.items():
        assert f"| {id} | {data_class.says} | {data_class.after} |" in text
