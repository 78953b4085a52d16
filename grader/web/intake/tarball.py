"""An archive of a repository that must not be public: looked through without writing a file, then kept under its digest."""

from __future__ import annotations

import gzip
import hashlib
import re
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from grader.web import catalogue, seam
from grader.web.config import service_settings
from grader.web.intake.address import Resolver
from grader.web.intake.submit import Entry, checked, hand_in, open_for_entries
from grader.web.models import Requisition, Submission, User
from grader.web.trouble import RefusedError
from harness.source.preflight import Entry as Member
from harness.source.preflight import Gate, check_link

FOLDER = "uploads"
DIGEST = re.compile(r"[0-9a-f]{64}")
SUFFIXES = (".tar", ".tar.gz", ".tgz")
SLACK = 16 << 20
"""Bytes for headers and padding beside the files."""
MAX_HEADER = 1 << 16
REGULAR, LINK = "100644", "120000"


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
    entry = replace(about, url="", label=filename[-200:], archive=digest)
    checked(requisition, entry, Resolver())  # before it is kept: what is refused must not lie in the store with nobody to remove it
    seam.store().put_once(key(digest), _content(file))
    return hand_in(user, requisition, entry)


def key(digest: str) -> str:
    """Where an archive stands in the store. ValueError for anything but a digest: a shorter key would name a whole folder."""
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"{digest[:80]!r} is no SHA-256 digest")
    return f"{FOLDER}/{digest}"


def inspect(file: IO[bytes], limits: Limits) -> int:
    """Walk the archive once and return its number of files. Reads at most what the limits allow, so a bomb costs no more than a big repository."""
    gate = Gate(limits)
    try:
        unpacked = _Bounded(_plain(file), (limits.repository_mib << 20) + SLACK)
        with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Member, errorlevel=2) as archive:  # type: ignore[call-overload]
            for member in archive:
                _admit(gate, member)
    except Trouble as trouble:
        raise RefusedError(f"The archive cannot be used: {trouble.detail}.", field="archive") from None
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        raise RefusedError(f"The file is not a whole tar archive ({str(error)[:120]}).", field="archive") from None
    if not gate.inventory.files:
        raise RefusedError("The archive holds no file.", field="archive")
    return gate.inventory.count


def _admit(gate: Gate, member: tarfile.TarInfo) -> None:
    """The same rules as for a clone: plain names inside the tree, files and links only, within the limits."""
    name = member.name.removeprefix("./").rstrip("/")
    if member.isdir() or not name:
        return
    if name == ".git" or "/.git/" in f"/{name}/":
        return  # history of an archive is not read; what is in it cannot be checked out by us
    if member.issym():
        gate.admit(Member(LINK, "", 0, name))
        check_link(name, member.linkname)
    elif member.isreg():
        gate.admit(Member(REGULAR, "", member.size, name))
    else:
        raise Trouble("repository_hostile", f"{name[:120]!r} is neither a file, a folder nor a symbolic link")


def _content(file: IO[bytes]) -> bytes | Path:
    """What is stored: a large upload stands in a temporary file already, and never comes into memory."""
    name = getattr(file, "name", None)
    if isinstance(name, str) and Path(name).is_file():
        file.flush()
        return Path(name)
    file.seek(0)
    return file.read()


def _plain(file: IO[bytes]) -> IO[bytes]:
    """The tar itself, unpacked while it is read."""
    magic = file.read(2)
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if magic == b"\x1f\x8b" else file  # type: ignore[return-value]


class _Member(tarfile.TarInfo):
    """A member whose extended header is small: tarfile reads such headers whole into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and not self.isdir() and self.size > MAX_HEADER:
            raise Trouble("repository_hostile", f"an extended header of {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc, no-any-return]


class _Bounded:
    """A file of which no more than `most` bytes are read."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._left = file, most

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise Trouble("repository_too_large", "the archive is larger than the challenge allows a repository to be")
        return chunk
