"""What a fault is: how it is injected, proven, undone, and which numbers it leaves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic, sleep

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.challenge import Contract
from grader.schema.evidence import FeedbackEvidence
from grader.schema.evidence.faults import FaultCase
from harness.client import Client
from harness.load.generator import LoadGenerator, Running
from harness.load.trace import Trace
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology
from harness.seeds import Seeds

POLL_S = 0.05


@dataclass(frozen=True)
class Known:
    """What earlier stages found out; None where that was not done."""

    most_rps: float | None = None
    """What the service was seen to answer at most."""
    first_version: str | None = None
    """The model version that answers named when the service was first asked."""
    feedback: FeedbackEvidence | None = None

    @property
    def promoted(self) -> str | None:
        """The version that a retraining left in charge; None where nothing was retrained."""
        return self.feedback.switches[-1].after if self.feedback and self.feedback.switches else None


@dataclass(frozen=True)
class Scene:
    """Where faults happen."""

    topology: Topology
    candidate: Candidate
    generator: LoadGenerator
    challenge: LoadedChallenge
    seeds: Seeds
    known: Known = Known()
    witness: Callable[[str, Trace], None] = lambda _fault, _trace: None
    """Gets the probe's trace of each experiment."""

    def predicts(self, row: Row, deadline_s: float = 1.0) -> dict[str, object] | None:
        """A valid answer to one request on a fresh connection, or None."""
        return valid_answer(self.candidate.client, self.challenge.spec.contract, row, deadline_s)


def valid_answer(client: Client, contract: Contract, row: Row, deadline_s: float = 1.0) -> dict[str, object] | None:
    """A valid answer of any instance to one request on a fresh connection, or None."""
    reply = client.post_json(contract.predict, row.request, deadline_s=deadline_s)
    answer = reply.json() if reply.status == 200 else None
    if not isinstance(answer, dict) or answer.get(contract.id_field) != row.request[contract.id_field]:
        return None
    score = answer.get(contract.score_field)
    return answer if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1 else None


@dataclass(frozen=True)
class Proof:
    """Whether the fault was seen to be active, and what was seen."""

    active: bool
    text: str


@dataclass(frozen=True)
class Timing:
    """Seconds before the injection, under it, and after the undo; `rate_rps` is the probe's, to which a burst comes at the injection."""

    before_s: float = 2.0
    fault_s: float = 3.0
    after_s: float = 4.0
    rate_rps: float = 100.0
    burst_rps: float = 0.0
    burst_s: float = 0.0


@dataclass(frozen=True)
class Seen:
    """One finished experiment. All moments are CLOCK_MONOTONIC seconds; `rows[trace.index[i]]` is what row i of the trace sent."""

    trace: Trace
    rows: Sequence[Row]
    zero: float
    inject_at: float
    undo_at: float

    def during(self) -> Trace:
        return self.trace.between(self.inject_at, self.undo_at)

    def truth(self, trace: Trace) -> list[float]:
        """The simulator's probability of fraud for each row of a part of the trace."""
        return [self.rows[i % len(self.rows)].probability for i in trace.index.tolist()]


class Fault(ABC):
    """One fault on one scene. The runner calls the steps in the order below; `undo` always runs once `inject` was called."""

    def __init__(self, scene: Scene, timing: Timing, rows: Sequence[Row]) -> None:
        self.scene, self.timing, self.rows = scene, timing, rows

    @property
    def candidate(self) -> Candidate:
        return self.scene.candidate

    def hosts(self) -> list[str]:
        """Further targets of the probe, asked before it starts: what `Running.switch` may name."""
        return []

    def begin(self) -> None:
        """The probe has just started."""
        return

    def prepare(self, running: Running) -> None:
        """Bring about what the injection needs; not the fault yet."""
        return

    @abstractmethod
    def inject(self) -> float:
        """Make it active; returns since when (CLOCK_MONOTONIC)."""

    def hold(self) -> None:
        """Let it last."""
        pause_until(monotonic() + self.timing.fault_s)

    @abstractmethod
    def proof(self) -> Proof:
        """Look, while it should be active, whether it is. Must not rely on `inject` having worked."""

    def undo(self) -> float:
        """End it; returns when."""
        return monotonic()

    def settle(self) -> None:
        """After the undo: wait for what must happen before the steady state can be watched again."""
        return

    def facts(self, seen: Seen) -> dict[str, float]:
        return {}

    def cases(self) -> list[FaultCase]:
        return []


def pause_until(moment: float) -> None:
    """Let an experiment run until a moment of its timetable (the probe measures meanwhile)."""
    sleep(max(0.0, moment - monotonic()))


def wait_for(condition: Callable[[], bool], deadline: float, poll_s: float = POLL_S) -> bool:
    """Poll until the condition holds; False when the CLOCK_MONOTONIC deadline passed first."""
    while not condition():
        if monotonic() >= deadline:
            return False
        sleep(poll_s)
    return True
