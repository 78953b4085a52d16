"""Handing in: what is good comes in and is queued once; what is bad is refused in one clear line, on the page and by the API alike."""

from __future__ import annotations

import errno
import gzip
import io
import os
import tarfile
import time
from collections.abc import Callable

import pytest
from auditlog.models import LogEntry
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import OperationalError
from django.test import Client
from queue_in_memory import QueueInMemory

from grader.jobs import Job, JobState, Priority, UnavailableError
from grader.web import erasure, keeper, seam
from grader.web.intake import address, table, tarball
from grader.web.models import Candidate, Requisition, State, Submission, User
from grader.web.trouble import RefusedError

Make = Callable[..., Submission]
Clients = Callable[..., Client]
URL = "https://git.example.org/grace/fraud-service"


@pytest.fixture
def page(client_of: Clients, recruiter: User) -> Client:
    return client_of(recruiter)


def send(client: Client, requisition: Requisition, kind: str, **fields: object) -> object:
    return client.post(f"/requisitions/{requisition.pk}/hand-in/", {"kind": kind} | {f"{kind}-{name}": value for name, value in fields.items()})


def test_one_url_is_accepted_and_queued_at_once(page: Client, requisition: Requisition, jobs: QueueInMemory) -> None:
    began = time.perf_counter()
    response = send(page, requisition, "url", url=f" {URL}/ ", name="Grace Hopper", email="grace@example.org")
    assert time.perf_counter() - began < 0.5
    row = Submission.objects.get()
    assert response.status_code == 302 and response.headers["Location"] == row.get_absolute_url()  # type: ignore[attr-defined]
    assert (row.origin, row.state, row.candidate.name) == (URL, State.QUEUED, "Grace Hopper")
    job = jobs.jobs[row.job]
    assert (job.origin, job.challenge, job.mode, job.attempt, job.owner) == (URL, "fraud-scoring", "quick", 1, str(row.submitted_by_id))
    requisition.refresh_from_db()
    assert requisition.frozen


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://git.example.org/a/b", "only https"),
        ("https://user:secret@git.example.org/a/b", "credentials"),
        ("https://10.1.2.3/a/b", "not a public address"),
        ("https://127.0.0.1/a/b", "not a public address"),
        ("https://169.254.169.254/latest/meta-data", "not a public address"),
        ("https://metadata.example.org/a/b", "not a public address"),
        ("https://nowhere.invalid/a/b", "cannot be resolved"),
        ("https://git.example.org/", "names no repository"),
        ("ext::sh -c id", "not a usable URL"),
        ("file:///etc", "only https"),
        ("upload:", "only https"),
        ("upload:" + "0" * 64, "only https"),
        ("--upload-pack=/bin/sh", "dash"),
        ("https://git.example.org/a\x00b", "Null characters"),
        ("", "required"),
    ],
)
def test_an_unusable_url_is_refused_beside_its_field(page: Client, requisition: Requisition, url: str, says: str) -> None:
    response = send(page, requisition, "url", url=url)
    text = response.content.decode()  # type: ignore[attr-defined]
    assert response.status_code == 422 and says in text  # type: ignore[attr-defined]
    assert 'aria-invalid="true"' in text and "secret" not in text.replace("user:secret@", "")
    assert not Submission.objects.exists() and not Candidate.objects.exists()


def test_a_repeat_is_refused_and_names_the_first(page: Client, requisition: Requisition, hand_in: Make) -> None:
    first = hand_in(URL)
    for url in (URL, f"{URL}.git", f"{URL}.git/", URL.replace("git.example", "GIT.example")):
        response = send(page, requisition, "url", url=url)
        assert response.status_code == 422 and f"/submissions/{first.pk}/" in response.content.decode(), url  # type: ignore[attr-defined]
    assert Submission.objects.count() == 1


def test_a_hundred_rows_with_seven_bad_ones(page: Client, requisition: Requisition, jobs: QueueInMemory) -> None:
    rows = [f"https://git.example.org/people/p{number},Person {number},p{number}@example.org,R-{number}" for number in range(93)]
    bad = {
        10: ("http://git.example.org/plain,,,", "only https"),
        20: ("https://inside.example.org/a/b,,,", "not a public address"),
        30: (",Nobody,,", "url is missing"),
        40: ("https://git.example.org/people/p3,Again,,", "stands in line"),
        50: ("https://git.example.org/people/q1,X,not-an-address,", "not an e-mail"),
        60: ("https://git.example.org/people/q2,a,b@example.org,c,d,e", "cells where the header has"),
        70: ("https://no.such.host.invalid/a/b,,,", "cannot be resolved"),
    }
    for place, (row, _) in bad.items():
        rows.insert(place - 2, row)  # line 1 is the header
    content = "\n".join(["url,name,email,reference", *rows, "", ""]).encode()
    response = send(page, requisition, "table", table=SimpleUploadedFile("hundred.csv", content))
    text = response.content.decode()  # type: ignore[attr-defined]
    assert response.status_code == 200 and "93 taken, 7 left out" in text  # type: ignore[attr-defined]
    for place, (_, reason) in bad.items():
        assert f'<td class="num">{place}</td>' in text and reason in text, place
    assert Submission.objects.count() == 93
    keeper.one_pass()
    assert Submission.objects.filter(state=State.QUEUED).count() == 93 == jobs.submitted


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"repo;who\nhttps://git.example.org/a/b;x\n", "unknown: repo, who; url is missing"),
        (b"name,email\nx,y\n", "url is missing"),
        (b"url,name\r\n\r\n,\r\n", "no row below its first line"),
        (b"url,url\nhttps://git.example.org/a/b,\n", "named twice: url"),
        (b"", "submitted file is empty"),
        (b"url\n" + b"https://git.example.org/a/b\n" * 400_000, "a table has at most 1 MiB"),
        (b"url\n" + b"".join(b"https://git.example.org/p/%d\n" % n for n in range(501)), "more than 500 rows"),
        ("url\nhttps://git.example.org/\xfc\n".encode("latin-1"), "not UTF-8"),
        (b"url\n\x00\n", "NUL bytes"),
        (b'url\n"https://git.example.org/a/b\n', "is not CSV"),
        (b"\x50\x4b\x03\x04" + b"\x00" * 64, "NUL bytes"),
    ],
)
def test_an_unusable_table_keeps_nothing(page: Client, requisition: Requisition, content: bytes, says: str) -> None:
    response = send(page, requisition, "table", table=SimpleUploadedFile("table.csv", content))
    assert response.status_code == 422 and says in response.content.decode()  # type: ignore[attr-defined]
    assert not Submission.objects.exists()


def test_a_row_that_a_column_cannot_hold_is_left_out(page: Client, requisition: Requisition) -> None:
    """PostgreSQL refuses what is longer than its column, and SQLite keeps it."""
    wide = ".".join("ü" * 30)
    rows = [
        f"https://git.example.org/a/b,,{'a' * 250}@example.org,", f"https://{wide}.org/{'a' * 1960},,,", f"https://git.example.org/c/d,{'n' * 121},,",
        "https://git.example.org/e/f,,,",
    ]  # fmt: skip
    response = send(page, requisition, "table", table=SimpleUploadedFile("t.csv", "\n".join(["url,name,email,reference", *rows]).encode()))
    text = response.content.decode()  # type: ignore[attr-defined]
    assert "1 taken, 3 left out" in text and "email has more than 254" in text and "URL is too long" in text and "name has more than 120" in text
    assert Submission.objects.get().origin == "https://git.example.org/e/f"


def test_one_repository_in_other_words_is_a_repeat_within_the_file(page: Client, requisition: Requisition) -> None:
    rows = ['"https://git.example.org/a/b"', "https://GIT.example.org/a/b.git/", "http://git.example.org/c", "https://git.example.org/a/b"]
    content = "\r\n".join(["url", *rows, ""]).encode()
    text = send(page, requisition, "table", table=SimpleUploadedFile("t.csv", content)).content.decode()  # type: ignore[attr-defined]
    assert "1 taken, 3 left out" in text and text.count("The same repository stands in line 2.") == 2
    assert text.index('<td class="num">3</td>') < text.index('<td class="num">4</td>') < text.index('<td class="num">5</td>')


def test_a_database_that_goes_away_in_the_middle_of_a_table_leaves_none_of_it(
    page: Client, requisition: Requisition, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, kept = table.keep, list[Submission]()

    def away(*given: object, **more: object) -> Submission:
        if kept:
            raise OperationalError("server closed the connection unexpectedly")
        kept.append(really(*given, **more))  # type: ignore[arg-type]
        return kept[-1]

    monkeypatch.setattr(table, "keep", away)
    rows = b"url\nhttps://git.example.org/a/b\nhttps://git.example.org/c/d\n"
    response = send(page, requisition, "table", table=SimpleUploadedFile("t.csv", rows))
    assert response.status_code == 503 and "Nothing was changed" in response.content.decode()  # type: ignore[attr-defined]
    assert kept and not Submission.objects.exists() and not Candidate.objects.exists()


def test_name_servers_that_do_not_answer_hold_up_a_table_for_so_long_and_no_longer(
    page: Client, requisition: Requisition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(0.02)
        raise OSError("timed out")

    monkeypatch.setattr(address, "look_up", slow)
    monkeypatch.setattr(table, "PATIENCE_S", 0.05)
    rows = "\n".join(["url", *(f"https://host{number}.example.org/a/b" for number in range(200))]).encode()
    text = send(page, requisition, "table", table=SimpleUploadedFile("t.csv", rows)).content.decode()  # type: ignore[attr-defined]
    assert "0 taken, 200 left out" in text and text.count("took too long for the hosts before it") > 190


def test_what_is_handed_in_by_itself_goes_before_a_table(page: Client, requisition: Requisition, hand_in: Make, jobs: QueueInMemory) -> None:
    send(page, requisition, "table", table=SimpleUploadedFile("t.csv", f"url\n{URL}-1\n".encode()))
    keeper.one_pass()
    row, single = Submission.objects.get(), hand_in(URL)
    assert (jobs.jobs[row.job].priority, jobs.jobs[single.job].priority) == (Priority.LOW, Priority.NORMAL)
    page.post(f"/submissions/{row.pk}/cancel/")
    page.post(f"/submissions/{row.pk}/again/")
    again = Submission.objects.get(attempt=2)
    assert jobs.jobs[again.job].priority == Priority.NORMAL, "somebody asked for this very one"


def test_an_administrator_lets_one_go_first(
    page: Client, client_of: Clients, admin: User, requisition: Requisition, hand_in: Make, jobs: QueueInMemory
) -> None:
    row, boss = hand_in(URL), client_of(admin)
    path = f"/submissions/{row.pk}/first/"
    assert "before all others" not in page.get(row.get_absolute_url()).content.decode()
    assert page.post(path).status_code == 403 and jobs.jobs[row.job].priority == Priority.NORMAL
    assert path in boss.get(row.get_absolute_url()).content.decode()
    jobs.down = True
    assert boss.post(path).status_code == 503
    row.refresh_from_db()
    assert row.priority == Priority.NORMAL
    jobs.down = False
    jobs.hasten(row.job, Priority.HIGH)  # as a service that was stopped before it wrote the row would leave it
    assert boss.post(path).status_code == 302 and jobs.jobs[row.job].priority == Priority.HIGH
    row.refresh_from_db()
    assert row.priority == Priority.HIGH and path not in boss.get(row.get_absolute_url()).content.decode()
    assert LogEntry.objects.get_for_object(row).filter(changes__has_key="priority", actor=admin).count() == 1
    jobs.run(row.job)
    assert "does not wait any more" in boss.post(path, follow=True).content.decode()


def test_what_waits_for_its_notice_keeps_its_place_at_the_front(
    client_of: Clients, admin: User, requisition: Requisition, hand_in: Make, jobs: QueueInMemory
) -> None:
    Requisition.objects.update(notice_due=True)
    requisition.refresh_from_db()
    row = hand_in(URL)
    client_of(admin).post(f"/submissions/{row.pk}/first/")
    assert not jobs.jobs
    Requisition.objects.update(notice_due=False)
    keeper.one_pass()
    row.refresh_from_db()
    assert jobs.jobs[row.job].priority == Priority.HIGH


def test_a_table_with_semicolons_and_a_byte_order_mark_is_read(page: Client, requisition: Requisition) -> None:
    content = "\ufeffURL;Name\r\nhttps://git.example.org/a/b;Zoë\r\n".encode()
    assert send(page, requisition, "table", table=SimpleUploadedFile("excel.csv", content)).status_code == 200  # type: ignore[attr-defined]
    assert Submission.objects.get().candidate.name == "Zoë"


def packed(*members: tuple[tarfile.TarInfo, bytes], kind: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=kind) as archive:
        for member, content in members:
            member.size = len(content) if member.isreg() else member.size
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def test_an_archive_is_kept_under_its_digest(page: Client, requisition: Requisition, jobs: QueueInMemory) -> None:
    content = packed((member("repo/Dockerfile"), b"FROM scratch\n"), (member("repo/link", tarfile.SYMTYPE, "Dockerfile"), b""))
    response = send(page, requisition, "archive", archive=SimpleUploadedFile("mine.tar.gz", content), name="Ada")
    row = Submission.objects.get()
    assert response.status_code == 302 and row.uploaded and row.source == "mine.tar.gz"  # type: ignore[attr-defined]
    assert seam.store().read(tarball.key(row.origin.removeprefix("upload:"))) == content
    assert jobs.jobs[row.job].origin == row.origin
    again = send(page, requisition, "archive", archive=SimpleUploadedFile("other-name.tgz", content))
    assert again.status_code == 422 and "handed in already" in again.content.decode()  # type: ignore[attr-defined]


BOMB = gzip.compress(b"\0" * 512 * 1024 * 64, 9)
HUGE_HEADER = tarfile.TarInfo("x")
HUGE_HEADER.pax_headers = {"comment": "x" * 300_000}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.tar.gz", packed((member("../evil"), b"x")), "leaves its folder"),
        ("a.tar.gz", packed((member("/etc/passwd"), b"x")), "leaves its folder"),
        ("a.tar.gz", packed((member("a/link", tarfile.SYMTYPE, "../../etc"), b"")), "outside of the repository"),
        ("a.tar.gz", packed((member("a/hard", tarfile.LNKTYPE, "/etc/shadow"), b"")), "neither a file"),
        ("a.tar.gz", packed((member("dev", tarfile.CHRTYPE), b"")), "neither a file"),
        ("a.tar.gz", packed((member("A"), b"x"), (member("a"), b"y")), "differ only in case"),
        ("a.tar.gz", packed((HUGE_HEADER, b"x")), "extended header"),
        ("a.tar.gz", packed((member("a"), b"x"))[:-40], "not a whole tar archive"),
        ("a.tar.gz", b"PK\x03\x04 no tar at all", "not a whole tar archive"),
        ("a.tar.gz", packed((member("only/", tarfile.DIRTYPE), b"")), "holds no file"),
        ("a.tar.gz", BOMB, "holds no file"),
        ("a.zip", packed((member("a"), b"x")), "An archive ends with"),
    ],
)
def test_a_hostile_archive_is_refused_and_not_kept(page: Client, requisition: Requisition, name: str, content: bytes, says: str) -> None:
    response = send(page, requisition, "archive", archive=SimpleUploadedFile(name, content))
    assert response.status_code == 422 and says in response.content.decode(), response.content.decode()[-1500:]  # type: ignore[attr-defined]
    assert not Submission.objects.exists()


def test_files_beyond_the_challenges_limit_are_refused_before_they_are_read() -> None:
    big = member("model.bin")
    big.size = 300 << 20
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as packer:
        packer.write(big.tobuf())
        for _ in range(300):
            packer.write(b"\0" * (1 << 20))
    import challenges.loader
    from grader.web.trouble import RefusedError

    with pytest.raises(RefusedError, match="more than 200 MiB"):
        tarball.inspect(io.BytesIO(out.getvalue()), challenges.loader.load("fraud-scoring").spec.limits)


def test_a_closed_requisition_takes_nothing(page: Client, requisition: Requisition) -> None:
    requisition.closed = True
    requisition.save()
    response = send(page, requisition, "url", url=URL)
    assert response.status_code == 422 and "closed" in response.content.decode()  # type: ignore[attr-defined]


def test_a_queue_that_is_down_loses_nothing(page: Client, requisition: Requisition, jobs: QueueInMemory) -> None:
    jobs.down = True
    assert send(page, requisition, "url", url=URL).status_code == 302  # type: ignore[attr-defined]
    row = Submission.objects.get()
    assert row.state == State.WAITING and "queue" in row.waiting_for
    assert "does not answer" in page.get(row.get_absolute_url()).content.decode()
    jobs.down = False
    keeper.one_pass()
    keeper.one_pass()
    row.refresh_from_db()
    assert row.state == State.QUEUED and jobs.submitted == 1


def test_a_full_disk_is_said_and_nothing_is_half_written(page: Client, requisition: Requisition, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def put_once(self, key: str, content: bytes) -> bool:
            raise UnavailableError("The disk is full: free some space.")

    monkeypatch.setattr(seam, "store", lambda: Full())
    response = send(page, requisition, "archive", archive=SimpleUploadedFile("a.tgz", packed((member("a"), b"x"))))
    assert response.status_code == 503 and "disk is full" in response.content.decode()  # type: ignore[attr-defined]
    assert not Submission.objects.exists()


def test_a_disk_that_is_full_before_any_view_sees_the_upload_is_said(
    client_of: Clients, recruiter: User, requisition: Requisition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", full)
    large = packed((member("noise"), os.urandom(settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1)))
    for asks in (True, False):  # the one reads the form in a middleware, the other in the view
        client = client_of(recruiter, raise_request_exception=False, enforce_csrf_checks=asks)
        client.get(f"/requisitions/{requisition.pk}/hand-in/")
        response = send(client, requisition, "archive", archive=SimpleUploadedFile("a.tgz", large))
        assert response.status_code == 503 and "disk is full" in response.content.decode()  # type: ignore[attr-defined]
    assert not Submission.objects.exists()


@pytest.mark.parametrize("says", ["could not extend file: No space left on device", "database or disk is full"])
def test_a_database_whose_disk_is_full_is_said_as_such(page: Client, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    def full(*_: object) -> None:
        raise OperationalError(says)

    monkeypatch.setattr("grader.web.pages.submissions.listing", full)
    response = page.get("/submissions/")
    assert response.status_code == 503 and "disk is full" in response.content.decode()


def test_a_page_that_is_open_says_that_the_queue_is_down(page: Client, hand_in: Make, jobs: QueueInMemory) -> None:
    row = hand_in(URL)
    jobs.down = True
    response = page.get(f"/submissions/{row.pk}/live/")
    assert response.status_code == 200 and "queue does not answer" in response.content.decode() and "hx-trigger" in response.content.decode()


def test_a_database_that_goes_away_is_said(page: Client, requisition: Requisition, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("grader.web.pages.submissions.listing", away)
    response = page.get("/submissions/")
    assert response.status_code == 503 and "database does not answer" in response.content.decode()
    assert response.headers["Retry-After"] == "5"


def test_an_error_of_the_queue_ends_the_submission_with_its_reason(page: Client, hand_in: Make, jobs: QueueInMemory) -> None:
    row = hand_in(URL)
    jobs.fail(row.job, f"{URL}: no git repository answers there")
    keeper.one_pass()
    row.refresh_from_db()
    assert row.state == State.FAILED
    assert "no git repository answers there" in page.get(row.get_absolute_url()).content.decode()


def test_a_cancel_reaches_a_job_whose_answer_was_lost(hand_in: Make, jobs: QueueInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    real = jobs.submit

    def lost(job: Job) -> str:
        real(job)
        raise UnavailableError("the answer was lost")

    monkeypatch.setattr(jobs, "submit", lost)
    row = hand_in()
    assert row.state == State.WAITING and [status.state for status in jobs.states.values()] == [JobState.QUEUED]
    assert keeper.cancel(row) and row.state == State.CANCELLED
    assert [status.state for status in jobs.states.values()] == [JobState.CANCELLED]
    erasure.erase(row.candidate, "asked for", "ada")
    assert not jobs.jobs, "the queue still holds the URL"


def test_a_queue_that_is_away_hears_of_a_cancel_later(hand_in: Make, jobs: QueueInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    real = jobs.submit

    def lost(job: Job) -> str:
        real(job)
        jobs.down = True
        raise UnavailableError("it went away")

    monkeypatch.setattr(jobs, "submit", lost)
    row = hand_in()
    assert keeper.cancel(row) and row.state == State.CANCELLED and row.waiting_for
    with pytest.raises(UnavailableError):
        erasure.erase(row.candidate, "asked for", "ada")
    jobs.down = False
    with pytest.raises(RefusedError, match="still being ended"):
        erasure.erase(row.candidate, "asked for", "ada")
    keeper.one_pass()
    row.refresh_from_db()
    assert row.waiting_for == "" and [status.state for status in jobs.states.values()] == [JobState.CANCELLED]
    erasure.erase(row.candidate, "asked for", "ada")
    assert not jobs.jobs


def test_cancel_and_grade_again(page: Client, hand_in: Make, jobs: QueueInMemory) -> None:
    row = hand_in(URL)
    assert page.post(f"/submissions/{row.pk}/again/").status_code == 302 and Submission.objects.count() == 1
    page.post(f"/submissions/{row.pk}/cancel/")
    row.refresh_from_db()
    assert row.state == State.CANCELLED and row.ended
    page.post(f"/submissions/{row.pk}/cancel/")
    page.post(f"/submissions/{row.pk}/again/")
    second = Submission.objects.exclude(pk=row.pk).get()
    assert (second.attempt, second.state, second.candidate_id) == (2, State.QUEUED, row.candidate_id)
    assert jobs.jobs[second.job].attempt == 2


def test_evidence_is_judged_anew_without_measuring(page: Client, hand_in: Make, graded: Make, jobs: QueueInMemory) -> None:
    row = hand_in(URL)
    page.post(f"/submissions/{row.pk}/again/", {"how": "judge"})
    assert Submission.objects.count() == 1, "there is no evidence yet"
    graded(row)
    page.post(f"/submissions/{row.pk}/again/", {"how": "judge"})
    second = Submission.objects.exclude(pk=row.pk).get()
    assert (second.attempt, second.rescores, jobs.jobs[second.job].rescore) == (2, row.job, row.job)
    assert "evidence judged anew" in page.get(second.get_absolute_url()).content.decode()


def test_the_same_person_by_email_is_one_candidate(hand_in: Make) -> None:
    first = hand_in(URL, "Grace", email="grace@example.org")
    second = hand_in(f"{URL}-2", "G. Hopper", email="Grace@example.org")
    assert first.candidate == second.candidate
