"""The references, graded whole by the command that CI uses: the oracle is excellent, the weak one mediocre, the nulls nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from grader.repeat.record import Repeatability
from grader.run.exits import Exit
from grader.schema.result import Result

ROOT = Path(__file__).resolve().parents[2]
SUBMISSIONS = ROOT / "challenges" / "fraud-scoring" / "submissions"
NULLS = {"null-empty": "builds", "null-exits": "serves", "null-200": "predicts", "null-constant": "predicts", "null-hangs": "serves"}
"""Does nothing -> the first gate that says so."""

IN_SOAK = pytest.param("standard", marks=pytest.mark.soak)

pytestmark = pytest.mark.engine

Graded = Callable[[str, str], tuple[int, Result]]


@pytest.fixture(scope="session")
def graded(engine: object, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Grades a reference once per session and mode: exit code and result."""

    @cache
    def grade(name: str, mode: str) -> tuple[int, Result]:
        out = tmp_path_factory.mktemp(f"{name}-{mode}")
        command = [sys.executable, "-m", "grader", "grade", str(SUBMISSIONS / name), "--challenge", "fraud-scoring", "--mode", mode, "-o", str(out)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=ROOT, check=False)
        assert (out / "result.json").exists(), ended.stdout[-2000:] + ended.stderr[-2000:]
        return ended.returncode, Result.model_validate(json.loads((out / "result.json").read_text()))

    return grade


def lost(result: Result) -> str:
    """What cost points, for the failure message."""
    rows = [f"{c.id}: {c.outcome.value}: {c.observed}" for c in result.checks if c.low_bp < c.max_bp]
    return "\n".join([result.headline, *rows])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["quick", IN_SOAK])
def test_the_oracle_earns_at_least_ninety(graded: Graded, mode: str) -> None:
    code, result = graded("oracle", mode)
    assert result.score.low >= 9_000, lost(result)
    assert code == Exit.OK, lost(result)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["quick", "standard"])
def test_the_weak_one_earns_between_twenty_and_fifty(graded: Graded, mode: str) -> None:
    _, result = graded("weak", mode)
    assert 2_000 <= result.score.low <= result.score.high <= 5_000, lost(result)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NULLS)
def test_a_null_earns_next_to_nothing_and_fails_a_gate(graded: Graded, name: str) -> None:
    code, result = graded(name, "quick")
    assert result.score.high <= 500, lost(result)
    assert code == Exit.GATE_FAILED
    assert next(gate.id for gate in result.gates if gate.outcome == "fail") == NULLS[name]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["quick", IN_SOAK])
def test_a_run_costs_little_beyond_what_it_measures(graded: Graded, mode: str) -> None:
    """Wall time within 1.15 x the measured windows plus the build; grader <= 400 MB, load generator <= 200 MB resident."""
    _, result = graded("oracle", mode)
    assert result.run is not None
    assert result.run.overhead <= 1.15, [(s.name, s.seconds, s.measured_s) for s in result.run.stages]
    assert result.run.grader_peak_mib <= 400
    assert result.run.generator_peak_mib <= 200


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", NULLS)
def test_a_null_earns_next_to_nothing_in_standard_mode_too(graded: Graded, name: str) -> None:
    _, result = graded(name, "standard")
    assert result.score.high <= 500, lost(result)


@pytest.mark.soak
@pytest.mark.timeout(12_000)
def test_twenty_quick_runs_of_the_oracle_agree(engine: object, tmp_path: Path) -> None:
    """Half of them beside a busy neighbour: per check at most 1 of 20 differs. Quiet scores lie within 2 points, and no interval is further than
    that from what was fully measured: what a neighbour spoils widens the interval and does not move it."""
    command = [sys.executable, "-m", "grader", "repeat", str(SUBMISSIONS / "oracle"), "-c", "fraud-scoring", "-m", "quick", "-n", "20", "--noise"]
    ended = subprocess.run([*command, "-o", str(tmp_path)], capture_output=True, text=True, timeout=11_000, cwd=ROOT, check=False)
    found = Repeatability.model_validate_json((tmp_path / "repeats.json").read_bytes())
    assert len(found.repeats) == 20, ended.stderr[-2000:]
    assert found.over == [], found.quarantine
    assert found.scores["quiet"].low_min >= 90 and found.scores["quiet"].low_range <= 2
    assert found.honesty is not None and found.honesty.farthest <= 2
    assert all(facts.status != "gate_failed" for facts in found.repeats)
