"""The faults stage: carries out the mode's faults one by one, and sees that each finds the service in its steady state.

A service that did not come back by itself is started anew once, on record, so that one defect is not punished in every later fault.
When that does not help either, the later faults are recorded as failed by the candidate (service_gone).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.base import Culprit
from grader.schema.causes import CAUSES, Failure, Trouble
from grader.schema.challenge import Mode
from grader.schema.evidence.faults import FaultRecord, FaultsEvidence
from harness.drift.stream import customers
from harness.faults.base import Known, Scene, wait_for
from harness.faults.catalogue import CATALOGUE, Entry
from harness.faults.runner import blank, run
from harness.load.generator import LoadGenerator
from harness.load.trace import Trace
from harness.load.windows import GENERATOR
from harness.progress import Progress
from harness.sandbox.container import Candidate
from harness.sandbox.engine import translate
from harness.sandbox.topology import Topology
from harness.seeds import Seeds

STAGE = "faults"
BACK_S = 5.0
UNDEGRADED_S = 15.0
RESTART_S = 30.0
ROWS_EACH = 2500
"""Rows of one fault: enough for a probe in which nearly every request is a new customer's."""

Hook = Callable[[str], None]
Witness = Callable[[str, Trace], None]
RowsOf = Callable[[str], Sequence[Row]]
Explain = Callable[[str, Exception], Failure]
Verify = Callable[[], None]


def collect(
    topology: Topology, candidate: Candidate, generator: LoadGenerator, challenge: LoadedChallenge, mode: Mode,
    rows_of: RowsOf, seeds: Seeds, known: Known | None = None,
    *, before: Hook = lambda _fault: None, after: Hook = lambda _fault: None, witness: Witness = lambda _fault, _trace: None,
    progress: Progress | None = None,
    explain: Explain = lambda _where, error: translate(error).failure, ground: Verify = lambda: None,
) -> FaultsEvidence:  # fmt: skip
    """Every fault of the mode, in its order, each with the requests that `rows_of` gives for it.

    `before` and `after` surround each experiment (scrapes), outside of its record; `witness` gets the trace of its probe. What breaks in one
    experiment is that fault's own trouble, in the words of `explain`: the others are still carried out. `ground` raises Trouble where engine,
    network or sidecars have moved: that ends the stage, and the Trouble carries what was recorded before.
    """
    scene = Scene(topology, candidate, generator, challenge, seeds, known or Known(), witness)
    records: list[FaultRecord] = []
    gone: Failure | None = None
    for id in mode.faults:
        entry = CATALOGUE[id]
        if progress is not None:
            progress.note(STAGE, f"{id}: {entry.expectation}")
        if gone is not None:
            records.append(blank(entry, "the service was gone before", gone))
            continue
        try:
            record, gone = _one(entry, scene, newcomers_first(rows_of(id)), before, after)
        except Exception as error:  # noqa: BLE001 - every fault can fail alone; the cause is typed, named and kept
            record = blank(entry, "the experiment could not be carried out", explain(f"fault {id}", error))
        _stand(ground, records, mode.faults[len(records) :])
        records.append(record)
    return FaultsEvidence(faults=records)


def rows_needed(fault: str) -> int:
    """How many rows to draw for a fault. KeyError when the catalogue does not have it."""
    timing = CATALOGUE[fault].timing
    return max(ROWS_EACH, round(timing.rate_rps * (timing.before_s + timing.fault_s + timing.after_s) * 2))


def newcomers_first(rows: Sequence[Row]) -> list[Row]:
    """Each customer's first row before any customer's second: a cache of features cannot hide that the dependency is broken."""
    seen: set[str] = set()
    first: list[Row] = []
    later: list[Row] = []
    for row in rows:
        customer = str(row.features["customer_id"])
        (later if customer in seen else first).append(row)
        seen.add(customer)
    return first + later


def _stand(ground: Verify, recorded: Sequence[FaultRecord], rest: Sequence[str]) -> None:
    try:
        ground()
    except Trouble as trouble:
        lost = [blank(CATALOGUE[id], "the ground was lost", trouble.failure) for id in rest]
        trouble.partial = FaultsEvidence(faults=[*recorded, *lost])
        raise


def _one(entry: Entry, scene: Scene, rows: list[Row], before: Hook, after: Hook) -> tuple[FaultRecord, Failure | None]:
    """The record of one fault and, when the service cannot be brought back, the failure that the later ones inherit."""
    scene.topology.feature_store.load(customers(rows))
    await_undegraded(scene, rows)
    before(entry.id)
    record = _with_retries(entry, scene, rows)
    restarted = not is_back(scene, rows) and restart(scene, rows)
    after(entry.id)
    if restarted:
        record = record.model_copy(update={"facts": record.facts | {"restarted_by_harness": 1.0}})
    if is_back(scene, rows):
        return record, None
    return record, Trouble("service_gone", f"after {entry.id}, and a fresh start did not help").failure


def _with_retries(entry: Entry, scene: Scene, rows: list[Row]) -> FaultRecord:
    """As often as the causes table allows, for what the grader or the host spoilt."""
    record = run(entry, scene, rows)
    while record.attempts <= _retries(record) and is_back(scene, rows):
        record = run(entry, scene, rows).model_copy(update={"attempts": record.attempts + 1})
    return record


def _retries(record: FaultRecord) -> int:
    if record.failure is not None:
        return CAUSES[record.failure.cause].retries if record.failure.culprit is not Culprit.CANDIDATE else 0
    if record.disturbed is not None:
        return CAUSES["generator_limited" if record.disturbed.startswith(GENERATOR) else "host_noisy"].retries
    return 0


def is_back(scene: Scene, rows: Sequence[Row], seconds: float | None = None) -> bool:
    """Whether the service predicts, or does so within the time (default BACK_S)."""
    return wait_for(lambda: scene.predicts(rows[0]) is not None, monotonic() + (BACK_S if seconds is None else seconds), 0.1)


def restart(scene: Scene, rows: Sequence[Row]) -> bool:
    """One fresh start of the container; True in any case (it was done), the caller looks at the result."""
    if scene.candidate.state().paused:
        scene.candidate.unpause()
    if scene.candidate.state().running:
        scene.candidate.stop(2)
    scene.candidate.start()
    is_back(scene, rows, min(RESTART_S, scene.challenge.spec.limits.ready_timeout_s))
    return True


def await_undegraded(scene: Scene, rows: Sequence[Row]) -> None:
    """A circuit breaker may stay open for a while after an earlier fault; wait for it, but not for ever."""
    flag = scene.challenge.spec.contract.degraded_field
    numbers = iter(range(10**9))

    def undegraded() -> bool:
        answer = scene.predicts(rows[next(numbers) % len(rows)])
        return answer is not None and answer.get(flag) is not True

    wait_for(undegraded, monotonic() + UNDEGRADED_S, 0.2)
