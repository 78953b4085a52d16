"""Verdicts: a figure is held or missed by the table's limit, and what was not measured is never held."""

from __future__ import annotations

from math import inf, nan

import pytest

from benchmarks.bars import BARS, MS, TIMES, Bar, Figures, Verdict, cv, error, exit_code, judged, spread
from benchmarks.run import PARTS

MOST = Bar("lag.100", "lag p99", 0.25, MS)
LEAST = Bar("efficiency.fast", "against FastHttpUser", 1.0, TIMES, "least")


@pytest.mark.parametrize(
    ("bar", "measured", "status"),
    [
        (MOST, 0.25, "held"), (MOST, 0.251, "missed"), (MOST, inf, "missed"), (MOST, nan, "missed"), (MOST, None, "undecided"),
        (LEAST, 1.0, "held"), (LEAST, 0.99, "missed"), (LEAST, nan, "missed"), (LEAST, inf, "missed"),
    ],
)  # fmt: skip
def test_a_figure_is_judged_by_the_side_of_its_bar(bar: Bar, measured: float | None, status: str) -> None:
    assert Verdict(bar, measured).status == status


def test_an_excuse_matters_only_beyond_the_limit() -> None:
    assert Verdict(MOST, 0.2, excuse="others used the core").status == "held"
    missed = Verdict(MOST, 0.4, excuse="others used the core")
    assert missed.status == "undecided"
    assert missed.sentence == "lag p99: 0.400 ms, bar <= 0.250 ms (others used the core)"


def test_a_missed_bar_is_named_with_its_figure_and_its_limit() -> None:
    assert Verdict(LEAST, 0.8).sentence == "against FastHttpUser: 0.80x, bar >= 1.00x"
    assert Verdict(MOST, 0.5).of_limit == 2.0


def test_only_parts_that_ran_are_judged_and_a_missing_figure_says_why() -> None:
    figures = Figures({"lag.100": 0.1}, {"lag.300": "the server went"}, {})
    verdicts = judged({"lag": figures}, [MOST, Bar("lag.300", "lag p99 at 300", 0.25, MS), LEAST])
    assert [(v.bar.id, v.status, v.why) for v in verdicts] == [("lag.100", "held", ""), ("lag.300", "undecided", "the server went")]


def test_a_part_that_broke_gives_its_reason_to_all_of_its_bars() -> None:
    verdicts = judged({"truth": Figures({}, {"truth": "no server"}, {})})
    assert len(verdicts) == 7
    assert {v.why for v in verdicts} == {"no server"}


def test_exit_codes_put_a_missed_bar_before_an_undecided_one() -> None:
    held, missed, open_ = Verdict(MOST, 0.1), Verdict(MOST, 0.3), Verdict(MOST, None)
    assert [exit_code(found) for found in ([held], [held, open_], [open_, missed], [])] == [0, 3, 1, 0]


def test_every_bar_belongs_to_a_part_and_every_part_has_a_bar() -> None:
    assert {bar.part for bar in BARS} == set(PARTS)
    assert len({bar.id for bar in BARS}) == len(BARS)


def test_errors_are_relative_and_a_missed_zero_is_infinite() -> None:
    assert error(102.0, 100.0) == pytest.approx(0.02)
    assert error(6.0, 500.0) == pytest.approx(0.988)
    assert (error(0.0, 0.0), error(1.0, 0.0)) == (0.0, inf)


def test_repeatability_is_sample_deviation_and_range_over_the_mean() -> None:
    assert cv([9.0, 10.0, 11.0]) == pytest.approx(0.1)
    assert spread([9.0, 10.0, 11.0]) == pytest.approx(0.2)
