"""The same handed in twice, in whatever spelling and however close together, is there once; what changes meanwhile counts as it then is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from queue_in_memory import QueueInMemory
from test_service_intake import URL, member, packed, send

from grader.web import keeper, seam
from grader.web.intake import address, submit, table, tarball
from grader.web.models import Requisition, State, Submission, User
from grader.web.trouble import RefusedError

Make = Callable[..., Submission]
Clients = Callable[..., Client]


@pytest.fixture
def page(client_of: Clients, recruiter: User) -> Client:
    return client_of(recruiter)


def test_pressing_grade_again_twice_makes_one_attempt(page: Client, hand_in: Make, graded: Make) -> None:
    row = graded(hand_in())
    for how in ("measure", "measure", "judge"):
        answer = page.post(f"/submissions/{row.pk}/again/", {"how": how}, follow=True).content.decode()
    assert "still under way" in answer
    assert list(Submission.objects.order_by("pk").values_list("attempt", flat=True)) == [1, 2]
    keeper.cancel(Submission.objects.get(attempt=2))
    page.post(f"/submissions/{row.pk}/again/")
    assert Submission.objects.filter(attempt=3).exists()


@pytest.mark.parametrize(
    "other",
    [
        "https://git.example.org:443/grace/fraud-service", "https://git.example.org//grace//fraud-service", "https://git.example.org/grace/./fraud-service",
        "https://git.example.org/grace/x/../fraud-service", "https://git.example.org/gr%61ce/fraud%2Dservice.git", "HTTPS://GIT.example.org./grace/fraud-service",
        "https://git.example.org/%2e/grace/fraud-service/",
    ],
)  # fmt: skip
def test_the_same_repository_in_another_spelling_is_a_repeat(hand_in: Make, other: str) -> None:
    first = hand_in(URL)
    with pytest.raises(RefusedError, match="handed in already") as refused:
        hand_in(other)
    assert refused.value.existing == first.pk


@pytest.mark.parametrize(
    ("typed", "cloned"),
    [
        ("https://git.example.org:8443/a//b.git/", "https://git.example.org:8443/a/b.git"),
        ("https://git.example.org/a/b%20c%2fd%e4", "https://git.example.org/a/b%20c%2Fd%E4"),
        ("https://git.example.org/Grace/B", "https://git.example.org/Grace/B"),
    ],
)
def test_what_is_cloned_is_the_plain_spelling(hand_in: Make, typed: str, cloned: str) -> None:
    assert hand_in(typed).origin == cloned


def test_a_url_of_dots_names_no_repository(hand_in: Make) -> None:
    with pytest.raises(RefusedError, match="names no repository"):
        hand_in("https://git.example.org/a/..")


def meanwhile(act: Callable[[], object]) -> None:
    """Something happens after the next entry was checked and before it is kept."""
    patch, real = pytest.MonkeyPatch(), submit.checked

    def checked(requisition: Requisition, entry: submit.Entry, resolver: address.Resolver) -> str:
        origin = real(requisition, entry, resolver)
        patch.undo()
        act()
        return origin

    for module in (submit, table, tarball):
        patch.setattr(module, "checked", checked)


def test_a_repeat_that_comes_in_meanwhile_is_seen(hand_in: Make) -> None:
    meanwhile(lambda: hand_in(f"{URL}.git"))
    with pytest.raises(RefusedError, match="handed in already"):
        hand_in(URL)
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("kind", ["url", "table", "archive"])
def test_a_requisition_that_was_closed_meanwhile_takes_nothing(page: Client, requisition: Requisition, kind: str) -> None:
    meanwhile(lambda: Requisition.objects.filter(pk=requisition.pk).update(closed=True))
    fields: dict[str, dict[str, object]] = {
        "url": {"url": URL}, "table": {"table": SimpleUploadedFile("t.csv", f"url\n{URL}\n".encode())},
        "archive": {"archive": SimpleUploadedFile("a.tgz", packed((member("a"), b"x")))},
    }  # fmt: skip
    answer = send(page, requisition, kind, **fields[kind])
    assert answer.status_code == 422 and b"This requisition is closed" in answer.content  # type: ignore[attr-defined]
    assert not Submission.objects.exists()


def test_it_is_graded_in_the_mode_that_the_requisition_has_when_it_freezes(hand_in: Make, requisition: Requisition, jobs: QueueInMemory) -> None:
    meanwhile(lambda: Requisition.objects.filter(pk=requisition.pk).update(mode="standard"))
    row = hand_in()
    requisition.refresh_from_db()
    assert (requisition.mode, jobs.jobs[row.job].mode, requisition.frozen) == ("standard", "standard", True)


def test_an_archive_whose_time_was_over_can_be_handed_in_again(page: Client, requisition: Requisition, graded: Make, jobs: QueueInMemory) -> None:
    blob = packed((member("a"), b"x"))
    send(page, requisition, "archive", archive=SimpleUploadedFile("a.tgz", blob), name="Grace Hopper")
    row = graded(Submission.objects.get())
    digest = row.origin.removeprefix("upload:")
    assert b"handed in already" in send(page, requisition, "archive", archive=SimpleUploadedFile("a.tgz", blob)).content  # type: ignore[attr-defined]
    assert tarball.drop(digest, lambda: False)
    assert send(page, requisition, "archive", archive=SimpleUploadedFile("a.tgz", blob)).status_code == 302  # type: ignore[attr-defined]
    again = Submission.objects.get(attempt=2)
    assert (again.candidate_id, again.origin, again.state) == (row.candidate_id, row.origin, State.QUEUED)
    assert seam.store().has(tarball.key(digest))
    assert jobs.jobs[again.job].attempt == 2
