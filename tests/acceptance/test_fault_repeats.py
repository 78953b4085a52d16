"""Every fault on the oracle again and again, each time with other requests: the verdict must not depend on the draw.

`python -m pytest -m soak tests/acceptance/test_fault_repeats.py`; REPEATS=3 for a shorter look, FAULTS=pause,sigkill for some of them.
"""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

import grader.rubric
from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.checks.registry import CHECKS
from grader.judge.evaluate import one
from grader.schema.bundle import Bundle
from grader.schema.evidence import FaultsEvidence
from harness.faults import stage
from harness.load.generator import LoadGenerator
from harness.sandbox.topology import Topology
from harness.seeds import Seeds

from .conftest import await_ready

pytestmark = [pytest.mark.engine, pytest.mark.soak]

REPEATS = int(os.environ.get("REPEATS", "20"))
FAULTS = [id for id in os.environ.get("FAULTS", "").split(",") if id]
LONGEST_S = 540.0
"""The bar for the whole catalogue."""


def exercised(challenge: LoadedChallenge, topology: Topology, image: str, faults: list[str], repeat: int) -> tuple[FaultsEvidence, float]:
    """The faults stage on a fresh container: its evidence and its seconds."""
    seeds = Seeds(b"k" * 16, f"repeat {repeat}", 1)
    simulator = challenge.simulator()

    def rows_of(id: str) -> list[Row]:
        return simulator.stream(stage.rows_needed(id), seeds.derive(f"faults:{id}"))

    candidate = topology.start_candidate(image)
    try:
        await_ready(candidate, challenge)
        mode = challenge.spec.modes["full"].model_copy(update={"faults": faults})
        begin = time.monotonic()
        with LoadGenerator(topology.cores.ours) as generator:
            return stage.collect(topology, candidate, generator, challenge, mode, rows_of, seeds), time.monotonic() - begin
    finally:
        candidate.remove()


@pytest.mark.timeout(700 * REPEATS + 300)
def test_repeats_of_the_faults_stage_agree(challenge: LoadedChallenge, topology: Topology, image: str) -> None:
    faults = FAULTS or challenge.spec.modes["full"].faults
    rules = grader.rubric.load().areas["failure"].checks
    asked = {id: rule for id, rule in rules.items() if any(need.removeprefix("fault:") in faults for need in rule.needs)}
    wanted = {id: rule for id, rule in asked.items() if set(CHECKS[id].inputs.values()) <= {"faults", "bars", "challenge"}}
    levels: dict[str, Counter[str]] = {id: Counter() for id in wanted}
    told: list[str] = []
    took: list[float] = []
    for repeat in range(REPEATS):
        evidence, seconds = exercised(challenge, topology, image, faults, repeat)
        took.append(seconds)
        bundle = Bundle(challenge=challenge.spec, evidence={"faults": evidence})
        for id, rule in wanted.items():
            judged = one(CHECKS[id], rule.model_copy(update={"behaviour": False}), bundle, challenge.spec)
            levels[id][judged.finding.level or judged.outcome.value] += 1
            if judged.credit != 10_000:
                told.append(f"repeat {repeat}, {id}: {judged.finding.observed}")
    counted = [f"{id}: {dict(seen)}" for id, seen in levels.items()]
    print("\n".join([f"{REPEATS} repeats of {len(faults)} faults, longest stage {max(took):.0f} s", *counted, *told]))
    assert FAULTS or max(took) <= LONGEST_S, took
    assert {id: dict(seen) for id, seen in levels.items() if REPEATS - seen.most_common(1)[0][1] > max(1, REPEATS // 20)} == {}, told
