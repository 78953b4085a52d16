"""An archive of a repository that must not be public: looked through without writing a file, then kept under its digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

from django.db import connection, transaction

from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from grader.web import catalogue, keeper, seam
from grader.web.config import service_settings
from grader.web.intake.address import Resolver
from grader.web.intake.submit import Entry, another, checked, keep, locked, open_for_entries
from grader.web.models import Requisition, Submission, User
from grader.web.plain import without_strange
from grader.web.trouble import RefusedError, UnavailableError
from harness.source import tarball

FOLDER = "uploads"
DIGEST = re.compile(r"[0-9a-f]{64}")
SUFFIXES = (".tar", ".tar.gz", ".tgz")


def hand_in_archive(user: User, requisition: Requisition, file: IO[bytes], filename: str, size: int, about: Entry) -> Submission:
    """Check the archive against the challenge's limits, store it, hand it in. RefusedError names the entry that is wrong."""
    most = service_settings().upload_mib
    if size > most << 20:
        raise RefusedError(f"The archive has {size / (1 << 20):.0f} MiB; at most {most} MiB are taken.", field="archive")
    if not filename.lower().endswith(SUFFIXES):
        raise RefusedError(f"An archive ends with {', '.join(SUFFIXES)}: make one with `git archive -o submission.tar.gz HEAD`.", field="archive")
    open_for_entries(requisition)
    inspect(file, catalogue.challenge(requisition.challenge).limits)
    file.seek(0)
    digest = hashlib.file_digest(cast("Any", file), "sha256").hexdigest()
    entry = replace(about, url="", label=without_strange(filename)[-200:], archive=digest)
    submission = _kept(user, requisition, entry, file)
    with suppress(UnavailableError):  # it was there a moment ago; only who came between is looked for
        if not seam.store().has(key(digest)):  # it lay there from before, and was removed while no row said that it is wanted again
            seam.store().put_once(key(digest), _content(file))
    keeper.enqueue(submission)
    return submission


def _kept(user: User, requisition: Requisition, entry: Entry, file: IO[bytes]) -> Submission:
    """Archive and row. It is checked before it is kept: what is refused must not lie in the store with nobody to remove it.

    One that was handed in before and is in the store no more (its time was over) is the next attempt of the same submission: nobody can grade
    that again without it.
    """
    try:
        origin = checked(requisition, entry, Resolver())
    except RefusedError as error:
        if error.existing is None or seam.store().has(key(entry.archive)):
            raise
        seam.store().put_once(key(entry.archive), _content(file))  # the earlier submission names it, so it is removed with that
        return another(user, Submission.objects.select_related("requisition").get(pk=error.existing))
    seam.store().put_once(key(entry.archive), _content(file))
    with transaction.atomic():
        return keep(user, locked(requisition), entry, origin)


def drop(digest: str, wanted: Callable[[], bool]) -> bool:
    """Remove an archive that nobody wants; False when somebody does, or it is gone. Rows of submissions are neither made nor changed between
    the question and its removal, so whoever hands in the same in this moment does it before, or finds the archive gone and keeps it anew."""
    with transaction.atomic():
        if connection.vendor == "postgresql":  # SQLite's transactions are alone from their beginning
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {Submission._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        return not wanted() and seam.store().remove(key(digest)) > 0


def key(digest: str) -> str:
    """Where an archive stands in the store. ValueError for anything but a digest: a shorter key would name a whole folder."""
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"{digest[:80]!r} is no SHA-256 digest")
    return f"{FOLDER}/{digest}"


def inspect(file: IO[bytes], limits: Limits) -> int:
    """Walk the archive once and return its number of files. Reads at most what the limits allow, so a bomb costs no more than a big repository."""
    try:
        files = tarball.inspect(file, limits)
    except Trouble as trouble:
        raise RefusedError(f"The archive cannot be used: {trouble.detail}.", field="archive") from None
    except OSError as error:
        raise RefusedError(f"The file cannot be read ({str(error)[:120]}).", field="archive") from None
    if not files:
        raise RefusedError("The archive holds no file.", field="archive")
    return files


def _content(file: IO[bytes]) -> bytes | Path:
    """What is stored: a large upload stands in a temporary file already, and never comes into memory."""
    name = getattr(file, "name", None)
    if isinstance(name, str) and Path(name).is_file():
        file.flush()
        return Path(name)
    file.seek(0)
    return file.read()
