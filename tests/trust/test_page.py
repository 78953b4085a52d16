"""The page of trust says what was recorded, good and bad, and what was not recorded yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from challenges.loader import ROOT
from grader.schema.causes import UsageError
from grader.schema.validation import Missing, MutantVerdict, ReferenceScore, Validation
from grader.trust.figures import FOLDER, VALIDATION, BlindSpot, Figures, Trial, read, trials
from grader.trust.page import page

PAGE = ROOT.parent / "docs" / "trust.md"
JUNIT = """<testsuites><testsuite>
<testcase name="test_a_disk_that_fills_up[quick]"/>
<testcase name="test_an_engine_lost"><failure message="lost"/></testcase>
<testcase name="test_a_network_removed"><skipped/></testcase>
</testsuite></testsuites>"""


def mutant(id: str, **changes: object) -> MutantVerdict:
    facts = {
        "id": id, "title": f"the defect {id}", "area": "failure", "stages": [], "flips": ["pause_recovery"], "missed": [], "unmeasured": {},
        "also": [], "collateral": {}, "gates_failed": [], "gate_missed": None,
        "cost_bp": {"quick": 0, "full": 310}, "killed": True, "seconds": 20.0, **changes,
    }  # fmt: skip
    return MutantVerdict.model_validate(facts)


def reference(id: str, *, met: bool) -> ReferenceScore:
    return ReferenceScore(
        id=id, kind="oracle", mode="full", low=9_950, high=10_000, status="scored", gates_failed=[], lost={}, bar="low >= 90", met=met, seconds=1.0
    )


def figures(*mutants: MutantVerdict, **changes: object) -> Figures:
    missing = Missing(checks_without_mutant=[], areas_short_of_mutants={}, promises=[], references=[])
    validation = Validation(
        challenge="made", challenge_digest="c" * 64, rubric_digest="r" * 64, grader_version="1", measuring_digest="m" * 64, scanning_digest="s" * 64,
        created="2026-01-02T03:04:05", host=None,
        references=[reference("oracle", met=True), reference("odd", met=False)], mutants=list(mutants), missing=missing, seconds=600.0,
    )  # fmt: skip
    return Figures(**{"validation": validation, "repeats": None, "blame": [], "blind": [], **changes})  # type: ignore[arg-type]


def test_survivors_and_collateral_are_shown_with_what_they_missed():
    survivor = mutant("sly", killed=False, missed=["pause_recovery"])
    noisy = mutant("loud", collateral={"latency_slo": "slow"})
    text = page(figures(mutant("plain"), survivor, noisy))
    assert "66.7 % were noticed" in text
    assert "| sly | the defect sly | pause_recovery |" in text and "| loud | the defect loud |" in text and "latency_slo |" in text
    assert "| plain |" not in text
    assert "| failure | 3 | 2 | 1 |" in text


def test_a_reference_under_its_bar_is_shown_as_such():
    text = page(figures(mutant("plain")))
    assert "| odd | oracle | full | 99.5 | 100.0 | low >= 90 | **no** |" in text


def test_the_dearest_defect_that_trips_no_gate_is_shown_with_its_price():
    text = page(figures(mutant("cheap"), mutant("dear", cost_bp={"quick": 1234}), mutant("gated", cost_bp={"quick": 9000}, gates_failed=["builds"])))
    assert "| the defect dear | 12.3 |" in text and "90.0" not in text


def test_what_was_not_recorded_is_said():
    text = page(figures(mutant("plain")))
    assert "No series of repeats is recorded" in text and "The campaign is not recorded" in text


def test_an_experiment_that_blamed_somebody_is_shown(tmp_path: Path):
    (tmp_path / "blame.xml").write_text(JUNIT)
    found = trials(tmp_path / "blame.xml")
    assert found == [Trial("a disk that fills up (quick)", "held"), Trial("an engine lost", "blamed"), Trial("a network removed", "not done")]
    text = page(figures(mutant("plain"), blame=found))
    assert "1 of 3 experiments lowered no check; these did" in text and "| an engine lost | blamed |" in text


def test_blind_spots_are_told():
    assert "- **It cannot smell.** Nobody can." in page(figures(mutant("plain"), blind=[BlindSpot(what="It cannot smell.", why="Nobody can.")]))


def test_no_figures_is_one_line_with_the_command(tmp_path: Path):
    with pytest.raises(UsageError, match="grader challenge validate"):
        read(tmp_path)


@pytest.mark.skipif(not (ROOT / "fraud-scoring" / FOLDER / VALIDATION).exists(), reason="no validation is recorded yet: make validate")
def test_the_page_in_docs_is_the_one_that_the_recorded_figures_give():
    assert PAGE.read_text("utf-8") == page(read(ROOT / "fraud-scoring")), "run: grader challenge trust fraud-scoring -o docs/trust.md"
