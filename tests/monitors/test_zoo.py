"""Sound monitors get full marks, and who watches nothing or cries wolf gets none: over drawn schedules, by the real checks.

A few schedules with fixed seeds here; `-m soak` repeats it over many, `python -m tests.monitors` prints the table.
"""

from __future__ import annotations

from statistics import fmean

import pytest

from . import adapter, tally, zoo
from .tally import Tally

FEW, MANY = range(500, 508), range(1000, 1150)
CLOCKED = {"quick": range(40), "standard": range(30), "full": range(10)}

SOUND_FULL = 0.95
"""Share of schedules in which a sound monitor has full marks wherever a drift must be noticed. Bonferroni leaves it some false alarms."""
GUESSED = {"quick": 0.3, "standard": 0.1, "full": 0.05}
"""Mean share of the drift points that the best guessing strategy may earn. With one run and four inputs (quick) one guess in four is right."""
PAID_BEST = (
    "2 input(s) once at 4500 for 1500", "1 input(s) once at 4000 for 1500", "clock of 1 from 4500 every 4500", "staggered 2 from 4500 every 700",
    "rotating 3 from 4500 every 4500", "unnamed from 5500 every 700", "2 gauge(s) from 4500 every 4500",
)  # fmt: skip


@pytest.fixture(scope="module")
def few() -> dict[str, Tally]:
    return tally.play("standard", FEW, zoo.SOUND | zoo.HALF | zoo.UNSOUND)


def mean(of: Tally, *checks: str) -> list[float]:
    return [of.mean(check) or 0.0 for check in checks]


@pytest.mark.parametrize("name", zoo.SOUND)
def test_a_sound_monitor_has_full_marks_wherever_a_drift_must_be_noticed(few: dict[str, Tally], name: str) -> None:
    assert few[name].full == 1.0


@pytest.mark.parametrize("name", zoo.UNSOUND)
def test_an_unsound_monitor_earns_next_to_nothing(few: dict[str, Tally], name: str) -> None:
    """Its alerts earn nothing. What some of them get is the rung of their gauge, which is honest even where the alarm on it is not."""
    assert fmean(few[name].shares) < 0.25


@pytest.mark.parametrize("name", ["uncorrected p < .05", "PSI at n = 100", "flapping"])
def test_a_monitor_with_too_many_tests_is_caught_crying_wolf(few: dict[str, Tally], name: str) -> None:
    assert mean(few[name], "false_alarm_rate", "drift_delay", "alert_attribution") == [0, 0, 0]


def test_never_and_always_earn_nothing(few: dict[str, Tally]) -> None:
    assert few["never alerts"].paid == 0
    for name, of in tally.play_clocks("standard", FEW, zoo.ALWAYS).items():
        assert of.paid == 0, name


def test_an_alert_that_never_ends_loses_its_end_and_keeps_its_beginning(few: dict[str, Tally]) -> None:
    of = few["sound, never resolves"]
    assert of.mean("alert_resolution") == 0
    assert 0 < fmean(mean(of, "drift_covariate", "drift_unit", "drift_missing")) <= 0.5


def test_a_monitor_of_the_window_before_loses_its_end_and_half_of_each_drift(few: dict[str, Tally]) -> None:
    """It tells of the step, and resolves a window later, while the model goes on answering on drifted data."""
    of = few["sound, against the window before"]
    assert of.mean("alert_resolution") == 0
    assert 0 < fmean(mean(of, "drift_covariate", "drift_unit", "drift_missing")) <= 0.5


@pytest.mark.parametrize("name", ["sound, names no input", "sound, blames another input"])
def test_an_alert_without_the_right_input_earns_nothing(few: dict[str, Tally], name: str) -> None:
    assert few[name].paid == 0


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", ["quick", "standard"])
def test_sound_monitors_over_many_schedules(mode: str) -> None:
    for name, of in tally.play(mode, MANY, zoo.SOUND).items():
        assert of.full >= SOUND_FULL, f"{name}: {of.full:.3f} of {len(of.credits)} schedules"


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", ["quick", "standard", "full"])
def test_no_guessing_strategy_pays(mode: str) -> None:
    found = tally.play_clocks(mode, CLOCKED[mode], zoo.clocks())
    assert_guesses_hardly_pay(mode, found)


def test_the_guesses_that_paid_best_hardly_pay() -> None:
    """The strategies that made us change a rule: two names at once, staggered names, a clock of one name, alerts without a name, gauges."""
    found = tally.play_clocks("standard", CLOCKED["standard"], {name: zoo.clocks()[name] for name in PAID_BEST})
    assert_guesses_hardly_pay("standard", found)


def assert_guesses_hardly_pay(mode: str, found: dict[str, Tally]) -> None:
    ((name, of),) = tally.best(found, 1).items()
    assert fmean(of.shares) <= GUESSED[mode], f"{name}: mean {fmean(of.shares):.2f}, paid in {of.paid:.0%} of schedules"


def test_the_checks_of_the_table_are_those_of_the_rubric() -> None:
    assert set(tally.MUST_FULL) <= set(adapter.drift_checks("standard"))
