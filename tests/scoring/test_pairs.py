"""Adding a defect never raises a score: every set of recorded defects together earns no more than any part of it, in both ends of the interval.

The defects are those of the golden verdicts, so this holds for what the grader really says of bad work, with the rubric's own weights, root
causes and gates. A defect's credits are put into the oracle's; together, each check has the smallest credit, and a gate fails if it fails anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import challenges.loader
import grader.rubric
from grader.golden.archive import golden
from grader.golden.baseline import golden_verdict
from grader.golden.expected import Verdict
from grader.judge.evaluate import in_scope
from grader.schema.result import Outcome
from grader.schema.rubric import FULL
from grader.scoring import Judged, Scored, score

LOADED = challenges.loader.load("fraud-scoring")
CHALLENGE, FOLDER = LOADED.spec, LOADED.folder
RUBRIC = grader.rubric.load()
ORACLE = "oracle-quick"
RULES = {id: (area, rule) for area, content in RUBRIC.areas.items() for id, rule in content.checks.items()}
GATES = {gate.check: id for id, gate in RUBRIC.gates.items()}

Credits = Mapping[str, int]
"""Check id -> basis points. Only what was measured."""


@cache
def verdicts() -> dict[str, Verdict]:
    found = {name: golden_verdict(FOLDER, name) for name in golden(FOLDER)}
    return {name: said for name, said in found.items() if said is not None}


def measured(said: Verdict) -> dict[str, int]:
    """Checks of today's rubric that a golden verdict could judge."""
    own = {id.partition("/")[2]: rung.credit for id, rung in said.checks.items()}
    return {id: credit for id, credit in own.items() if credit is not None and id in RULES}


def failed_gates(said: Verdict) -> frozenset[str]:
    return frozenset(id for id, outcome in said.gates.items() if outcome == "fail")


@cache
def defects() -> dict[str, tuple[Credits, frozenset[str]]]:
    """Name -> what is lost against the oracle, and the gates that fail. The recorded bad submissions, and each of their losses on its own."""
    best = measured(verdicts()[ORACLE])
    found: dict[str, tuple[Credits, frozenset[str]]] = {}
    for name, said in verdicts().items():
        lost = {id: credit for id, credit in measured(said).items() if credit < best.get(id, FULL)}
        if lost:
            found[name] = (lost, failed_gates(said))
            found |= {f"{id}: {credit}": ({id: credit}, failed_gates(said) & {GATES.get(id, "")}) for id, credit in lost.items()}
    return found


CAPS = (CHALLENGE.scoring.cause_cap_points, 3.0)
"""No cause of the rubric exceeds the challenge's own cap; a low one makes refunds, which must not reward the next defect either."""


def together(names: Collection[str], mode: str, cap: float = CAPS[0]) -> Scored:
    """The oracle with these defects at once, in the scope of a mode, where one root cause costs at most `cap` points."""
    credits = {id: FULL for id, (_, rule) in RULES.items() if in_scope(rule, CHALLENGE, mode)}
    credits |= {id: credit for id, credit in measured(verdicts()[ORACLE]).items() if id in credits}
    for name in names:
        credits |= {id: min(credit, credits[id]) for id, credit in defects()[name][0].items() if id in credits}
    holds = not any(defects()[name][1] for name in names)
    scoring = CHALLENGE.scoring.model_copy(update={"cause_cap_points": cap})
    return score([_judged(id, credit) for id, credit in credits.items()], scoring, gates_hold_low=holds, gates_hold_high=holds)


def _judged(id: str, credit: int) -> Judged:
    area, rule = RULES[id]
    outcome = Outcome.PASS if credit == FULL else Outcome.PARTIAL if credit else Outcome.FAIL
    return Judged(id, area, rule.weight, outcome, credit, rule.root_cause)


def test_there_are_defects_of_every_area() -> None:
    assert {RULES[id][0] for lost, _ in defects().values() for id in lost} == set(RUBRIC.areas)
    assert any(gates for _, gates in defects().values()) and any(not gates for _, gates in defects().values())


@pytest.mark.parametrize("mode", CHALLENGE.modes)
def test_a_single_defect_never_raises_the_oracles_score(mode: str) -> None:
    best = together((), mode)
    scored = {name: together([name], mode) for name in defects()}
    assert {name: found.low for name, found in scored.items() if found.low > best.low or found.high > best.high} == {}


@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(st.sampled_from(sorted(defects())), min_size=2, max_size=4, unique=True),
    mode=st.sampled_from(sorted(CHALLENGE.modes)),
    cap=st.sampled_from(CAPS),
)
def test_defects_together_earn_no_more_than_any_part_of_them(names: list[str], mode: str, cap: float) -> None:
    whole = together(names, mode, cap)
    for part in combinations(names, len(names) - 1):
        assert whole.low <= together(part, mode, cap).low, part
        assert whole.high <= together(part, mode, cap).high, part


def test_every_pair_of_recorded_submissions_earns_no_more_than_either() -> None:
    recorded = {name: together((name,), "full") for name in defects() if ":" not in name}
    pairs = {pair: together(pair, "full") for pair in combinations(recorded, 2)}
    assert len(recorded) >= 4
    assert {pair: found.low for pair, found in pairs.items() if found.low > min(recorded[name].low for name in pair)} == {}
