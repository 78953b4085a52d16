"""git as a hardened child process: no configuration but ours, own process group, a deadline, capped output."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import IO

from grader.schema.causes import Trouble, UsageError
from harness.source.login import Login
from harness.text import one_line

OUTPUT_CAP = 64 << 10
SAID_MAX = 1 << 20
"""Bytes of messages after which a server is a flood: whatever it says stands on git's standard error."""

MIN_GIT = (2, 37)
"""An older git passes over what it does not know without a word: before 2.32 it reads the operator's own configuration (GIT_CONFIG_GLOBAL),
before 2.37 it resolves the host again by itself (http.curloptResolve), and connects to an address that nobody checked."""

MEMORY = 48 << 20
"""Of one git process. A delta that makes gigabytes, a folder of a million files or an endless list of branches grows there, not on disk."""

HARDENING: dict[str, str] = {
    "protocol.allow": "never",
    "core.symlinks": "false",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.bigFileThreshold": "1m",  # larger files are streamed, never held in memory; the following keep the rest within MEMORY
    "core.deltaBaseCacheLimit": "8m",
    "core.packedGitWindowSize": "1m",
    "core.packedGitLimit": "16m",
    "pack.threads": "1",
    "core.quotePath": "false",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "transfer.fsckObjects": "true",
    "fetch.unpackLimit": "1",  # always one pack: a pack's size can be watched and limited, a million loose objects cannot
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.followRedirects": "false",
    "http.version": "HTTP/1.1",  # less to attack, and no 32 MiB windows
    "http.proxy": "",
    "http.cookieFile": "",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "20",
    "http.sslVerify": "true",
    "advice.detachedHead": "false",
    "safe.directory": "*",  # who owns a local folder says nothing here: its configuration is never read for anything that runs
}


# In git's own words; what a server says stands behind "remote:".
_MEMORY_GONE = re.compile(r"^(?:fatal|error): .*(?:out of memory|alloc failed|cannot allocate memory|mmap failed|virtual memory)", re.I | re.M)


_FILE_TOO_LARGE = re.compile(r"^(?:fatal|error): .*: File too large$", re.M)


class GitFailed(Exception):
    """git ended with an error. `said` is the capped end of its standard error; `overflow` says that a watch stopped it."""

    def __init__(self, said: str, overflow: bool = False) -> None:
        super().__init__(said)
        self.said = said.replace("\r", "\n")  # progress that is overwritten on a terminal
        self.overflow = overflow

    @property
    def out_of_memory(self) -> bool:
        """It came to the end of `MEMORY`."""
        return _MEMORY_GONE.search(self.said) is not None

    @property
    def file_too_large(self) -> bool:
        """It came to the end of what one file may hold."""
        return _FILE_TOO_LARGE.search(self.said) is not None


@cache
def what_git_says(executable: str) -> str:
    """What `git --version` prints; empty where it prints nothing. Without the operator's environment, as every git here."""
    try:
        done = subprocess.run(
            [executable, "--version"], capture_output=True, timeout=20, stdin=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout[:200].decode("utf-8", "replace").strip()


def is_new_enough(said: str) -> bool:
    """Whether `git version 2.39.5 (...)` names one that knows all that `Git` tells it."""
    found = re.match(r"git version (\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= MIN_GIT


def minimum() -> str:
    return "git " + ".".join(map(str, MIN_GIT))


class Git:
    """One deadline's worth of git commands. A context manager: its empty home goes away with it.

    Raises UsageError without a git, Trouble(git_too_old) where this machine's lacks what the hardening is made of.
    """

    def __init__(self, deadline_s: float, protocol: str, settings: dict[str, str] | None = None, max_file_bytes: int = 1 << 30) -> None:
        self.ends = time.monotonic() + deadline_s
        self.protocol = protocol
        self.settings = {**HARDENING, **(settings or {})}
        self.max_file_bytes = max_file_bytes
        self.executable = shutil.which("git")
        if self.executable is None:
            raise UsageError("git is not installed on this machine; install it and try again")
        said = what_git_says(self.executable)
        if not is_new_enough(said):
            raise Trouble("git_too_old", f"{one_line(said, 80) or 'it does not tell its version'}; {minimum()} is needed")

    def __enter__(self) -> Git:
        self._home = tempfile.TemporaryDirectory(prefix="grader-git-")
        self.home = Path(self._home.name)
        lines = [f"[{key.rsplit('.', 1)[0]}]\n\t{key.rsplit('.', 1)[1]} = {_quoted(value)}\n" for key, value in self.settings.items()]
        (self.home / "config").write_text("".join(lines))
        return self

    def __exit__(self, *exc: object) -> None:
        self._home.cleanup()

    def run(self, *arguments: str, watch: Callable[[], bool] | None = None, stdin: bytes | None = None, login: Login | None = None) -> bytes:
        """Run one command and return its standard output (at most OUTPUT_CAP bytes are kept).

        `watch` is asked every 0.1 s whether to go on. Raises GitFailed, or UsageError when the deadline passes.
        """
        kept = bytearray()
        for chunk in self.stream(*arguments, watch=watch, stdin=stdin, login=login):
            kept += chunk[: max(0, OUTPUT_CAP - len(kept))]
        return bytes(kept)

    def stream(
        self, *arguments: str, watch: Callable[[], bool] | None = None, stdin: bytes | None = None, login: Login | None = None
    ) -> Generator[bytes, None, None]:
        """Standard output in pieces as it arrives. Leaving the loop early ends the whole process group."""
        with self._process(arguments, stdin, login) as process:
            assert process.stdout is not None and process.stderr is not None
            ears = Listener(process.stderr, SAID_MAX, OUTPUT_CAP, lambda: _kill_group(process))
            stop = threading.Event()
            verdict: list[str] = []
            watcher = threading.Thread(target=self._watch, args=(process, stop, watch, verdict), daemon=True)
            watcher.start()
            try:
                while chunk := process.stdout.read1(1 << 16):  # type: ignore[attr-defined]
                    yield chunk
                process.wait()
            finally:
                stop.set()
                _kill_group(process)
                watcher.join()
                ears.join()
            said = ears.said if login is None else login.removed_from(ears.said)
            if verdict:
                _raise(verdict[0])
            if ears.flooded:
                raise UsageError(f"the server sends more than {SAID_MAX >> 20} MiB of messages; it is no git server to rely on")
            if process.returncode != 0:
                raise GitFailed(said)

    @contextlib.contextmanager
    def _process(self, arguments: Sequence[str], stdin: bytes | None, login: Login | None) -> Iterator[subprocess.Popen[bytes]]:
        with tempfile.TemporaryFile() as given:
            given.write(stdin or b"")
            given.seek(0)
            process = subprocess.Popen(
                [str(self.executable), *arguments],
                cwd=self.home,
                env=self._environment() | (login.environment if login is not None else {}),
                stdin=given,
                stdout=subprocess.PIPE,
                # Kept in memory, not in a file: on a full disk the words "No space left" would be the first to be lost.
                stderr=subprocess.PIPE,
                start_new_session=True,
                # SIGXFSZ stays ignored: a pack beyond its limit is then an error that index-pack tells, and not its silent death.
                restore_signals=False,
            )
            # Limits are inherited by git's own children (git-remote-https, index-pack), which start after this line.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (self.max_file_bytes, self.max_file_bytes))
                resource.prlimit(process.pid, resource.RLIMIT_DATA, (MEMORY, MEMORY))
                resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
            try:
                yield process
            finally:
                _kill_group(process)
                process.wait()
                for stream in (process.stdout, process.stderr):
                    if stream is not None:
                        stream.close()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "LC_ALL": "C",
            "GIT_ALLOW_PROTOCOL": self.protocol,
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.home / "config"),
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "SSH_ASKPASS": "/bin/false",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
        }

    def _watch(self, process: subprocess.Popen[bytes], stop: threading.Event, watch: Callable[[], bool] | None, verdict: list[str]) -> None:
        while not stop.wait(0.1):
            if time.monotonic() > self.ends:
                verdict.append("deadline")
            elif watch is not None and not watch():
                verdict.append("overflow")
            if verdict:
                _kill_group(process)
                return


class Listener:
    """Reads a stream to its end on a thread of its own; keeps the last `keep` bytes and calls `stop` when more than `most` came."""

    def __init__(self, stream: IO[bytes], most: int, keep: int, stop: Callable[[], None]) -> None:
        self._stream, self._most, self._keep, self._stop = stream, most, keep, stop
        self._tail = b""
        self.flooded = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def said(self) -> str:
        return self._tail.decode("utf-8", "replace")

    def join(self) -> None:
        """Everybody who could write has been killed, so the end is near."""
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        heard = 0
        while data := os.read(self._stream.fileno(), 1 << 16):
            heard += len(data)
            self._tail = (self._tail + data)[-self._keep :]
            if heard > self._most:
                self.flooded = True
                self._stop()


def _raise(verdict: str) -> None:
    if verdict == "deadline":
        raise UsageError("git did not finish within its deadline: the server is too slow or the repository too large; try again later")
    raise GitFailed("stopped: over the limit", overflow=True)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

