"""The stress stage: profiles whose rates follow from what is measured. Capacity is searched, then exceeded, then half of it is held for a while."""

from __future__ import annotations

from collections.abc import Sequence

from grader.schema.challenge import StressPlan
from grader.schema.evidence.load import Capacity, ControlReading, StressEvidence
from harness.load.capacity import search, settle
from harness.load.control import moved
from harness.load.stage import BIN_S, Record, Segment, Stage
from harness.load.supply import Supply

MOST_RPS = 6000.0
"""What the generator sends without being late itself on one core of its own (benchmarks, part lag); overload never asks for more."""

APPROACH_S, APPROACH_SHARE = 1.0, 0.8
"""Overload comes from below, with connections open: a herd of thousands of new ones in the first tenth of a second is another experiment."""

RELIEF_S = 4.0
EXCESS_RPS = 1000.0
"""Most arrivals beyond what the service answers. Each that waits holds a connection of its own: at twice that, fast services run over their accept
queue within a second, and from then on the kernel's retransmissions (1 s and more) are measured. Seen at 6000/s against services that answer 4400/s:
in two runs of six the p95 of a sound one was over 0.7 s; with 1000/s beyond, in one of eight."""

REAL_OVERLOAD = 1.15
"""Less than this much beyond what it answers at most shows nothing about overload."""

LOWEST_RPS = 1.0
UNKNOWN_SHARE = 0.5
"""Of the production rate, for a soak where no capacity is known."""


def collect(stage: Stage, plan: StressPlan, supply: Supply) -> StressEvidence:
    """Each part once (windows again where void). Raises Trouble when the generator breaks."""
    readings = [stage.control("before stress")] if stage.control else []
    capacity = _search(stage, plan, supply, readings) if plan.search_s else None
    record = Record()
    for stretch in stretches(stage, plan, capacity):
        settle(stage, supply)
        record.send(stage, stretch, supply)
    if stage.control:
        readings.append(stage.control("after stress"))
    if (why := moved(readings, since=-2)) is not None:
        record.void_all(why)
    by_name = {window.name: window for window in record.windows}
    return StressEvidence(
        capacity=capacity, overload=by_name.get("overload"), relief=by_name.get("relief"), soak=by_name.get("soak"),
        voided=record.voided, control=readings, bin_s=BIN_S,
    )  # fmt: skip


def _search(stage: Stage, plan: StressPlan, supply: Supply, readings: list[ControlReading]) -> Capacity:
    """Once more where the control container's figures moved meanwhile; void where they moved again."""
    for _ in range(2):
        capacity = search(stage, plan, supply)
        if stage.control is None:
            return capacity
        readings.append(stage.control("after search"))
        if (why := moved(readings, since=-2)) is None:
            return capacity
    return capacity.model_copy(update={"void": capacity.void or why})


def beyond(most: float, factor: float, limit: float) -> float:
    """The rate that exceeds what a service answers at most by this factor, as far as the bounds on the excess and on the rate allow."""
    return min(limit, factor * most, most + EXCESS_RPS)


def stretches(stage: Stage, plan: StressPlan, capacity: Capacity | None) -> list[Sequence[Segment]]:
    """Overload with the relief after it, and the soak.

    Overload is a multiple of what the service answers at most. The capacity at the latency target lies anywhere between half of that and
    all of it, and moves from search to search: a multiple of it may be no overload at all, or a different one in each run.
    """
    production, stretches = stage.reality.rate_rps, list[Sequence[Segment]]()
    known = (capacity and (capacity.rate_rps or capacity.saturation_rps)) or None
    most = capacity.most_rps if capacity else 0.0
    if plan.overload_s and known and (rate := beyond(most, plan.overload_factor, MOST_RPS)) >= REAL_OVERLOAD * most:
        approach = Segment("approach", "poisson", APPROACH_SHARE * known, APPROACH_S)
        relief = Segment("relief", "poisson", min(production, known * plan.soak_share), RELIEF_S)
        stretches.append([approach, Segment("overload", "poisson", rate, plan.overload_s), relief])
    if plan.soak_s:
        rate = min(plan.soak_factor * production, max(plan.soak_share * known, LOWEST_RPS) if known else UNKNOWN_SHARE * production)
        stretches.append([Segment("soak", "poisson", rate, plan.soak_s)])
    return stretches
