"""A restart on the same /data: what a service has written there is still there, and counts.

Facts
  lines_before, lines_kept   lines of the audit trail (all files whose name begins as its does) before the stop, and how many of them are there after
  version_kept               1: answers name the model version that they should, 0: another, -1: they name none
  retrained                  1: that version was not the first one of this run, so it lives on /data only; 0: it was; -1: not known

The version that they should name is the one that the last retraining left in charge: faults before this one restart the service too, and what
forgets its model has forgotten it by now. Where nothing was retrained it is the one before this restart.
  answered, unwritten        predictions that were answered before the stop was asked for, since the probe began, and those of them without an entry
                             after the restart: what a writer still held when it was told to stop
  exit_s, ready_s            from SIGTERM to the exit, and from the start to sustained good answers (-1: never)
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from time import monotonic

from harness.faults.base import Fault, Proof, Seen, wait_for
from harness.faults.process import ready_after, start_again
from harness.load.generator import Running
from harness.telemetry.audit import DATA_DIR

GRACE_S = 10.0
READY_S = 25.0
CHUNK = 1 << 20
TRAIL_S = 30.0
RECENT = 5_000
"""Last lines of each file of the trail: a probe writes hundreds."""
ReadBytes = Callable[[int], bytes]


class RestartWithData(Fault):
    """Stop it as an orchestrator does, and start the same container again."""

    def prepare(self, running: Running) -> None:
        self._pid, self._stopped_at, self._started_at = self.candidate.state().pid, 0.0, 0.0
        self._exit_s = -1.0
        self._version = self._named()
        self._before, _ = self._trail()
        self._kept, self._recent = -1, b""
        self._version_after: str | None = None

    def inject(self) -> float:
        self._stopped_at = monotonic()
        self.candidate.stop(GRACE_S)
        self._exit_s = monotonic() - self._stopped_at
        return self._stopped_at

    def hold(self) -> None:
        """It is down from its exit to the start below: no longer than that takes."""

    def proof(self) -> Proof:
        state = self.candidate.state()
        gone = state.pid != self._pid
        return Proof(gone, "the main process is gone" if gone else "the main process is still there")

    def undo(self) -> float:
        self._started_at = start_again(self.candidate)
        return self._started_at

    def settle(self) -> None:
        wait_for(lambda: self._named() is not None, monotonic() + min(READY_S, self.scene.challenge.spec.limits.ready_timeout_s), 0.1)
        self._version_after = self._named()
        after, self._recent = self._trail()
        self._kept = len(self._before & after)

    def facts(self, seen: Seen) -> dict[str, float]:
        first, due = self.scene.known.first_version, self.scene.known.promoted or self._version
        answered = seen.trace.where(seen.trace.valid & (seen.trace.received < self._stopped_at)).ids
        return {
            "answered": len(answered),
            "unwritten": sum(json.dumps(id).encode() not in self._recent for id in answered),
            "lines_before": len(self._before),
            "lines_kept": self._kept,
            "version_kept": -1 if not due else int(due == self._version_after),
            "retrained": -1 if first is None or not due else int(due != first),
            "exit_s": round(self._exit_s, 3),
            "ready_s": round(ready_after(seen.trace, self._started_at), 3),
        }

    def _named(self) -> str | None:
        answer = self.scene.predicts(self.rows[0])
        return None if answer is None else str(answer.get(self.scene.challenge.spec.contract.version_field) or "")

    def _trail(self) -> tuple[set[int], bytes]:
        """A hash per line, and the last lines of each file. A line that is being written is no line yet."""
        spec = self.scene.challenge.spec
        name, most = spec.contract.audit_file, 2 * spec.limits.data_mib << 20
        found: set[int] = set()
        recent: list[bytes] = []
        for file in self.candidate.archive(DATA_DIR, most, TRAIL_S):
            if PurePosixPath(file.path).name.startswith(name):
                last: deque[bytes] = deque(maxlen=RECENT)
                for line in _lines(file.read):
                    found.add(hash(line))
                    last.append(line)
                recent += last
        return found, b"\n".join(recent)


def _lines(read: ReadBytes) -> Iterator[bytes]:
    """Whole lines, a piece at a time: a trail may be larger than what the grader wants to hold."""
    rest = b""
    while piece := read(CHUNK):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
