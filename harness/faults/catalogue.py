"""The catalogue of faults: what can be done to a submission, to which part of it, for how long, and what a good service does."""

from __future__ import annotations

from dataclasses import dataclass

from harness.faults.bad_model import BadModel
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
from harness.faults.network import BandwidthCap, NetworkCut, PacketLoss
from harness.faults.overload import Overload
from harness.faults.process import Pause, Pid1Signals, Sigkill, SigtermDrain, WorkerKill
from harness.faults.resources import CpuStarvation, MemoryPressure, TmpFull
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


BRIEF = Timing(before_s=1.5, after_s=3.0)

ENTRIES = (
    Entry("pause", 1, "process", Pause, Timing(), 10.0, "recovers within a second, without a restart"),
    Entry(
        "sigterm_drain", 2, "process", SigtermDrain, Timing(after_s=3.0, rate_rps=150.0, burst_rps=250.0, burst_s=0.5), 25.0,
        "answers what is in flight, exits within 10 s, and is ready again soon after its start",
    ),
    Entry(
        "pid1_signals", 3, "process", Pid1Signals, Timing(before_s=1.0, after_s=1.5, rate_rps=20.0), 10.0,
        "exits on docker stop by itself, without a SIGKILL",
    ),
    Entry("sigkill", 4, "process", Sigkill, Timing(after_s=3.0), 15.0, "is ready again within 5 s of the kill"),
    Entry(
        "worker_kill", 5, "process", WorkerKill, Timing(before_s=1.5, fault_s=1.0, after_s=2.0), 10.0,
        "goes on with its other workers and starts a new one",
    ),
    Entry("cpu_starvation", 6, "process", CpuStarvation, Timing(before_s=1.5, after_s=6.0), 14.0, "sheds fast or holds; its p95 is back within 5 s"),
    Entry(
        "memory_pressure", 7, "process", MemoryPressure, Timing(before_s=1.5, fault_s=3.0, after_s=2.5), 12.0,
        "refuses large bodies before it has read them",
    ),
    Entry("tmp_full", 8, "process", TmpFull, Timing(before_s=1.5, fault_s=2.5, after_s=1.5), 8.0, "still predicts"),
    Entry("network_cut", 9, "network", NetworkCut, Timing(after_s=5.0), 12.0, "recovers within 2 s"),
    Entry(
        "packet_loss", 10, "network", PacketLoss, Timing(before_s=1.5, fault_s=8.0, after_s=3.0), 15.0,
        "answers 98 % at 5 % loss and 90 % at 20 %, and leaks no connection",
    ),
    Entry("bandwidth_cap", 11, "network", BandwidthCap, Timing(fault_s=4.0, after_s=6.5), 14.0, "does not wait for what cannot come in time"),
    Entry("dependency_slow", 12, "dependency", DependencySlow, Timing(), 10.0, "answers in time from a useful, flagged fallback"),
    Entry("dependency_errors", 13, "dependency", DependencyErrors, Timing(), 10.0, "answers from a useful, flagged fallback"),
    Entry("dependency_refused", 14, "dependency", DependencyRefused, BRIEF, 8.0, "answers from a useful, flagged fallback, without a retry storm"),
    Entry("dependency_blackhole", 15, "dependency", DependencyBlackhole, Timing(), 10.0, "answers in time from a useful, flagged fallback"),
    Entry("dependency_reset", 16, "dependency", DependencyReset, BRIEF, 8.0, "answers from a useful, flagged fallback"),
    Entry("dependency_drip", 17, "dependency", DependencyDrip, Timing(), 10.0, "has a total deadline, not a socket timeout"),
    Entry("dependency_garbage", 18, "dependency", DependencyGarbage, BRIEF, 8.0, "takes what is no valid answer as none"),
    Entry("dependency_missing_field", 19, "dependency", DependencyMissingField, BRIEF, 8.0, "does not predict from half of an answer unflagged"),
    Entry("dependency_nan", 20, "dependency", DependencyNan, BRIEF, 8.0, "lets no NaN into the model or out of the service"),
    Entry("dependency_huge", 21, "dependency", DependencyHuge, Timing(1.5, 4.5, 3.0), 9.5, "stops reading at a size of its own"),
    Entry("dependency_flapping", 22, "dependency", DependencyFlapping, Timing(1.5, 4.0, 3.0), 9.0, "answers throughout, undegraded soon after"),
    Entry("dependency_name_gone", 23, "dependency", DependencyNameGone, Timing(1.5, 3.5, 3.0), 10.0, "answers in time, lookups included"),
    Entry("dependency_credentials", 24, "dependency", DependencyCredentials, Timing(1.5, 2.0, 2.0), 8.0, "reads the token anew when it is refused"),
    Entry(
        "bad_model", 25, "model", BadModel, Timing(before_s=1.0, after_s=1.0), 30.0,
        "is not ready with a model that is missing, corrupt, cut off or of another kind, or serves its own instead",
    ),
    Entry("malformed_input", 26, "input", MalformedInput, Timing(before_s=1.0, after_s=1.0), 15.0, "answers 4xx with a reason and stays alive"),
    Entry("overload", 27, "input", Overload, Timing(before_s=1.5, fault_s=3.0, after_s=4.0), 14.0, "sheds at once, and is itself again within 2 s"),
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
