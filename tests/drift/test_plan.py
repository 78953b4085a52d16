"""A schedule that a request counter could foresee would score the counter. These are the properties that prevent it."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.schema.challenge import DriftKind, DriftPlan
from harness.drift.plan import SPREAD, WARMUP_WINDOWS, Schedule, draw

PLAN = DriftPlan(window=500, control_windows=6, drifted_windows=5, recovery_windows=3, max_rate_rps=300, must_detect={})
FEATURES = ["amount", "distance_km", "device_age_days", "minutes_since_last"]
KINDS = [DriftKind(kind=name, severities=[0.5], features=FEATURES) for name in ("covariate", "unit", "missing")]

schedules = st.builds(lambda seed, kinds: draw(PLAN, KINDS[:kinds], seed), st.integers(0, 2**63 - 1), st.integers(1, 3))


def runs(schedule: Schedule, phase: str) -> list[int]:
    """Lengths in requests of the runs of a phase."""
    grouped = groupby(schedule.windows, key=lambda window: (window.phase, window.run))
    return [sum(window.size for window in group) for (name, _), group in grouped if name == phase]


def first_drift(schedule: Schedule) -> int:
    return next(window.first for window in schedule.windows if window.phase == "drifted")


@given(schedules)
def test_windows_follow_each_other_without_gaps(schedule: Schedule) -> None:
    assert schedule.windows[0].first == 0
    assert all(a.first + a.size == b.first for a, b in pairwise(schedule.windows))
    assert schedule.ends[-1] == schedule.requests


@given(schedules)
def test_every_run_has_its_drift_and_its_recovery_in_the_drawn_order(schedule: Schedule) -> None:
    phases = [(name, run) for (name, run), _ in groupby(schedule.windows, key=lambda w: (w.phase, w.run)) if run is not None]
    assert phases == [(phase, run) for run in range(len(schedule.runs)) for phase in ("drifted", "recovery")]


@given(schedules)
def test_there_are_exactly_six_control_windows_and_at_least_two_before_the_first_drift(schedule: Schedule) -> None:
    control = [window for window in schedule.windows if window.phase == "control"]
    assert len(control) == PLAN.control_windows
    assert sum(window.first < first_drift(schedule) for window in control) >= 2
    assert all(abs(window.size - PLAN.window) <= SPREAD * PLAN.window for window in control)


@given(schedules)
def test_a_drifted_run_is_never_shorter_than_the_challenge_promises(schedule: Schedule) -> None:
    nominal = PLAN.drifted_windows * PLAN.window
    assert all(nominal <= length <= (1 + SPREAD) * nominal + 1 for length in runs(schedule, "drifted"))


@given(schedules)
def test_the_total_stays_near_what_the_challenge_plans(schedule: Schedule) -> None:
    per_kind = PLAN.drifted_windows + PLAN.recovery_windows
    nominal = PLAN.window * (sum(WARMUP_WINDOWS) / 2 + PLAN.control_windows + per_kind * len(schedule.runs))
    assert 0.7 * nominal <= schedule.requests <= (1 + SPREAD) * nominal


@settings(max_examples=20)
@given(st.integers(0, 2**63 - 1))
def test_the_same_seed_draws_the_same_schedule(seed: int) -> None:
    assert draw(PLAN, KINDS, seed) == draw(PLAN, KINDS, seed)


def test_a_counter_cannot_tell_when_or_with_which_kind_drift_begins() -> None:
    drawn = [draw(PLAN, KINDS, seed) for seed in range(300)]
    assert len({tuple(drift.kind for drift in schedule.runs) for schedule in drawn}) == 6
    starts = sorted(first_drift(schedule) for schedule in drawn)
    assert starts[-1] - starts[0] > 6 * PLAN.window
    best_guess = max(sum(start <= guess < start + 3 * PLAN.window for start in starts) for guess in range(starts[0], starts[-1], 50))
    assert best_guess < 0.66 * len(drawn), "one fixed request number must not answer the first drift in time in most schedules"


def test_every_severity_is_a_run_of_its_own_on_the_one_feature_that_was_drawn() -> None:
    kinds = [DriftKind(kind="covariate", severities=[0.1, 0.25, 0.5, 1.0], features=FEATURES), DriftKind(kind="prior", severities=[1.0])]
    drawn = [draw(PLAN, kinds, seed).runs for seed in range(200)]
    for runs_ in drawn:
        assert sorted((r.kind, r.severity) for r in runs_) == [("covariate", s) for s in (0.1, 0.25, 0.5, 1.0)] + [("prior", 1.0)]
        assert len({r.feature for r in runs_ if r.kind == "covariate"}) == 1
    assert len({tuple(r.severity for r in runs_) for runs_ in drawn}) > 20
    counts = Counter(next(r.feature for r in runs_ if r.kind == "covariate") for runs_ in drawn)
    assert set(counts) == set(FEATURES) and min(counts.values()) > 25, "no feature may be a better guess than another"


def test_no_two_kinds_drift_the_same_feature_while_another_is_left() -> None:
    for seed in range(200):
        assert len({r.feature for r in draw(PLAN, KINDS, seed).runs}) == len(KINDS)
    crowded = [DriftKind(kind=name, severities=[0.5], features=["amount"]) for name in ("covariate", "unit")]
    assert [r.feature for r in draw(PLAN, crowded, 1).runs] == ["amount", "amount"]


def test_no_kind_at_all_leaves_a_plain_control_stream() -> None:
    schedule = draw(PLAN, [], 1)
    assert [window.phase for window in schedule.windows].count("control") == PLAN.control_windows
