"""A blind view says nowhere whose submission it is; the candidate's copy says why, and nothing that is not theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from queue_in_memory import QueueInMemory

from grader.jobs import JobState, JobStatus, StageProgress
from grader.web import erasure, seam, tokens
from grader.web.models import ApiToken, Contest, Decision, Requisition, ResultView, ShareLink, Submission, Tombstone, User
from harness.source import authors
from harness.source.authors import Author

Clients = Callable[..., Client]
Make = Callable[..., Submission]
TELLING = re.compile(r"\bgrace\b|hopper|fraud-service-gh|git\.example\.org", re.IGNORECASE)


@pytest.fixture
def row(requisition: Requisition, hand_in: Make, graded: Make, result_json: bytes) -> Submission:
    requisition.blind = True
    requisition.save()
    made = hand_in("https://git.example.org/ghopper/fraud-service-gh", "Grace Hopper", email="grace.hopper@example.org")
    return graded(made, notes=["Grace Hopper wrote this in /srv/ghopper/app"], headline="the service of ghopper answers")


def _token(user: User) -> None:
    """`t` reads for this user."""
    expires = timezone.now() + timedelta(days=1)
    ApiToken.objects.create(user=user, name="x", digest=tokens.digest("t"), hint="h", scopes=["read"], expires=expires)


def test_interviewers_of_a_blind_requisition_see_no_name_anywhere(
    client_of: Clients, interviewer: User, requisition: Requisition, row: Submission
) -> None:
    client = client_of(interviewer)
    client.post(f"/submissions/{row.pk}/reveal/")
    _token(interviewer)
    pages = [
        "/submissions/", f"/submissions/{row.pk}/", f"/submissions/{row.pk}/report/", f"/submissions/{row.pk}/report.html",
        f"/submissions/{row.pk}/result.json", f"/requisitions/{requisition.pk}/", f"/requisitions/{requisition.pk}/compare/",
        "/api/submissions", f"/api/submissions/{row.pk}", f"/api/submissions/{row.pk}/result",
    ]  # fmt: skip
    for path in pages:
        text = client.get(path, headers={"Authorization": "Bearer t"}).content.decode()
        found = TELLING.search(text)
        assert found is None, f"{path}: {text[max(0, found.start() - 80) : found.end() + 80]}"
        assert row.candidate.pseudonym in text or path.endswith(f"requisitions/{requisition.pk}/"), path


def test_what_others_wrote_does_not_tell_either(
    client_of: Clients, interviewer: User, recruiter: User, requisition: Requisition, row: Submission
) -> None:
    Decision.objects.create(submission=row, area="overall", verdict="advance", reason="Hopper is known to us", score_seen=True, author=recruiter)
    Tombstone.objects.create(requisition=requisition, pseudonym="C-ERASED", submissions=1, reason="Hopper asked for it", by="ada")
    _token(interviewer)
    client = client_of(interviewer)
    for path, shows in (
        (f"/submissions/{row.pk}/", "[hidden] is known to us"), (f"/api/submissions/{row.pk}/decisions", "[hidden] is known to us"),
        (f"/requisitions/{requisition.pk}/", "C-ERASED"),
    ):  # fmt: skip
        text = client.get(path, headers={"Authorization": "Bearer t"}).content.decode()
        assert shows in text and TELLING.search(text) is None, path
    assert "Hopper is known to us" in client_of(recruiter).get(f"/submissions/{row.pk}/").content.decode()
    assert "Hopper asked for it" in client_of(recruiter).get(f"/requisitions/{requisition.pk}/").content.decode()


def test_commit_authors_are_hidden_and_go_with_the_candidate(
    client_of: Clients, interviewer: User, recruiter: User, requisition: Requisition, hand_in: Make, graded: Make
) -> None:
    Requisition.objects.update(blind=True)
    row = hand_in("https://git.example.org/team-7/work", "Grace Hopper")
    key = f"results/{row.job}/authors.json"
    kept = authors.dump([Author("Katherine Johnson", "kjohnson@example.org"), Author("Bo Li", "7+bolicodes@users.noreply.example.org")])
    seam.store().put_once(key, kept.encode())
    row = graded(row, notes=["by Katherine Johnson and bolicodes"], headline="kjohnson@example.org, for Bo Li")
    Decision.objects.create(submission=row, area="overall", verdict="hold", reason="Johnson is known to us", score_seen=True, author=recruiter)
    client = client_of(interviewer)
    client.post(f"/submissions/{row.pk}/reveal/")
    for name in ("", "report.html", "result.json"):
        text = client.get(f"/submissions/{row.pk}/{name}").content.decode()
        assert "[hidden]" in text and re.search("johnson|boli|bo li", text, re.IGNORECASE) is None, name
    plain = client_of(recruiter)
    plain.post(f"/submissions/{row.pk}/reveal/")
    assert "Katherine Johnson" in plain.get(f"/submissions/{row.pk}/report.html").content.decode()
    erasure.erase(row.candidate, "asked for", "ada")
    assert not seam.store().has(key)


def test_a_list_of_authors_that_cannot_be_read_shows_no_blind_report(
    client_of: Clients, interviewer: User, requisition: Requisition, hand_in: Make, graded: Make
) -> None:
    Requisition.objects.update(blind=True)
    row = hand_in()
    seam.store().put_once(f"results/{row.job}/authors.json", b"x")
    row = graded(row, notes=["by Katherine Johnson"])
    response = client_of(interviewer).get(f"/submissions/{row.pk}/report.html")
    assert response.status_code == 503 and b"Johnson" not in response.content


def test_a_blind_administrator_reads_no_name_in_the_audit_log(client_of: Clients, admin: User, recruiter: User, row: Submission) -> None:
    decided = {"overall-area": "overall", "overall-verdict": "hold", "overall-reason": "Grace Hopper is known to us"}
    client_of(recruiter).post(f"/submissions/{row.pk}/decide/", decided)
    client = client_of(admin)
    assert TELLING.search(client.get("/audit/").content.decode())
    client.post("/blind/")
    text = client.get("/audit/").content.decode()
    assert TELLING.search(text) is None and "[hidden]" in text and row.candidate.pseudonym in text and "hold" in text


def test_no_stage_and_no_trouble_tells_either(
    client_of: Clients, interviewer: User, recruiter: User, requisition: Requisition, hand_in: Make, jobs: QueueInMemory
) -> None:
    Requisition.objects.update(blind=True)
    requisition.refresh_from_db()
    row = hand_in("https://git.example.org/ghopper/fraud-service-gh", "Grace Hopper")
    telling = "git.example.org/ghopper/fraud-service-gh answers slowly"
    _token(interviewer)
    running, queued = JobStatus(JobState.RUNNING), JobStatus(JobState.QUEUED, error=telling, not_before=1.0)
    for status in (running, queued):
        jobs.states[row.job], jobs.stages[row.job] = status, [StageProgress("clone", "running", 1.0, telling)]
        for path in (row.get_absolute_url(), f"/submissions/{row.pk}/live/", f"/api/submissions/{row.pk}/progress"):
            text = client_of(interviewer).get(path, headers={"Authorization": "Bearer t"}).content.decode()
            assert "clone" in text and not TELLING.search(text), path
            assert ("The last try gave nothing" in text) == (status is queued)
        assert telling in client_of(recruiter).get(row.get_absolute_url()).content.decode()


def test_the_note_of_a_stage_that_has_ended_tells_how_it_went_and_waits_for_the_score(
    client_of: Clients, interviewer: User, hand_in: Make, graded: Make, jobs: QueueInMemory
) -> None:
    row = hand_in()
    stages = [StageProgress("load", "failed", 9.0, "p99 was 900 ms"), StageProgress("chaos", "running", 1.0, "killing the store")]
    jobs.run(row.job, *stages)
    client = client_of(interviewer)
    _token(interviewer)

    def shown() -> list[str]:
        paths = (row.get_absolute_url(), f"/api/submissions/{row.pk}/progress")
        return [client.get(path, headers={"Authorization": "Bearer t"}).content.decode() for path in paths]

    assert all("p99 was 900 ms" not in text and "killing the store" in text for text in shown())
    graded(row)
    assert all("p99 was 900 ms" not in text for text in shown())
    client.post(f"/submissions/{row.pk}/reveal/")
    assert all("p99 was 900 ms" in text for text in shown())
    failed = hand_in("https://git.example.org/no/score")
    jobs.run(failed.job, *stages)
    jobs.fail(failed.job, "no repository")
    assert "p99 was 900 ms" in client.get(f"/submissions/{failed.pk}/live/").content.decode(), "no score will come"


def test_a_search_does_not_tell_either(client_of: Clients, interviewer: User, recruiter: User, row: Submission) -> None:
    link = row.get_absolute_url()
    for words in ("Grace", "ghopper", "example.org"):
        assert link not in client_of(interviewer).get("/submissions/", {"q": words}).content.decode(), words
        assert link in client_of(recruiter).get("/submissions/", {"q": words}).content.decode(), words
    assert link in client_of(interviewer).get("/submissions/", {"q": row.candidate.pseudonym}).content.decode()


def test_anybody_may_choose_not_to_see_names(client_of: Clients, recruiter: User, row: Submission) -> None:
    client = client_of(recruiter)
    assert "Grace" in client.get("/submissions/").content.decode()
    client.post("/blind/")
    for path in ("/submissions/", row.get_absolute_url(), f"/submissions/{row.pk}/report.html"):
        assert not TELLING.search(client.get(path).content.decode()), path


def share(client: Client, row: Submission, days: int = 7) -> str:
    page = client.post(f"/submissions/{row.pk}/share/", {"link-days": days}).content.decode()
    found = re.search(r'value="http://testserver(/c/[^"]+)"', page)
    assert found, page
    return found[1]


def test_the_candidates_copy_has_reasons_and_no_seeds_and_no_interview(client_of: Clients, recruiter: User, row: Submission) -> None:
    plain = client_of(recruiter).get(f"/submissions/{row.pk}/report.html").content.decode()
    link = share(client_of(recruiter), row)
    assert Client().get(link).status_code == 200
    response = Client().get(f"{link}report.html")
    copy = response.content.decode()
    assert response.status_code == 200 and response.headers["Content-Security-Policy"].startswith("sandbox;")
    assert "Interview plan" in plain and "Interview plan" not in copy and "Red flags" not in copy
    assert "Seed digests" in plain and "Seed digests" not in copy
    assert "Ledger" in copy and "candidate&#39;s copy" in copy
    kept = ShareLink.objects.get()
    assert kept.opened == 1 and link.split("/")[2] not in kept.digest


def test_who_decides_has_seen_the_score_by_opening_the_candidates_copy(
    client_of: Clients, recruiter: User, interviewer: User, person: Callable[..., User], row: Submission
) -> None:
    link = share(client_of(recruiter), row)
    Client().get(link)
    client_of(person("steve")).get(link)
    assert not ResultView.objects.exists(), "neither by making the link, nor by the candidate, nor by a stranger to this requisition"
    client_of(recruiter).get(link)
    client_of(interviewer).get(f"{link}report.html")
    assert set(ResultView.objects.values_list("submission", "user")) == {(row.pk, recruiter.pk), (row.pk, interviewer.pk)}


def test_a_candidate_contests_a_check(client_of: Clients, recruiter: User, interviewer: User, row: Submission) -> None:
    link, candidate = share(client_of(recruiter), row), Client()
    for wrong in ({"check_id": "no_such_check", "says": "long enough a text"}, {"check_id": "latency_slo", "says": "short"}, {}):
        assert candidate.post(link, wrong).status_code == 422
    assert candidate.post(link, {"check_id": "latency_slo", "says": "The window held a cold start of ours."}).status_code == 302
    assert "cold start of ours" in candidate.get(link).content.decode()
    page = client_of(recruiter).get(row.get_absolute_url()).content.decode()
    assert "Contested by the candidate" in page and "latency_slo" in page
    assert "cold start of ours" not in client_of(interviewer).get(row.get_absolute_url()).content.decode(), "it may say who wrote it"
    assert Client(enforce_csrf_checks=True).post(link, {"check_id": "latency_slo", "says": "long enough a text"}).status_code == 403
    Contest.objects.bulk_create([Contest(submission=row, link=ShareLink.objects.get(), check_id="x", says="y") for _ in range(30)])
    assert candidate.post(link, {"check_id": "latency_slo", "says": "once more and once more"}).status_code == 422


def test_links_end(client_of: Clients, recruiter: User, row: Submission) -> None:
    client = client_of(recruiter)
    link = share(client, row)
    client.post(f"/links/{ShareLink.objects.get().pk}/revoke/")
    second = share(client, row)
    ShareLink.objects.filter(revoked=None).update(expires=timezone.now() - timedelta(seconds=1))
    answers = [Client().get(path) for path in (link, second, "/c/never-was/", f"{link}report.html", f"{second}report.html")]
    assert {answer.status_code for answer in answers} == {410}
    assert len({answer.content for answer in answers}) == 1, "expired, withdrawn and unknown look alike"


def test_only_recruiters_share(client_of: Clients, interviewer: User, row: Submission) -> None:
    assert client_of(interviewer).post(f"/submissions/{row.pk}/share/", {"link-days": 7}).status_code == 403
    assert client_of(interviewer).post("/links/1/revoke/").status_code == 403


def test_a_report_stands_in_a_sandbox_that_runs_nothing(client_of: Clients, recruiter: User, row: Submission) -> None:
    policy = client_of(recruiter).get(f"/submissions/{row.pk}/report.html").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'sha256-") and "allow" not in policy
