"""Every mutant of the flagship can be planted, and says things that exist; a broken one is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

import grader.rubric
from challenges.loader import ROOT, load
from challenges.mutants import Mutant, mutants, plant
from challenges.narrow import PART, narrow
from grader.schema.causes import UsageError

CHALLENGE = ROOT / "fraud-scoring"
ORACLE = CHALLENGE / "submissions" / "oracle"
MUTANTS = mutants(CHALLENGE)
RUBRIC = grader.rubric.load()
RULES = {id: rule for area in RUBRIC.areas.values() for id, rule in area.checks.items()}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_it_fits_the_oracle_and_changes_it(mutant: Mutant, tmp_path: Path):
    planted = plant(mutant, ORACLE, tmp_path / "planted")
    assert contents(planted) != contents(ORACLE)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_what_it_names_exists_and_its_stages_bring_its_checks_into_scope(mutant: Mutant):
    expect = mutant.expect
    assert expect.area in RUBRIC.areas
    assert set(expect.flips) | set(expect.also) <= set(RULES)
    assert not set(expect.flips) & set(expect.also)
    assert expect.gate is None or expect.gate in RUBRIC.gates
    stimuli = narrow(load("fraud-scoring").spec, "quick", expect.stages).modes[PART].stimuli
    assert [id for id in expect.flips if not set(RULES[id].needs) <= stimuli] == []


def test_every_check_has_a_mutant():
    assert set(RULES) - {id for mutant in MUTANTS for id in mutant.expect.flips} == set()


def test_a_patch_that_does_not_fit_is_refused(tmp_path: Path):
    (tmp_path / "challenge/mutants/late").mkdir(parents=True)
    folder = tmp_path / "challenge/mutants/late"
    (folder / "expect.toml").write_text('title = "late"\narea = "failure"\nflips = ["pause_recovery"]\n')
    with pytest.raises(UsageError, match=r"neither a change\.patch nor anything to remove"):
        mutants(tmp_path / "challenge")
    (folder / "change.patch").write_text("--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-no such line\n+another\n")
    (mutant,) = mutants(tmp_path / "challenge")
    with pytest.raises(UsageError, match="does not fit the oracle"):
        plant(mutant, ORACLE, tmp_path / "planted")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
