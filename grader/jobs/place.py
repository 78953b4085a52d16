"""Who a worker is: a name that it has to itself, and that its successor on this machine takes over.

The name goes with a lock file, which the kernel frees when its holder dies. So a worker that is started again at once is the same one to
the workflow engine and carries on with what it had begun, while two at once never share a name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.schema.causes import UsageError
from harness.sandbox import orphans

MOST = 64


@dataclass(frozen=True)
class Place:
    """A worker's name and its folder for everything temporary."""

    name: str
    scratch: Path


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """The first free place below `folder`, for the `with` block. Whatever dead workers have left in theirs is removed, processes included.

    UsageError when the folder cannot be used.
    """
    try:
        (folder / "workers").mkdir(parents=True, exist_ok=True)
        for number in range(MOST):
            handle = _lock(folder, number)
            if handle is None:
                continue
            try:
                _sweep(folder, number)
                _sweep_dead(folder, number)
                yield Place(_name(folder, number), _scratch(folder, number))
            finally:
                os.close(handle)
            return
    except PermissionError as error:
        raise UsageError(f"cannot write to {folder} ({error.strerror}): name another folder with GRADER_DATA_DIR") from error
    raise UsageError(f"{MOST} workers run on {folder} already")


def _name(folder: Path, number: int) -> str:
    return f"{socket.gethostname()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:6]}-{number}"


def _scratch(folder: Path, number: int) -> Path:
    return folder / "scratch" / str(number)


def _lock(folder: Path, number: int) -> int | None:
    """The lock's descriptor, or None when somebody holds it."""
    handle = os.open(folder / "workers" / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _sweep(folder: Path, number: int) -> None:
    scratch = _scratch(folder, number)
    if scratch.exists():
        orphans.end(scratch)
        shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)


def _sweep_dead(folder: Path, own: int) -> None:
    """A grading that outlived its worker would disturb the next one's measurement."""
    for other in (folder / "scratch").iterdir():
        if other.name.isdigit() and int(other.name) != own:
            handle = _lock(folder, int(other.name))
            if handle is not None:
                _sweep(folder, int(other.name))
                os.close(handle)
