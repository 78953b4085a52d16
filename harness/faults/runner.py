"""One fault experiment: an open-loop probe runs through steady state, injection, proof, undo and steady state again.

The undo stands in a `finally`: whatever breaks in between, the fault does not outlive its experiment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from challenges.simulator import Row
from grader.schema.causes import Failure, Trouble
from grader.schema.evidence.faults import FaultRecord
from harness.faults.base import Fault, Proof, Scene, Seen, Timing, pause_until
from harness.faults.catalogue import Entry
from harness.faults.polls import Polls
from harness.load import schedule
from harness.load.generator import Running
from harness.load.outcomes import Outcome
from harness.load.plan import Plan
from harness.load.supply import fields
from harness.load.trace import Trace
from harness.load.watch import Watch
from harness.load.windows import time_bins, void_reason

BIN_S = 0.1
TIMEOUT_S = 2.0
LONGEST_S = 75.0
"""The probe is planned for this long and ended when the experiment is over: a start may take a minute."""

DROPPED_SHARE = 0.01

SHARE_OF_MOST = 0.6
"""Of what a service was seen to answer at most: so much of it may be the probe's."""

LEAST_RPS = 5.0
"""A slower probe would see too little of what a fault does."""

LONGER = 2.0
"""Times the usual time, at most, for a slow probe to see enough."""

PROBED_ALONE = ("pause", "sigterm_drain", "pid1_signals", "sigkill", "worker_kill", "cpu_starvation", "tmp_full", "network_cut")
"""Faults in which nothing of ours but the probe keeps our core busy: here a feature store that waits for it is a disturbance. In the others it is
the experiment: huge bodies, bursts, a second instance."""


@dataclass
class Moments:
    """CLOCK_MONOTONIC seconds of one experiment; None where it never came to that."""

    prepared: float | None = None
    injected: float | None = None
    undone: float | None = None
    ended: float | None = None


def run(entry: Entry, scene: Scene, rows: Sequence[Row]) -> FaultRecord:
    """Carry out one fault. Never raises Trouble: it becomes the record's `failure`."""
    entry = bearable(entry, scene.known.most_rps)
    fault = entry.kind(scene, entry.timing, rows)
    moments, proof, failure = Moments(), Proof(False, "the experiment did not get that far"), None
    contract = scene.challenge.spec.contract
    try:
        store = scene.topology.feature_store.waited_s if entry.id in PROBED_ALONE else lambda: None
        with Watch(scene.candidate, scene.topology.cores.candidate, store=store) as watch:
            running = scene.generator.start(probe(entry, scene, rows, fault.hosts()))
            client = scene.candidate.client
            with Polls(client, contract.health) as liveness, Polls(client, contract.ready) as readiness:
                try:
                    proof = _experiment(fault, running, moments)
                except Trouble as trouble:
                    failure = trouble.failure
                trace = running.finish()
                scene.witness(entry.id, trace)
    except Trouble as trouble:
        return _unstarted(entry, failure or trouble.failure)
    record = _record(entry, fault, running, trace, moments, proof, failure)
    polls = {"liveness": liveness.since(running.t0), "readiness": readiness.since(running.t0)}
    record = record.model_copy(update=polls)
    use = watch.use()
    waited = {} if use is None or use.store_wait_share is None else {"store_wait_share": use.store_wait_share}
    return record.model_copy(update={"disturbed": void_reason(trace, TIMEOUT_S, use), "facts": record.facts | waited})


def probe(entry: Entry, scene: Scene, rows: Sequence[Row], also: Sequence[str] = ()) -> Plan:
    """Poisson arrivals at the fault's rate, longer than any experiment. Rows repeat when there are too few."""
    contract = scene.challenge.spec.contract
    offsets = arrivals(entry.timing, scene.seeds.derive(f"fault:{entry.id}"))
    return Plan(
        host=scene.candidate.ip, port=scene.candidate.port, path=contract.predict, arrivals_s=offsets,
        bodies=[json.dumps(row.request).encode() for row in rows], ids=[str(row.request[contract.id_field]) for row in rows],
        timeout_s=TIMEOUT_S, slo_ms=scene.challenge.spec.reality.slo_p99_ms, fields=fields(contract),
        also=list(also),
    )  # fmt: skip


def bearable(entry: Entry, most_rps: float | None) -> Entry:
    """The probe, and its burst, slowed down for a service that cannot answer it: under a probe that starves it every fault looks alike.

    A dependency stays broken for longer then: what is judged there needs answers, and is not the worse for it.
    """
    timing = entry.timing
    if not most_rps or timing.rate_rps <= SHARE_OF_MOST * most_rps:
        return entry
    share = min(1.0, max(LEAST_RPS, SHARE_OF_MOST * most_rps) / timing.rate_rps)
    held_s = timing.fault_s * (min(LONGER, 1 / share) if entry.target == "dependency" else 1)
    slower = replace(timing, rate_rps=timing.rate_rps * share, burst_rps=timing.burst_rps * share, fault_s=held_s)
    return replace(entry, timing=slower)


def arrivals(timing: Timing, seed: int) -> list[float]:
    """The probe's schedule, with the burst on top where the fault wants one."""
    steady = schedule.poisson(timing.rate_rps, LONGEST_S, seed)
    burst = schedule.poisson(timing.burst_rps, timing.burst_s, seed + 1) if timing.burst_rps else []
    return sorted([*steady, *(timing.before_s + offset for offset in burst)])


def _experiment(fault: Fault, running: Running, moments: Moments) -> Proof:
    timing = fault.timing
    fault.begin()
    pause_until(running.t0 + timing.before_s)
    moments.prepared = running.t0 + timing.before_s
    try:
        fault.prepare(running)
        moments.injected = fault.inject()
        fault.hold()
        proof = fault.proof()
    finally:
        moments.undone = fault.undo()
    fault.settle()
    moments.ended = monotonic() + timing.after_s
    pause_until(moments.ended)
    return proof


def _record(entry: Entry, fault: Fault, running: Running, trace: Trace, moments: Moments, proof: Proof, failure: Failure | None) -> FaultRecord:
    """Without the polls, which have their own clock."""
    zero = running.t0
    failure = failure or _generator_failure(trace)
    facts = _steady_facts(trace, zero, moments.prepared) | {"probe_rps": round(entry.timing.rate_rps, 1)}
    if failure is None and moments.injected is not None and moments.undone is not None:
        facts |= fault.facts(Seen(trace, fault.rows, zero, moments.injected, moments.undone))
    last = moments.ended or (float(trace.intended[-1]) if len(trace) else zero)
    return FaultRecord(
        id=entry.id,
        number=entry.number,
        target=entry.target,
        expectation=entry.expectation,
        injected=proof.active,
        proof=proof.text,
        inject_s=_since(zero, moments.injected),
        undo_s=_since(zero, moments.undone),
        end_s=_since(zero, moments.ended),
        bin_s=BIN_S,
        bins=time_bins(trace.between(zero, last), BIN_S, last - zero),
        liveness=[],
        facts=facts,
        cases=fault.cases() if proof.active else [],
        failure=failure,
    )


def _steady_facts(trace: Trace, zero: float, until: float | None) -> dict[str, float]:
    before = trace.between(zero, until or zero)
    if not len(before):
        return {}
    return {"healthy_before": float(np.mean(before.valid)), "degraded_before": float(np.mean(before.has(Outcome.DEGRADED)))}


def _generator_failure(trace: Trace) -> Failure | None:
    if trace.dropped <= DROPPED_SHARE * len(trace):
        return None
    return Trouble("generator_limited", f"{trace.dropped} of {len(trace)} probe requests were never sent").failure


def _unstarted(entry: Entry, failure: Failure) -> FaultRecord:
    return blank(entry, "the probe could not be run", failure)


def blank(entry: Entry, proof: str, failure: Failure) -> FaultRecord:
    """The record of a fault that was not carried out."""
    return FaultRecord(
        id=entry.id, number=entry.number, target=entry.target, expectation=entry.expectation, injected=False, proof=proof,
        inject_s=None, undo_s=None, end_s=None, bin_s=BIN_S, bins=[], liveness=[], failure=failure,
    )  # fmt: skip


def _since(zero: float, moment: float | None) -> float | None:
    return None if moment is None else round(moment - zero, 4)
