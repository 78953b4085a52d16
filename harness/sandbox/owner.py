"""Who owns what we create: labels on engine objects and a record per run, so that what outlives a killed grader is found and removed."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

RUN = "org.grader.run"
OWNER = "org.grader.owner"
KIND = "org.grader.kind"
BRIDGE = "org.grader.bridge"
CREATED = "org.grader.created"

MARKER = ".org.grader.run"
"""File inside a work folder that holds the run id: a folder without it is never removed, whatever a record says."""

FOREIGN_KEPT_S = 6 * 3600.0
"""An owner in another pid namespace cannot be looked at; what it owns counts as abandoned after this long."""

_TOKEN = re.compile(r"([0-9a-f]{8})\.(\d+)\.(\d+)\.(\d+)")


def owner_token(pid: int | None = None) -> str:
    """Names a process for good: boot, pid namespace, pid and start time, so that neither a reused pid nor a reboot deceives."""
    pid = os.getpid() if pid is None else pid
    start = _start_time(pid)
    if start is None:
        raise ProcessLookupError(pid)
    return f"{_boot()}.{_namespace()}.{pid}.{start}"


def is_dead(token: str, age_s: float | None = None) -> bool:
    """Whether the owner is certainly gone. A token that we did not write is nobody's to judge: False."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return False
    boot, namespace, pid, start = match.groups()
    if boot != _boot():
        return True
    if int(namespace) != _namespace():
        return age_s is not None and age_s > FOREIGN_KEPT_S
    return _start_time(int(pid)) != int(start)


def labels(run_id: str, **more: str) -> dict[str, str]:
    """Labels for everything a run creates at the engine."""
    return {RUN: run_id, OWNER: owner_token(), CREATED: str(int(time.time()))} | more


def abandoned(found: dict[str, str] | None) -> bool:
    """Whether labels of an engine object say that it is ours and its owner is dead."""
    if not found or OWNER not in found:
        return False
    created = found.get(CREATED, "")
    age = time.time() - int(created) if created.isdigit() else None
    return is_dead(found[OWNER], age)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]


def _namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _start_time(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()  # a command name may hold blanks and brackets
    return None if state in "ZX" else int(rest[18])


def state_folder() -> Path:
    """Where run records live: $XDG_STATE_HOME/grader/runs."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "grader" / "runs"


@dataclass
class RunRecord:
    """What a run owns outside of the engine: work folders and a bridge with an INPUT rule. Rewritten whole at each change."""

    run_id: str
    owner: str
    bridges: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    created: float = field(default_factory=time.time)

    @property
    def path(self) -> Path:
        return state_folder() / f"{self.run_id}.json"

    def add_folder(self, folder: Path) -> None:
        """Put a work folder into the record's care; it is removed by a sweep should we die."""
        (folder / MARKER).write_text(self.run_id)
        self.folders.append(str(folder.resolve()))
        self.save()

    def add_bridge(self, name: str) -> None:
        self.bridges.append(name)
        self.save()

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}.new")
        draft.write_text(json.dumps(vars(self)))
        draft.replace(self.path)

    @property
    def abandoned(self) -> bool:
        return is_dead(self.owner, time.time() - self.created)


@contextmanager
def record(run_id: str) -> Iterator[RunRecord]:
    """The record of one run; gone when the run ends in order."""
    entry = RunRecord(run_id, owner_token())
    entry.save()
    try:
        yield entry
    finally:
        entry.path.unlink(missing_ok=True)


def records() -> list[RunRecord]:
    """All records in the state folder; unreadable ones are left alone."""
    found: list[RunRecord] = []
    for path in sorted(state_folder().glob("*.json")):
        try:
            entry = RunRecord(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            continue
        if entry.path == path:
            found.append(entry)
    return found
