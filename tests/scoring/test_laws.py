"""The laws of scoring.py, held against random sets of checks."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.schema.challenge import Scoring
from grader.schema.result import Outcome
from grader.schema.rubric import FULL
from grader.scoring import Judged, Scored, band, score, split

SCORING = Scoring(
    core={"deployment": 25, "monitoring": 25, "failure": 25, "scalability": 10},
    modules=["pipeline", "mlops"],
    module_points=15,
    cause_cap_points=4,
    bands={"strong": 85, "solid": 60, "emerging": 30, "not shown": 0},
)
AREAS = [*SCORING.core, *SCORING.modules]
CAUSES = ["no-timeout", "no-metrics", "unpinned"]


@st.composite
def checks(draw: st.DrawFn) -> list[Judged]:
    """At least one check per area, with random outcomes, weights and root causes."""
    count = draw(st.integers(len(AREAS), 40))
    return [_check(draw, number, AREAS[number % len(AREAS)]) for number in range(count)]


def _check(draw: st.DrawFn, number: int, area: str) -> Judged:
    outcome = draw(st.sampled_from(list(Outcome)))
    credit = {Outcome.PASS: FULL, Outcome.FAIL: 0}.get(outcome, draw(st.integers(1, FULL - 1)))
    return Judged(f"check-{number:02d}", area, draw(st.integers(1, 12)), outcome, credit, draw(st.sampled_from(CAUSES)))


def total(judged: list[Judged], holds: bool = True) -> Scored:
    return score(judged, SCORING, gates_hold_low=holds, gates_hold_high=holds)


@given(checks(), st.booleans())
def test_scores_are_bounded_and_ordered(judged: list[Judged], holds: bool) -> None:
    scored = total(judged, holds)
    assert 0 <= scored.low <= scored.high <= 10_000
    assert all(0 <= a.low <= a.high <= 10_000 and 0 <= a.coverage <= 10_000 for a in scored.areas.values())


@given(checks(), st.data())
def test_losing_any_evidence_never_raises_low(judged: list[Judged], data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from(range(len(judged)))))
    after = [replace(c, outcome=Outcome.UNKNOWN) if i in lost else c for i, c in enumerate(judged)]
    assert total(after).low <= total(judged).low


@given(checks(), st.data())
def test_what_was_lost_lies_inside_the_interval(judged: list[Judged], data: st.DataObject) -> None:
    """Whatever an unmeasured check would have shown, the score would have been inside what was printed (the cap's refunds apart)."""
    free = Scoring(**{**SCORING.model_dump(), "cause_cap_points": 100})
    measured = [c if c.outcome is not Outcome.NOT_APPLICABLE else replace(c, outcome=Outcome.FAIL, credit=0) for c in judged]
    settled = [replace(c, outcome=Outcome.PARTIAL, credit=data.draw(st.integers(0, FULL))) if not c.measured else c for c in measured]
    interval = score(measured, free, gates_hold_low=True, gates_hold_high=True)
    truth = score(settled, free, gates_hold_low=True, gates_hold_high=True)
    assert interval.low <= truth.low <= truth.high <= interval.high


@given(checks(), st.data())
def test_a_better_outcome_never_lowers_the_score(judged: list[Judged], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(judged) - 1))
    check = judged[index]
    if not check.measured or not check.applicable:
        return
    better = replace(check, outcome=Outcome.PARTIAL, credit=data.draw(st.integers(check.credit, FULL)))
    after = [*judged[:index], better, *judged[index + 1 :]]
    assert total(after).low >= total(judged).low
    assert total(after).high >= total(judged).high


@given(checks().flatmap(lambda judged: st.tuples(st.just(judged), st.permutations(judged))))
def test_order_does_not_matter(both: tuple[list[Judged], list[Judged]]) -> None:
    judged, shuffled = both
    assert total(shuffled) == total(judged)


@given(checks(), st.integers(2, 9))
def test_weights_are_scale_free(judged: list[Judged], factor: int) -> None:
    scaled = [replace(c, weight=c.weight * factor) for c in judged]
    assert total(scaled) == total(judged)


@given(checks(), st.booleans())
def test_rows_sum_exactly_to_the_headline(judged: list[Judged], holds: bool) -> None:
    scored = total(judged, holds)
    low = sum(scored.shares[c.id].low_bp for c in judged if scored.areas[c.area].counted_low) + sum(r.low_bp for r in scored.refunds)
    high = sum(scored.shares[c.id].high_bp for c in judged if scored.areas[c.area].counted_high) + sum(r.high_bp for r in scored.refunds)
    assert (low, max(low, high)) == (scored.low, scored.high)


@settings(max_examples=200)
@given(st.integers(0, 3000), st.dictionaries(st.text(min_size=1, max_size=4), st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 50))
def test_split_is_exact_and_a_new_row_raises_no_other(whole: int, weights: dict[str, int], newcomer: int) -> None:
    before = split(whole, weights)
    after = split(whole, {**weights, "newcomer": newcomer})
    assert sum(before.values()) == whole == sum(after.values())
    assert all(after[id] <= before[id] for id in weights)


def test_one_root_cause_costs_at_most_the_cap_while_gates_hold() -> None:
    lost = [Judged(f"{area}-lost-{i}", area, 1, Outcome.FAIL, 0, "no-metrics") for area in AREAS for i in range(2)]
    kept = [Judged(f"{area}-kept-{i}", area, 1, Outcome.PASS, FULL, "") for area in AREAS for i in range(2)]
    judged = [*lost, *kept]
    assert total(judged).low == 10_000 - 400
    assert total(judged, holds=False).low == 5_000


def test_only_the_best_module_counts() -> None:
    judged = [Judged(area, area, 1, Outcome.PASS if area != "pipeline" else Outcome.FAIL, FULL if area != "pipeline" else 0, "") for area in AREAS]
    scored = total(judged)
    assert scored.low == 10_000
    assert scored.areas["mlops"].counted_low and not scored.areas["pipeline"].counted_low


def test_an_unmeasured_area_is_insufficient() -> None:
    judged = [Judged(area, area, 1, Outcome.UNKNOWN if area == "failure" else Outcome.PASS, FULL, "") for area in AREAS]
    scored = total(judged)
    assert not scored.sufficient
    assert (scored.low, scored.high) == (7_500, 10_000)


def test_bands_name_both_ends_of_an_interval() -> None:
    assert band(9_000, 9_500, SCORING.bands) == "strong"
    assert band(2_000, 7_000, SCORING.bands) == "not shown to solid"
