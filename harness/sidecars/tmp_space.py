"""The /tmp of a container, filled to the last page and emptied again, from outside: a part of the root helper.

/tmp belongs to the candidate, so nothing in it is trusted: files of ours have names nobody can guess, are made with O_EXCL and never
follow a link; all paths are relative to an open folder of the container's own root. Our pages count towards our own memory limit.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1 << 20
MOST_MIB = 128
"""Of a helper's memory limit of 192 MiB."""

PAGE = 4096
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def fill(pid: int, most_mib: int) -> dict[str, object]:
    """Take all that is free in the /tmp of a process; the name of the file that does, and its bytes. ValueError if that is no small tmpfs."""
    with _folder(pid) as folder:
        free = _free(folder, min(most_mib, MOST_MIB))
        name = f".{secrets.token_hex(16)}"
        file = os.open(name, NEW, 0o600, dir_fd=folder)
        try:
            if free:
                _allocate(file, free)
            return {"name": name, "bytes": os.fstat(file).st_size + _append(file)}
        finally:
            os.close(file)


def is_full(pid: int) -> bool:
    """Whether one more byte in a new file is refused for want of space."""
    with _folder(pid) as folder:
        name = f".{secrets.token_hex(16)}"
        try:
            file = os.open(name, NEW, 0o600, dir_fd=folder)
        except OSError as error:
            return error.errno == errno.ENOSPC
        try:
            os.write(file, b"x")
        except OSError as error:
            return error.errno == errno.ENOSPC
        finally:
            os.close(file)
            os.unlink(name, dir_fd=folder)
    return False


def free(pid: int, name: str) -> bool:
    """Remove a file that `fill` made; False when it is not there, as after a restart, which begins with an empty /tmp."""
    with _folder(pid) as folder:
        try:
            os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            return False
    return True


@contextmanager
def _folder(pid: int) -> Iterator[int]:
    """The /tmp of the process as an open folder. The root is read-only, so nobody there can put something else in its place."""
    root = os.open(Path(f"/proc/{pid}/root"), FOLDER)
    try:
        folder = os.open("tmp", FOLDER | os.O_NOFOLLOW, dir_fd=root)
        try:
            if os.fstat(folder).st_dev == os.fstat(root).st_dev:
                raise ValueError("/tmp is no file system of its own")
            yield folder
        finally:
            os.close(folder)
    finally:
        os.close(root)


def _free(folder: int, most_mib: int) -> int:
    stat = os.statvfs(folder)
    if stat.f_blocks * stat.f_frsize > most_mib * MIB:
        raise ValueError(f"/tmp is larger than {most_mib} MiB")
    return stat.f_bavail * stat.f_frsize


def _allocate(file: int, size: int) -> None:
    """Reserve without writing; what the service took meanwhile is missing, and the rest is tried page by page."""
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def _append(file: int) -> int:
    """Write pages until none is left."""
    os.lseek(file, 0, os.SEEK_END)
    written = 0
    while written < MOST_MIB * MIB:
        try:
            written += os.write(file, bytes(PAGE))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            break
    return written
