"""Who is next, and how long it will take."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from grader.jobs import fair
from grader.jobs.model import Priority

HIGHEST = 2**31 - 1


def served_in_order(arrivals: list[str], served_between: int) -> list[str]:
    """The order in which owners are served when `served_between` jobs are taken after each arrival."""
    waiting: list[tuple[int, int, str]] = []
    order: list[str] = []
    served: int | None = None

    def take() -> None:
        nonlocal served
        if waiting:
            first = min(waiting)
            waiting.remove(first)
            served = max(first[0], served or 0)
            order.append(first[2])

    for number, owner in enumerate(arrivals):
        last = max((turn for turn, _, other in waiting if other == owner), default=None)
        waiting.append((fair.next_turn(served, last), number, owner))
        for _ in range(served_between):
            take()
    while waiting:
        take()
    return order


def test_whoever_comes_late_with_one_does_not_wait_for_two_hundred_of_another() -> None:
    assert served_in_order(["many"] * 200 + ["one"], 0).index("one") == 1


def test_two_who_hand_in_many_take_turns() -> None:
    assert served_in_order(["a"] * 4 + ["b"] * 4, 0) == ["a", "b"] * 4


def test_who_was_served_alone_for_long_owes_nothing_to_those_who_come_later() -> None:
    order = served_in_order(["a"] * 50 + ["b"] * 3 + ["a"] * 3, 1)
    assert order[-6:].count("b") == 3 or order[50:].count("b") == 3


@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(0, 2))
def test_everybody_is_served_exactly_once(arrivals: list[str], served_between: int) -> None:
    assert sorted(served_in_order(arrivals, served_between)) == sorted(arrivals)


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_a_newcomer_waits_for_at_most_one_of_each_other(arrivals: list[str]) -> None:
    assert served_in_order([*arrivals, "new"], 0).index("new") <= len(set(arrivals))


@given(st.integers(0, 2), st.integers(0, 10**12), st.integers(0, 2), st.integers(0, 10**12))
def test_ranks_fit_the_engine_and_are_in_the_order_of_serving(a: int, turn_a: int, b: int, turn_b: int) -> None:
    first, second = fair.rank(a, turn_a), fair.rank(b, turn_b)
    assert 1 <= first <= HIGHEST
    if a == Priority.HIGH < b:
        assert first < second
    elif Priority.HIGH not in (a, b) and max(turn_a, turn_b) < fair.SPAN:
        assert (first < second) == ((turn_a, a) < (turn_b, b))


def test_the_expected_wait_is_that_of_the_first_free_place() -> None:
    assert fair.expected_wait_s(1, [50.0, 20.0], [100.0], 2) == 20.0
    assert fair.expected_wait_s(2, [50.0, 20.0], [100.0], 2) == 50.0
    assert fair.expected_wait_s(3, [50.0, 20.0], [100.0], 2) == 120.0
    assert fair.expected_wait_s(1, [50.0], [100.0], 2) == 0.0


def test_nothing_is_promised_where_nobody_works_or_nothing_was_ever_graded() -> None:
    assert fair.expected_wait_s(1, [], [100.0], 0) is None
    assert fair.expected_wait_s(1, [], [], 2) is None
