"""The catalogue of faults: what can be done to a submission, to which part of it, for how long, and what a good service does."""

from __future__ import annotations

from dataclasses import dataclass

from harness.faults.base import Fault, Timing
from harness.faults.dependency import (
    DependencyBlackhole,
    DependencyDrip,
    DependencyErrors,
    DependencyGarbage,
    DependencyHuge,
    DependencyMissingField,
    DependencyNan,
    DependencyReset,
    DependencySlow,
)
from harness.faults.dependency_auth import DependencyCredentials
from harness.faults.dependency_network import DependencyFlapping, DependencyNameGone, DependencyRefused
from harness.faults.inputs import MalformedInput
from harness.faults.network import NetworkCut
from harness.faults.process import CpuStarvation, Pause, Sigkill, SigtermDrain


@dataclass(frozen=True)
class Entry:
    """One fault. `number` is its place in the design catalogue and never changes; `budget_s` is the longest it takes a sound service."""

    id: str
    number: int
    target: str
    kind: type[Fault]
    timing: Timing
    budget_s: float
    expectation: str


BRIEF = Timing(before_s=1.5, after_s=3.0)

ENTRIES = (
    Entry("pause", 1, "process", Pause, Timing(), 10.0, "recovers within a second, without a restart"),
    Entry(
        "sigterm_drain", 2, "process", SigtermDrain, Timing(after_s=3.0, rate_rps=150.0, burst_rps=250.0, burst_s=0.5), 25.0,
        "answers what is in flight, exits within 10 s, and is ready again soon after its start",
    ),
    Entry("sigkill", 4, "process", Sigkill, Timing(after_s=3.0), 15.0, "is ready again within 5 s of the kill"),
    Entry("cpu_starvation", 6, "process", CpuStarvation, Timing(before_s=1.5, after_s=6.0), 14.0, "sheds fast or holds; its p95 is back within 5 s"),
    Entry("network_cut", 9, "network", NetworkCut, Timing(after_s=5.0), 12.0, "recovers within 2 s"),
    Entry("dependency_slow", 12, "dependency", DependencySlow, Timing(), 10.0, "answers in time from a useful, flagged fallback"),
    Entry("dependency_errors", 13, "dependency", DependencyErrors, Timing(), 10.0, "answers from a useful, flagged fallback"),
    Entry("dependency_refused", 14, "dependency", DependencyRefused, BRIEF, 8.0, "answers from a useful, flagged fallback, without a retry storm"),
    Entry("dependency_blackhole", 15, "dependency", DependencyBlackhole, Timing(), 10.0, "answers in time from a useful, flagged fallback"),
    Entry("dependency_reset", 16, "dependency", DependencyReset, BRIEF, 8.0, "answers from a useful, flagged fallback"),
    Entry("dependency_drip", 17, "dependency", DependencyDrip, Timing(), 10.0, "has a total deadline, not a socket timeout"),
    Entry("dependency_garbage", 18, "dependency", DependencyGarbage, BRIEF, 8.0, "takes what is no valid answer as none"),
    Entry("dependency_missing_field", 19, "dependency", DependencyMissingField, BRIEF, 8.0, "does not predict from half of an answer unflagged"),
    Entry("dependency_nan", 20, "dependency", DependencyNan, BRIEF, 8.0, "lets no NaN into the model or out of the service"),
    Entry("dependency_huge", 21, "dependency", DependencyHuge, BRIEF, 8.0, "stops reading at a size of its own"),
    Entry("dependency_flapping", 22, "dependency", DependencyFlapping, Timing(1.5, 4.0, 3.0), 9.0, "answers throughout, undegraded soon after"),
    Entry("dependency_name_gone", 23, "dependency", DependencyNameGone, Timing(1.5, 2.5, 3.0), 10.0, "answers in time, lookups included"),
    Entry("dependency_credentials", 24, "dependency", DependencyCredentials, Timing(1.5, 2.0, 2.0), 8.0, "reads the token anew when it is refused"),
    Entry("malformed_input", 26, "input", MalformedInput, Timing(before_s=1.0, after_s=1.0), 15.0, "answers 4xx with a reason and stays alive"),
)  # fmt: skip

CATALOGUE: dict[str, Entry] = {entry.id: entry for entry in ENTRIES}
