"""Files of a container as the engine's archive of a path hands them out: running or not, and never by a command inside.

What lies there is the candidate's. A sparse file says that it holds a terabyte and takes no room, and the engine sends all of it: whatever is
skipped is read as well. So every archive has a bound of bytes and of time, looked at with every piece that comes.
"""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from docker.errors import NotFound
from docker.models.containers import Container

from grader.schema.causes import Trouble
from harness.sandbox.engine import ENGINE_ERRORS, translate

GO_FILE_TYPE = 0x8F28_0000
"""Bits of Go's file mode that mark anything but a regular file (folder, link, device, pipe, socket)."""

SLACK = 16 << 20
"""Bytes for headers and padding beside the files."""

ONE_FILE_S = 30.0


@dataclass(frozen=True)
class ArchivedFile:
    """A regular file of a container as it comes by. `read` gives the next bytes, b"" at the end."""

    path: str
    size: int
    read: Callable[[int], bytes]


class Pieces:
    """An iterator of byte pieces as what tarfile reads from, with an end to what it gives."""

    def __init__(self, pieces: Iterator[bytes], max_bytes: int, within_s: float) -> None:
        self._pieces, self._rest = pieces, bytearray()
        self._max, self._left = max_bytes, max_bytes + SLACK
        self._ends, self._within = time.monotonic() + within_s, within_s

    def read(self, size: int) -> bytes:
        """Raises Trouble(files_too_large | files_too_slow)."""
        while len(self._rest) < size and (piece := next(self._pieces, None)) is not None:
            self._rest += piece
            self._left -= len(piece)
            if self._left < 0:
                raise too_large(self._max)
            if time.monotonic() > self._ends:
                raise Trouble("files_too_slow", f"not all was read within {self._within:.0f} s")
        taken = bytes(self._rest[:size])
        del self._rest[:size]
        return taken

    def close(self) -> None:
        """Let go of the engine's answer: docker-py's generator holds the only reference to it."""
        if isinstance(self._pieces, Generator):
            self._pieces.close()


def too_large(max_bytes: int) -> Trouble:
    return Trouble("files_too_large", f"more than {max_bytes >> 20} MiB")


def archived_files(container: Container, path: str, max_bytes: int, within_s: float) -> Iterator[ArchivedFile]:
    """See Candidate.archive. The engine resolves a link at the path itself, not those below it."""
    above, total = PurePosixPath(path).parent, 0
    try:
        pieces, _ = container.get_archive(path)
        source: Any = Pieces(iter(pieces), max_bytes, within_s)
        # The engine holds the container, for whoever else asks, as long as this answer is open.
        with closing(source), tarfile.open(mode="r|", fileobj=source) as archive:
            while (member := archive.next()) is not None:
                vars(archive)["members"].clear()  # else a million small files stay in memory; typeshed does not know them
                total += member.size
                if total > max_bytes:
                    raise too_large(max_bytes)  # before it is read, or skipped, which is as long
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None:
                    yield ArchivedFile(str(above / member.name), member.size, content.read)
    except (NotFound, tarfile.TarError):
        return
    except ENGINE_ERRORS as error:
        raise translate(error) from error


def read_container_file(container: Container, path: str, max_bytes: int) -> bytes | None:
    """See Candidate.read_file; works on containers that were never started. Links, devices and folders count as absent."""
    try:
        pieces, about = container.get_archive(path)
        if about is None or about["mode"] & GO_FILE_TYPE:
            return None
        source: Any = Pieces(iter(pieces), max_bytes, ONE_FILE_S)  # typeshed asks for a whole file where stream mode only reads
        with closing(source), tarfile.open(mode="r|", fileobj=source) as archive:
            member = archive.next()
            content = archive.extractfile(member) if member is not None and member.isreg() else None
            return None if content is None else content.read(max_bytes)
    except (NotFound, tarfile.TarError):
        return None
    except ENGINE_ERRORS as error:
        raise translate(error) from error
