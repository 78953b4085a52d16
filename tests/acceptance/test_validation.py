"""The grader graded, in small: defects of each kind of experiment are noticed by their checks, and by no other. Whole: `make validate`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from challenges.loader import ROOT as CHALLENGES
from challenges.mutants import mutants
from grader.schema.validation import Validation

ROOT = CHALLENGES.parent
SUBSET = ("data-unversioned", "audit-not-written", "fallbacks-partly-counted", "artifact-loaded-per-request", "drift-alert-waits")
"""One per kind of stimulus, the cheap ones."""

pytestmark = pytest.mark.engine


def validate(folder: Path, *ids: str) -> tuple[str, Validation]:
    chosen = [word for id in ids for word in ("--only", id)]
    command = [sys.executable, "-m", "grader", "challenge", "validate", "fraud-scoring", "--jobs", "2", *chosen, "-o", str(folder / "out")]
    env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=850, cwd=ROOT, env=env, check=False)
    file = folder / "out" / "validation.json"
    assert file.exists(), ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout, Validation.model_validate_json(file.read_bytes())


@pytest.mark.timeout(900)
def test_planted_defects_are_noticed_by_their_checks_and_by_no_other(engine: object, tmp_path: Path) -> None:
    said, found = validate(tmp_path, *SUBSET)
    assert {m.id for m in found.mutants} == set(SUBSET)
    assert [m.id for m in found.mutants if not m.killed or m.collateral] == [], said
    again, same = validate(tmp_path, *SUBSET)
    assert again.count("(cached") == len(SUBSET), "what was run once is scored again and not run again"
    assert [(m.id, m.missed, m.collateral) for m in same.mutants] == [(m.id, m.missed, m.collateral) for m in found.mutants]


def test_the_subset_covers_every_kind_of_stimulus() -> None:
    kinds = {stage.partition(":")[0] for mutant in mutants(CHALLENGES / "fraud-scoring") if mutant.id in SUBSET for stage in mutant.expect.stages}
    assert {"load", "fault", "stress", "drift"} <= kinds
