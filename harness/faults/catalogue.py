"""The catalogue of faults: what can be done to a submission, to which part of it, for how long, and what a good service does."""

from __future__ import annotations

from dataclasses import dataclass

from harness.faults.bad_model import BadModel
from harness.faults.base import Fault, Timing
from harness.faults.dependency import DependencyBlackhole, DependencyDrip, DependencyErrors, DependencySlow
from harness.faults.inputs import MalformedInput
from harness.faults.network import NetworkCut
from harness.faults.process import CpuStarvation, Pause, Sigkill, SigtermDrain
from harness.faults.restart import RestartWithData
from harness.faults.retrain import RetrainRace
from harness.faults.rollout import BadRollout, RollingUpdate


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
    Entry("dependency_blackhole", 15, "dependency", DependencyBlackhole, Timing(), 10.0, "answers in time from a useful, flagged fallback"),
    Entry("dependency_drip", 17, "dependency", DependencyDrip, Timing(), 10.0, "has a total deadline, not a socket timeout"),
    Entry(
        "bad_model", 25, "model", BadModel, Timing(before_s=1.0, after_s=1.0), 30.0,
        "is not ready with a model that is missing, corrupt, cut off or of another kind, or serves its own instead",
    ),
    Entry("malformed_input", 26, "input", MalformedInput, Timing(before_s=1.0, after_s=1.0), 15.0, "answers 4xx with a reason and stays alive"),
    Entry(
        "rolling_update", 28, "rollout", RollingUpdate, Timing(before_s=1.0, fault_s=1.5, after_s=1.5, rate_rps=150.0), 25.0,
        "a second instance becomes ready, gets the traffic, and the first leaves: no request fails",
    ),
    Entry(
        "bad_rollout", 29, "rollout", BadRollout, Timing(before_s=1.0, fault_s=1.5, after_s=1.5), 15.0,
        "an instance with a broken model never gets the traffic, and is taken back within 10 s",
    ),
    Entry(
        "retrain_race", 30, "model", RetrainRace, Timing(before_s=0.5, fault_s=0.0, after_s=0.5), 2.0,
        "a retrained model takes over while requests are answered: once, and without a failed one",
    ),
    Entry(
        "restart_with_data", 31, "rollout", RestartWithData, Timing(before_s=1.0, after_s=1.5, rate_rps=50.0), 15.0,
        "keeps the audit trail and a retrained model that it wrote to /data",
    ),
)  # fmt: skip

CATALOGUE: dict[str, Entry] = {entry.id: entry for entry in ENTRIES}
