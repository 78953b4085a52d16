"""An archive of a repository, read once and as it comes: every member is judged as a clone's entries are, before anything of it is written.

Whoever takes archives and whoever unpacks them judge by the very same reading, and neither unpacks more than a repository may hold.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from harness.source.preflight import FOLDER, Entry, Gate, check_link
from harness.text import one_line

SLACK = 16 << 20
"""Bytes for headers and padding beside the files."""
MAX_HEADER = 1 << 16
MAX_GLOBAL_HEADERS = 16
REGULAR, LINK = "100644", "120000"


def inspect(file: IO[bytes], limits: Limits) -> int:
    """Walk the archive and return its number of files. Raises Trouble(repository_too_large | repository_hostile)."""
    gate = Gate(limits)
    with _opened(file, limits) as archive:
        for _ in _admitted(archive, gate):
            pass
    return gate.inventory.count


def unpack(file: IO[bytes], limits: Limits, into: Path) -> None:
    """Write the archive's files and links below `into`, without any `.git`. Raises as `inspect` does, and OSError where it cannot be written."""
    gate = Gate(limits)
    with _opened(file, limits) as archive:
        for member in _admitted(archive, gate):
            archive.extract(member, into, filter="data")


@contextmanager
def _opened(file: IO[bytes], limits: Limits) -> Iterator[tarfile.TarFile]:
    """The archive as a stream. Only gzip is unpacked: bzip2 and xz need memory that the archive chooses, and nobody is told to use them."""
    try:
        unpacked: Any = _Bounded(_plain(file), (limits.repository_mib << 20) + SLACK)  # typeshed asks for a whole file where stream mode only reads
        with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Member, errorlevel=2) as archive:
            yield archive
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, RecursionError) as error:
        raise Trouble("repository_hostile", f"it is not a whole tar archive ({one_line(str(error), 120)})") from error


def _admitted(archive: tarfile.TarFile, gate: Gate) -> Iterator[tarfile.TarInfo]:
    """The files and links, in order. Folders and what stands in a `.git` are counted too: a header each is cheap to send and dear to read."""
    passed = 0
    while (member := archive.next()) is not None:
        vars(archive)["members"].clear()  # else every header read so far stays in memory
        member.name = member.name.removeprefix("./").rstrip("/")
        if member.name in ("", ".") or ".git" in member.name.split("/"):
            passed += 1  # history of an archive is not read; what is in it cannot be checked out by us
            if passed > gate.max_files:
                raise Trouble("repository_too_large", f"more than {gate.max_files} entries in .git; leave it out, as `git archive` does")
        elif member.isdir():
            gate.admit(Entry(FOLDER, "", None, member.name))
        else:
            _admit(gate, member)
            yield member


def _admit(gate: Gate, member: tarfile.TarInfo) -> None:
    """The same rules as for a clone: plain names inside the tree, files and links only, within the limits."""
    name = member.name
    if name in gate.inventory.files or name in gate.inventory.links:
        raise Trouble("repository_hostile", f"{one_line(name)} is in the archive twice")
    if member.issym():
        gate.admit(Entry(LINK, "", 0, name))
        check_link(name, member.linkname)
    elif member.isreg():
        gate.admit(Entry(REGULAR, "", member.size, name))
    else:
        raise Trouble("repository_hostile", f"{one_line(name)} is neither a file, a folder nor a symbolic link")


def _plain(file: IO[bytes]) -> IO[bytes]:
    """The tar itself, unpacked while it is read."""
    magic = file.read(2)
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if magic == b"\x1f\x8b" else file  # type: ignore[return-value]


class _Member(tarfile.TarInfo):
    """A member whose extended headers are few and small: tarfile reads each of them whole into memory, and keeps what holds for all files."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and not self.isdir() and self.size > MAX_HEADER:
            raise Trouble("repository_hostile", f"an extended header of {self.size} bytes")
        if self.type == tarfile.GNUTYPE_SPARSE:
            _refuse_sparse()
        if self.type == tarfile.XGLTYPE:
            seen = vars(archive)["global_headers"] = vars(archive).get("global_headers", 0) + 1
            if seen > MAX_GLOBAL_HEADERS:
                raise Trouble("repository_hostile", f"more than {MAX_GLOBAL_HEADERS} global headers")
        return super()._proc_member(archive)  # type: ignore[misc, no-any-return]

    def _proc_gnusparse_10(self, *_: object) -> NoReturn:
        _refuse_sparse()


def _refuse_sparse() -> NoReturn:
    """The map of a sparse file may be as long as the archive, and is kept in memory."""
    raise Trouble("repository_hostile", "a sparse file; pack it whole")


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
