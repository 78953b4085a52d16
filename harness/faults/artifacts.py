"""Model files as a rollout would bring them: a copy of the image's own, and four broken ones, each staged on this host and mounted read-only."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import pickle
import random
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType

from docker.types import Mount

from harness.faults.base import Proof
from harness.sandbox.container import Candidate
from harness.sandbox.limits import staged_file
from harness.telemetry import artifact

BROKEN = ("missing", "corrupt", "truncated", "wrong_schema")
RANDOM_BYTES = 64 << 10
IN_OPEN, IN_NONBLOCK = 0x20, 0o4000
EVENT = struct.Struct("iIII")
PICKLES = (".pkl", ".pickle", ".joblib", ".skops")


@dataclass(frozen=True)
class Staged:
    """One file of ours: where it lies here (None: nowhere), where a container finds it, and its sha256 ("" where there is none)."""

    name: str
    path: Path | None
    target: str
    sha256: str

    @property
    def size(self) -> int:
        return 0 if self.path is None else self.path.stat().st_size

    @property
    def mounts(self) -> list[Mount]:
        return [] if self.path is None else [staged_file(self.path, self.target)]

    def env(self, variable: str) -> dict[str, str]:
        return {variable: self.target}


class Artifacts:
    """Context manager over a folder of staged files. `found` is where the image's own model lies, None when nothing looks like one.

    Containers find them in a folder whose name is drawn from `seed`: an image that ships a file where one is to be missing would leave the
    whole fault without its proof, and so unmeasured.
    """

    def __init__(self, candidate: Candidate, variable: str, seed: int) -> None:
        self._candidate, self._variable = candidate, variable
        self._place = f"/rollout-{seed:016x}"
        self._stack = ExitStack()
        self.found: str | None = None

    def __enter__(self) -> Artifacts:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rollout-")))
        try:
            self._own = self._folder / "own"
            self.found = artifact.copy(self._candidate, self._variable, self._own)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def own(self) -> Staged | None:
        """The image's own model, byte by byte."""
        return None if self.found is None else self._stage("copy", self._own.read_bytes())

    def broken(self, name: str, seed: int) -> Staged:
        """One of BROKEN. Without a model to imitate, the files have the form of JSON."""
        content = self._own.read_bytes() if self.found else b'{"weights": [0.1, 0.2]}'
        if name == "missing":
            return Staged(name, None, f"{self._place}/{name}{self._suffix}", "")
        if name == "corrupt":
            return self._stage(name, random.Random(seed).randbytes(min(len(content), RANDOM_BYTES)))
        return self._stage(name, content[: len(content) // 2] if name == "truncated" else self._other())

    def _other(self) -> bytes:
        """Well-formed, of the same container format, and no model of this service."""
        document = {"kind": "another model", "coefficients": [0.1, 0.2, 0.3], "created": "2020-01-01"}
        return pickle.dumps(document) if self._suffix in PICKLES else json.dumps(document).encode()

    @property
    def _suffix(self) -> str:
        return PurePosixPath(self.found or "model.json").suffix

    def _stage(self, name: str, content: bytes) -> Staged:
        path = self._folder / f"{name}{self._suffix}"
        path.write_bytes(content)
        path.chmod(0o644)  # whatever the umask: the container's user must be able to read it
        return Staged(name, path, f"{self._place}/{path.name}", hashlib.sha256(content).hexdigest())


def given(instance: Candidate, staged: Staged, variable: str) -> Proof:
    """Whether a container was told of a staged file and has it, by the engine's record and by reading it back."""
    found = instance.read_file(staged.target, staged.size + 1)  # one byte more tells a larger file, whatever its size, from ours
    digest = "" if found is None else hashlib.sha256(found).hexdigest()
    told = instance.image_facts()[1].get(variable) == staged.target
    what = f"sha256 {digest[:12]}" if digest else "no file"
    return Proof(told and digest == staged.sha256, f"{variable} {'names' if told else 'does not name'} {staged.target}, where there is {what}")


@contextmanager
def opened(path: Path | None) -> Iterator[Opens]:
    """Watch whether anybody opens the file, through whatever mount: the kernel notes it at the inode."""
    watch = Opens(path)
    try:
        yield watch
    finally:
        watch.close()


class Opens:
    """`seen()` is 1 (opened), 0 (not), or -1 where this host does not tell."""

    def __init__(self, path: Path | None) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._seen, self._fd = False, libc.inotify_init1(IN_NONBLOCK) if path else -1
        if self._fd >= 0 and libc.inotify_add_watch(self._fd, str(path).encode(), IN_OPEN) < 0:
            self.close()

    def seen(self) -> int:
        if self._fd < 0:
            return -1
        with suppress(BlockingIOError):  # nothing since the last look
            self._seen = self._seen or len(os.read(self._fd, 4096)) >= EVENT.size
        return int(self._seen)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
