"""What people decide is only ever added to, with whether they had seen the score; the notice rule; side by side; the impact export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from queue_in_memory import QueueInMemory

from grader.web import impact, keeper, seam, tokens
from grader.web.models import (
    ApiToken,
    AppendOnlyError,
    Contest,
    Decision,
    Notice,
    Requisition,
    ResultView,
    ShareLink,
    State,
    Submission,
    Tombstone,
    User,
)
from grader.web.models.append_only import AppendOnly
from grader.web.trouble import UnavailableError

Clients = Callable[..., Client]
Make = Callable[..., Submission]


def decide(client: Client, row: Submission, area: str, verdict: str, reason: str = "I saw it with my own eyes.") -> int:
    kind = "overall" if area == "overall" else "area"
    return client.post(f"/submissions/{row.pk}/decide/", {f"{kind}-area": area, f"{kind}-verdict": verdict, f"{kind}-reason": reason}).status_code


def test_before_and_after_the_score_are_told_apart(client_of: Clients, interviewer: User, hand_in: Make, graded: Make) -> None:
    row = graded(hand_in())
    client = client_of(interviewer)
    page = client.get(row.get_absolute_url()).content.decode()
    assert "You have not seen the score" in page and "strong" not in page.split("Decisions of people")[0]
    assert decide(client, row, "deployment", "meets") == 302
    client.post(f"/submissions/{row.pk}/reveal/")
    assert "Open the report" in client.get(row.get_absolute_url()).content.decode()
    assert decide(client, row, "deployment", "strong") == 302
    assert decide(client, row, "overall", "advance") == 302
    kept = list(Decision.objects.values_list("area", "verdict", "score_seen"))
    assert kept == [("deployment", "meets", False), ("deployment", "strong", True), ("overall", "advance", True)]


def test_every_way_to_the_score_counts_as_having_seen_it(
    client_of: Clients, interviewer: User, requisition: Requisition, hand_in: Make, graded: Make
) -> None:
    for number, path in enumerate(("report/", "report.html", "result.json")):
        row = graded(hand_in(f"https://git.example.org/a/{number}"))
        client_of(interviewer).get(f"/submissions/{row.pk}/{path}")
        assert ResultView.objects.filter(submission=row, user=interviewer).exists(), path
    row = graded(hand_in("https://git.example.org/a/compare"))
    client = client_of(interviewer)
    asked = client.get(f"/requisitions/{requisition.pk}/compare/").content.decode()
    assert "not seen the score of 1 of them" in asked and "reaches the bar" not in asked
    assert not ResultView.objects.filter(submission=row, user=interviewer).exists()
    client.post(f"/requisitions/{requisition.pk}/compare/")
    assert ResultView.objects.filter(submission=row, user=interviewer).exists()
    assert "reaches the bar" in client.get(f"/requisitions/{requisition.pk}/compare/").content.decode()


@pytest.mark.parametrize(
    ("area", "verdict", "reason"),
    [
        ("deployment", "meets", "short"),
        ("cooking", "meets", "long enough a reason"),
        ("deployment", "advance", "long enough a reason"),
        ("overall", "meets", "long enough a reason"),
    ],
)
def test_a_decision_without_sense_is_not_kept(client_of: Clients, interviewer: User, hand_in: Make, area: str, verdict: str, reason: str) -> None:
    assert decide(client_of(interviewer), hand_in(), area, verdict, reason) == 422
    assert not Decision.objects.exists()


def test_decisions_and_notices_are_never_changed(interviewer: User, hand_in: Make) -> None:
    row = hand_in()
    kept = Decision.objects.create(submission=row, area="overall", verdict="hold", reason="because of this", score_seen=False, author=interviewer)
    notice = Notice.objects.create(
        candidate=row.candidate, version="1", sent_at=timezone.now(), earliest_assessment=timezone.localdate(), recorded_by=interviewer
    )
    for record in (kept, notice):
        for attempt in (
            record.save,
            record.delete,
            type(record).objects.all().delete,
            lambda record=record: type(record).objects.update(created=None),
        ):
            with pytest.raises(AppendOnlyError):
                attempt()


def test_the_database_keeps_them_from_whoever_goes_around_the_models(interviewer: User, hand_in: Make) -> None:
    row = hand_in()
    Decision.objects.create(submission=row, area="overall", verdict="hold", reason="because of this", score_seen=False, author=interviewer)
    told = {"version": "1", "sent_at": timezone.now(), "earliest_assessment": timezone.localdate(), "recorded_by": interviewer}
    Notice.objects.create(candidate=row.candidate, **told)
    link = ShareLink.objects.create(submission=row, created_by=interviewer, expires=timezone.now())
    Contest.objects.create(submission=row, link=link, check_id="latency_slo", says="no")
    Tombstone.objects.create(requisition=row.requisition, pseudonym="C-OTHER2", submissions=1, reason="asked", by="ada")
    connection.check_constraints()  # PostgreSQL truncates nothing that has checks to come
    for model in AppendOnly.__subclasses__():
        assert model.objects.count() == 1
        table = model._meta.db_table
        changes = [f"UPDATE {table} SET created = created", f"DELETE FROM {table}"]
        if connection.vendor == "postgresql":
            changes += [f"TRUNCATE {table} CASCADE"]
        else:
            changes += [f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"]
        for change in changes:
            with pytest.raises(DatabaseError, match=f"rows of {table}"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(change)
        assert model.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no INSERT OR REPLACE")
def test_no_other_tombstone_takes_the_place_of_one(requisition: Requisition) -> None:
    Tombstone.objects.create(requisition=requisition, pseudonym="C-OTHER2", submissions=1, reason="asked", by="ada")
    columns, anew = 'requisition_id, pseudonym, submissions, reason, "by", created', "requisition_id, pseudonym, 0, 'never', 'nobody', created"
    change = f"INSERT OR REPLACE INTO web_tombstone ({columns}) SELECT {anew} FROM web_tombstone"
    with pytest.raises(DatabaseError, match="rows of web_tombstone"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert Tombstone.objects.get().reason == "asked"


def test_grading_waits_for_the_notice_and_its_day(
    client_of: Clients, recruiter: User, requisition: Requisition, hand_in: Make, jobs: QueueInMemory
) -> None:
    requisition.notice_due = True
    requisition.save()
    row = hand_in()
    assert row.state == State.WAITING and "notice" in row.waiting_for and not jobs.jobs
    keeper.one_pass()
    assert not jobs.jobs
    client, today = client_of(recruiter), timezone.localdate()
    sent = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    fields = {"notice-version": "2026-03", "notice-sent_at": sent}
    assert (
        client.post(f"/submissions/{row.pk}/notice/", fields | {"notice-earliest_assessment": (today + timedelta(days=3)).isoformat()}).status_code
        == 302
    )
    row.refresh_from_db()
    assert row.state == State.WAITING and (today + timedelta(days=3)).isoformat() in row.waiting_for
    assert keeper.holds_back(row, today + timedelta(days=2)) and not keeper.holds_back(row, today + timedelta(days=3))
    assert client.post(f"/submissions/{row.pk}/notice/", fields | {"notice-earliest_assessment": today.isoformat()}).status_code == 302
    row.refresh_from_db()
    assert row.state == State.QUEUED and Notice.objects.count() == 2


def test_those_who_wait_do_not_keep_others_from_starting(
    recruiter: User, requisition: Requisition, hand_in: Make, jobs: QueueInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BATCH", 2)
    strict = Requisition.objects.create(title="S", challenge="fraud-scoring", mode="quick", owner=recruiter)
    for number in range(5):
        hand_in(f"https://git.example.org/w/{number}", into=strict)
    jobs.down = True
    late = hand_in("https://git.example.org/late/one")
    jobs.down = False
    keeper.one_pass()
    late.refresh_from_db()
    assert late.state == State.QUEUED and jobs.submitted == 1


def test_a_result_that_nobody_can_read_ends_as_not_graded_and_holds_up_nobody_else(hand_in: Make, graded: Make, jobs: QueueInMemory) -> None:
    missing, foreign, sound = (hand_in(f"https://git.example.org/b/{number}") for number in range(3))
    seam.store().put_once(f"results/{foreign.job}/result.json", b'{"schema": 99}')
    jobs.finish(missing.job)
    jobs.finish(foreign.job)
    graded(sound)
    for row, why in ((missing, "not in the artifact store"), (foreign, "written by another version")):
        row.refresh_from_db()
        assert row.state == State.FAILED and row.ended and why in row.error
    assert sound.state == State.GRADED


def test_a_store_that_is_away_ends_nothing(hand_in: Make, graded: Make, jobs: QueueInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    row = hand_in()
    jobs.finish(row.job)

    def away() -> None:
        raise UnavailableError("The artifact store does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(seam, "store", away)
        keeper.one_pass()
    row.refresh_from_db()
    assert row.state == State.QUEUED
    assert graded(row).state == State.GRADED


def test_a_submission_that_the_queue_has_lost_is_queued_anew_or_cancelled(hand_in: Make, graded: Make, jobs: QueueInMemory) -> None:
    lost, unwanted = hand_in("https://git.example.org/l/1"), hand_in("https://git.example.org/l/2")
    jobs.down = True
    with pytest.raises(UnavailableError):
        keeper.one_pass()
    jobs.down = False
    jobs.jobs.clear(), jobs.states.clear()
    lost.refresh_from_db()
    assert lost.state == State.QUEUED, "a queue that does not answer says nothing about it"
    assert keeper.cancel(unwanted)
    keeper.one_pass()
    keeper.one_pass()
    for row in (lost, unwanted):
        row.refresh_from_db()
    assert unwanted.state == State.CANCELLED and lost.state == State.QUEUED and list(jobs.jobs) == [lost.job]
    assert graded(lost).state == State.GRADED


def test_a_notice_that_was_not_sent_yet_is_not_recorded(client_of: Clients, recruiter: User, hand_in: Make) -> None:
    row = hand_in()
    later = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    fields = {"notice-version": "1", "notice-sent_at": later, "notice-earliest_assessment": timezone.localdate().isoformat()}
    answer = client_of(recruiter).post(f"/submissions/{row.pk}/notice/", fields)
    assert answer.status_code == 422 and "This is in the future" in " ".join(answer.context["notice_form"].errors["sent_at"])
    assert not Notice.objects.exists()


def test_what_is_asked_is_fixed_once_somebody_is_queued(client_of: Clients, recruiter: User, requisition: Requisition, hand_in: Make) -> None:
    fields = {"title": "New title", "challenge": "fraud-scoring", "mode": "full", "bar_monitoring": "strong", "notice_exemption": "a demonstration"}
    client = client_of(recruiter)
    hand_in()
    assert client.post(f"/requisitions/{requisition.pk}/edit/", fields).status_code == 302
    requisition.refresh_from_db()
    assert (requisition.title, requisition.mode, requisition.bars) == ("New title", "quick", {"deployment": "solid"})


@pytest.mark.parametrize("act", ["edit", "close"])
def test_a_requisition_is_locked_before_it_is_changed(client_of: Clients, recruiter: User, requisition: Requisition, act: str) -> None:
    """Written as it was read a moment ago, it would lose the mark that somebody was queued meanwhile."""
    fields = {"title": "New", "challenge": "fraud-scoring", "mode": "quick", "notice_exemption": "x"}
    client = client_of(recruiter)
    with CaptureQueriesContext(connection) as made:
        assert client.post(f"/requisitions/{requisition.pk}/{act}/", fields).status_code == 302
    said = [query["sql"] for query in made]
    read = next(place for place, sql in enumerate(said) if sql.startswith("SELECT") and 'FROM "web_requisition"' in sql)
    assert any(sql.startswith("SAVEPOINT") for sql in said[:read]) and any(sql.startswith('UPDATE "web_requisition"') for sql in said[read:])
    assert connection.vendor == "sqlite" or "FOR UPDATE" in said[read], "on SQLite the transaction itself is the lock"


def test_a_requisition_without_notice_says_why(client_of: Clients, recruiter: User) -> None:
    fields = {"title": "T", "challenge": "fraud-scoring", "mode": "quick", "bar_deployment": "solid", "modules": ["mlops"]}
    response = client_of(recruiter).post("/requisitions/new/", fields)
    assert response.status_code == 422 and b"Say why no notice is due" in response.content
    assert client_of(recruiter).post("/requisitions/new/", fields | {"notice_due": "on"}).status_code == 302
    made = Requisition.objects.get()
    assert made.bars == {"deployment": "solid"} and made.modules == ["mlops"] and made.owner == recruiter


def test_results_of_two_rubrics_do_not_stand_in_one_table(
    client_of: Clients, recruiter: User, requisition: Requisition, hand_in: Make, graded: Make
) -> None:
    graded(hand_in("https://git.example.org/z/one", "Zoe"))
    graded(hand_in("https://git.example.org/a/two", "Ada"))
    graded(hand_in("https://git.example.org/b/three", "Bob"), rubric_digest="f" * 64)
    client = client_of(recruiter)
    client.post(f"/requisitions/{requisition.pk}/compare/")
    page = client.get(f"/requisitions/{requisition.pk}/compare/").content.decode()
    assert page.count("<table") == 2 and "cannot be compared" in page
    assert page.index("Ada") < page.index("Zoe"), "in order of names, not of scores"


def test_impact_says_who_was_selected_and_not_who_they_are(interviewer: User, recruiter: User, hand_in: Make, graded: Make) -> None:
    one = graded(hand_in("https://git.example.org/grace/x", "Grace Hopper", email="grace@example.org"))
    hand_in("https://git.example.org/ada/y", "=cmd|calc")
    Decision.objects.create(submission=one, area="overall", verdict="hold", reason="not yet at all", score_seen=False, author=interviewer)
    Decision.objects.create(submission=one, area="overall", verdict="advance", reason="well done indeed", score_seen=True, author=recruiter)
    text = impact.export()
    rows = {row["pseudonym"]: row for row in csv.DictReader(io.StringIO(text))}
    mine = rows[one.candidate.pseudonym]
    assert (mine["decision"], mine["selected"], mine["score_seen"], mine["state"]) == ("advance", "yes", "yes", "graded")
    assert len(rows) == 2 and "Grace" not in text and "grace" not in text and "cmd" not in text


def test_independent_decisions_come_before_those_of_others(
    client_of: Clients, interviewer: User, recruiter: User, admin: User, requisition: Requisition, hand_in: Make, graded: Make
) -> None:
    row = graded(hand_in())
    mine, path = "It did well on the whole.", row.get_absolute_url()
    assert decide(client_of(recruiter), row, "overall", "advance", "Band strong, 97 points.") == 302
    assert "97 points" in client_of(interviewer).get(path).content.decode(), "unless the requisition asks for it"
    Requisition.objects.update(independent=True)
    _token(interviewer)
    reader, program = client_of(interviewer), {"Authorization": "Bearer t"}
    reader.post(f"{path}reveal/")
    page = reader.get(path).content.decode()
    assert "97 points" not in page and "1 of others can be read once yours is kept" in page
    assert Client().get(f"/api{path}decisions", headers=program).json() == []
    assert decide(reader, row, "deployment", "meets", mine) == 302
    page = reader.get(path).content.decode()
    assert "97 points" in page and mine in page
    assert [made["reason"] for made in Client().get(f"/api{path}decisions", headers=program).json()] == ["Band strong, 97 points.", mine]
    other = client_of(admin)  # who runs the opening, and may have no opinion to give
    assert "97 points" not in other.get(path).content.decode()
    other.post(f"{path}reveal/")
    assert "97 points" in other.get(path).content.decode()


def test_what_has_no_score_hides_no_decision_from_recruiters(
    client_of: Clients, interviewer: User, admin: User, requisition: Requisition, hand_in: Make
) -> None:
    Requisition.objects.update(independent=True)
    row = hand_in()
    assert decide(client_of(interviewer), row, "overall", "hold", "They have withdrawn.") == 302
    assert "They have withdrawn." in client_of(admin).get(row.get_absolute_url()).content.decode()


def test_a_requisition_says_that_it_asks_for_independent_decisions(client_of: Clients, recruiter: User, requisition: Requisition) -> None:
    client = client_of(recruiter)
    fields = {"title": "T", "challenge": "fraud-scoring", "mode": "quick", "notice_exemption": "a test", "independent": "on"}
    assert client.post(f"/requisitions/{requisition.pk}/edit/", fields).status_code == 302
    assert "independent: others" in client.get(f"/requisitions/{requisition.pk}/").content.decode()


def test_side_by_side_costs_no_question_per_submission(
    client_of: Clients, recruiter: User, requisition: Requisition, hand_in: Make, graded: Make
) -> None:
    client, asked = client_of(recruiter), []
    for number in range(1, 4):
        graded(hand_in(f"https://git.example.org/a/{number}", f"N{number}"))
        client.get(f"/requisitions/{requisition.pk}/compare/")
        with CaptureQueriesContext(connection) as unseen:
            client.get(f"/requisitions/{requisition.pk}/compare/")
        client.post(f"/requisitions/{requisition.pk}/compare/")
        with CaptureQueriesContext(connection) as seen:
            client.get(f"/requisitions/{requisition.pk}/compare/")
        asked.append((len(unseen), len(seen)))
    assert len(set(asked)) == 1, asked


def _token(user: User) -> None:
    """`t` reads for this user."""
    expires = timezone.now() + timedelta(days=1)
    ApiToken.objects.create(user=user, name="x", digest=tokens.digest("t"), hint="h", scopes=["read"], expires=expires)
