"""The drift stage on the oracle again and again, each time with another schedule, features and rows: the verdict must not depend on the draw.

`python -m pytest -m soak tests/acceptance/test_drift_repeats.py`; REPEATS=5 for a shorter look, MODE=full for whole power curves.
"""

from __future__ import annotations

import os
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

import grader.rubric
from challenges.loader import LoadedChallenge, load
from grader.checks.registry import CHECKS
from grader.judge.evaluate import in_scope, one
from grader.schema.bundle import Bundle
from grader.schema.evidence import DriftEvidence, RepositoryEvidence
from harness.drift.experiment import prepare, run
from harness.load.generator import LoadGenerator
from harness.sandbox import owner
from harness.sandbox.topology import Topology
from harness.source import clone, probes

pytestmark = [pytest.mark.engine, pytest.mark.soak]

ORACLE = Path(__file__).resolve().parents[2] / "challenges/fraud-scoring/submissions/oracle"
REPEATS = int(os.environ.get("REPEATS", "20"))
MODE = os.environ.get("MODE", "standard")
READY_S = 60.0
LONGEST_S = 160.0
"""The bar for the drift stage of standard mode."""


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(scope="module")
def repository(challenge: LoadedChallenge, tmp_path_factory: pytest.TempPathFactory) -> RepositoryEvidence:
    return probes.scan(clone.obtain(str(ORACLE), tmp_path_factory.mktemp("oracle") / "tree", challenge.spec.limits), challenge)


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, base_image: str) -> Iterator[str]:
    tag = f"reference-oracle:{uuid.uuid4().hex[:12]}"
    engine.images.build(path=str(ORACLE), tag=tag, rm=True, forcerm=True, labels={owner.OWNER: owner.owner_token()})
    yield tag
    engine.images.remove(tag, force=True)


@pytest.fixture(scope="module")
def topology(
    engine: docker.DockerClient, challenge: LoadedChallenge, sidecar_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Topology]:
    run_id = f"test-repeats-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))  # run records stay out of the user's own
        with Topology(engine, run_id, challenge.spec, owner.labels(run_id), sidecar_image) as entered:
            yield entered


def streamed(challenge: LoadedChallenge, topology: Topology, generator: LoadGenerator, image: str, seed: int) -> tuple[DriftEvidence, float]:
    """One drift stage on a fresh container: the evidence, and its seconds."""
    candidate = topology.start_candidate(image)
    try:
        deadline = time.monotonic() + READY_S
        while candidate.client.get(challenge.spec.contract.ready).status != 200:
            assert time.monotonic() < deadline, candidate.logs()
            time.sleep(0.05)  # pace of polling; the condition above ends the wait
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
