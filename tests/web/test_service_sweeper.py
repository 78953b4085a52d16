"""What a stopped service leaves in the store goes by itself, after a grace; what anybody named stays, also in the very moment of the sweep."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from test_service_intake import member, packed

from grader.web import retention, seam, sweeper
from grader.web.config import service_settings
from grader.web.intake import tarball
from grader.web.models import Requisition, State, Submission, User
from grader.web.trouble import UnavailableError

Hand = Callable[[bytes], int]
ORPHAN = "ab" * 32


def archive(name: str) -> bytes:
    return packed((member(name), b"FROM scratch"))


def place(key: str) -> Path:
    return Path(unquote(urlsplit(service_settings().store).path)) / key


def grow_old(key: str, seconds: float = sweeper.GRACE_S + 60) -> None:
    past = time.time() - seconds
    os.utime(place(key), (past, past))


@pytest.fixture(autouse=True)
def _nothing_from_before() -> None:
    """The store outlives a test, and the rows do not: what others handed in is nobody's by now."""
    for key in seam.store().keys("uploads/"):
        seam.store().remove(key)


@pytest.fixture
def hand(client_of: Callable[..., Client], recruiter: User, requisition: Requisition) -> Hand:
    """Hands an archive in; the status of the answer."""
    client = client_of(recruiter)

    def send(content: bytes) -> int:
        form = {"kind": "archive", "archive-archive": SimpleUploadedFile("a.tgz", content)}
        return client.post(f"/requisitions/{requisition.pk}/hand-in/", form).status_code

    return send


def test_an_archive_that_no_submission_names_goes_after_its_grace(hand: Hand) -> None:
    assert hand(archive("one")) == 302
    named = tarball.key(Submission.objects.get().origin.removeprefix("upload:"))
    seam.store().put_once(tarball.key(ORPHAN), b"left")
    grow_old(named)
    assert sweeper.sweep() == 0, "it is young"
    grow_old(tarball.key(ORPHAN))
    assert sweeper.sweep() == 1
    assert not seam.store().has(tarball.key(ORPHAN)) and seam.store().has(named)
    assert sweeper.sweep() == 0


def test_a_crash_between_keeping_and_writing_is_swept_up(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(tarball, "keep", away)
    assert hand(archive("two")) == 503
    (left,) = seam.store().keys("uploads/")
    grow_old(left)
    assert sweeper.sweep() == 1 and not seam.store().has(left) and not Submission.objects.exists()


def test_one_that_ended_long_ago_is_still_named(hand: Hand) -> None:
    hand(archive("three"))
    Submission.objects.update(state=State.CANCELLED)
    key = tarball.key(Submission.objects.get().origin.removeprefix("upload:"))
    grow_old(key, 10 * sweeper.GRACE_S)
    assert sweeper.sweep() == 0 and seam.store().has(key), "it may be graded again; retention says when it goes"


def test_what_is_handed_in_again_while_it_is_swept_is_kept(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lay there from before, so nothing is stored; then the sweep removes it, and only then comes the row."""
    content, really = archive("four"), tarball.keep
    assert hand(content) == 302
    row = Submission.objects.get()
    key = tarball.key(row.origin.removeprefix("upload:"))
    row.delete()
    grow_old(key)

    def swept_first(*given: object) -> Submission:
        assert sweeper.sweep() == 1 and not seam.store().has(key)
        return really(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(tarball, "keep", swept_first)
    assert hand(content) == 302 and seam.store().read(key) == content


def test_one_that_somebody_named_since_it_was_found_stays(hand: Hand) -> None:
    hand(archive("five"))
    digest = Submission.objects.get().origin.removeprefix("upload:")
    assert not tarball.drop(digest, lambda: True) and seam.store().has(tarball.key(digest))
    assert tarball.drop(digest, lambda: False) and not tarball.drop(digest, lambda: False)


def test_files_that_a_killed_writer_left_go_too_and_nothing_else_does() -> None:
    """The store lists them nowhere."""
    half, young, strange = place(f"uploads/{ORPHAN}#1"), place("results/job/bundle.tar.gz#2"), place("uploads/notes#draft")
    for path in (half, young, strange):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    grow_old(f"uploads/{half.name}")
    grow_old(f"uploads/{strange.name}")
    assert f"uploads/{half.name}" not in seam.store().keys("uploads/")
    assert sweeper.sweep() == 1
    assert not half.exists() and young.exists() and strange.exists()
    young.unlink(), strange.unlink()


def test_a_store_that_is_away_costs_a_sweep_and_not_the_sweeper(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, tries = threading.Event(), list[int]()

    def away() -> int:
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        raise UnavailableError("The artifact store does not answer.") if len(tries) == 1 else ZeroDivisionError

    monkeypatch.setattr(sweeper, "sweep", away)
    monkeypatch.setattr(sweeper.connections, "close_all", lambda: None)
    monkeypatch.setattr(sweeper, "EVERY_S", 0.0)
    sweeper.run(stop)
    assert len(tries) == 3


def test_retention_asks_once_more_before_it_removes(hand: Hand) -> None:
    hand(archive("six"))
    Submission.objects.update(ended="2020-01-01T00:00:00Z", state=State.CANCELLED)
    (due,) = retention.CLASSES["archives"].due(Submission.objects.get().created)
    Submission.objects.update(ended=None, state=State.WAITING)
    assert due.remove() is False


def test_sessions_that_have_ended_go(client_of: Callable[..., Client], recruiter: User, admin: User) -> None:
    client_of(recruiter), client_of(admin)
    old = Session.objects.first()
    assert old
    Session.objects.filter(pk=old.pk).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert sweeper.sweep() == 1
    assert Session.objects.count() == 1 and not Session.objects.filter(pk=old.pk).exists()
