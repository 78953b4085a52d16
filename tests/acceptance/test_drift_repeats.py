"""The drift stage on the oracle again and again, each time with another schedule, features and rows: the verdict must not depend on the draw.

`python -m pytest -m soak tests/acceptance/test_drift_repeats.py`; REPEATS=5 for a shorter look, MODE=full for whole power curves.
"""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

import grader.rubric
from challenges.loader import LoadedChallenge
from grader.checks.registry import CHECKS
from grader.judge.evaluate import in_scope, one
from grader.schema.bundle import Bundle
from grader.schema.evidence import DriftEvidence, RepositoryEvidence
from harness.drift.experiment import prepare, run
from harness.load.generator import LoadGenerator
from harness.sandbox.topology import Topology
from harness.source import clone, probes

from .conftest import ORACLE, await_ready

pytestmark = [pytest.mark.engine, pytest.mark.soak]

REPEATS = int(os.environ.get("REPEATS", "20"))
MODE = os.environ.get("MODE", "standard")
LONGEST_S = 160.0
"""The bar for the drift stage of standard mode."""


@pytest.fixture(scope="module")
def repository(challenge: LoadedChallenge, tmp_path_factory: pytest.TempPathFactory) -> RepositoryEvidence:
    return probes.scan(clone.obtain(str(ORACLE), tmp_path_factory.mktemp("oracle") / "tree", challenge.spec.limits), challenge)


def streamed(challenge: LoadedChallenge, topology: Topology, generator: LoadGenerator, image: str, seed: int) -> tuple[DriftEvidence, float]:
    """One drift stage on a fresh container: the evidence, and its seconds."""
    candidate = topology.start_candidate(image)
    try:
        await_ready(candidate, challenge)
        prepared = prepare(challenge, challenge.spec.modes[MODE].drift, seed)
        begin = time.monotonic()
        rate = challenge.spec.drift.max_rate_rps
        found = run(prepared, generator, candidate.client, challenge, topology.feature_store, topology.alerts, rate_rps=rate, since=begin)
        return found.evidence, time.monotonic() - begin
    finally:
        candidate.remove()


@pytest.mark.timeout(400 * REPEATS + 300)
def test_repeats_of_the_drift_stage_agree(
    challenge: LoadedChallenge, topology: Topology, image: str, repository: RepositoryEvidence
) -> None:
    rubric, asked = grader.rubric.load(), challenge.spec
    rules = {id: rule for id, rule in rubric.areas["monitoring"].checks.items() if in_scope(rule, asked, MODE)}
    wanted = {id: rule for id, rule in rules.items() if any(need.startswith("drift") for need in rule.needs)}
    levels: dict[str, Counter[str]] = {id: Counter() for id in wanted}
    told: list[str] = []
    longest = 0.0
    with LoadGenerator() as generator:
        for seed in range(REPEATS):
            evidence, seconds = streamed(challenge, topology, generator, image, 7_000 + seed)
            longest = max(longest, seconds)
            bundle = Bundle(challenge=asked, evidence={"drift": evidence, "repository": repository})
            for id, rule in wanted.items():
                judged = one(CHECKS[id], rule.model_copy(update={"behaviour": False}), bundle, asked)
                levels[id][str(judged.finding.level)] += 1
                if judged.credit != 10_000:
                    told.append(f"seed {7_000 + seed}, {id}: {judged.finding.observed}")
    print("\n".join([f"{REPEATS} repeats, longest stage {longest:.1f} s", *(f"{id}: {dict(seen)}" for id, seen in levels.items()), *told]))
    assert len(wanted) >= 8
    assert MODE == "full" or longest <= LONGEST_S
    assert {id: dict(seen) for id, seen in levels.items() if REPEATS - seen.most_common(1)[0][1] > max(1, REPEATS // 20)} == {}, told
