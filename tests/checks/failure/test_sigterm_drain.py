from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, fault, faults, judge, level


def drained(held, lost, exit_s):
    return faults(fault("sigterm_drain", facts={"in_flight_at_signal": held, "in_flight_lost": lost, "exit_s": exit_s}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("drains", drained(11, 0, 0.8)),
        ("late", drained(11, 0, 12.0)),
        ("leaks", drained(11, 2, 0.8)),
        ("drops", drained(11, 10, 0.1)),
        ("drops", faults(fault("sigterm_drain", failure=CANDIDATE))),
        ("deaf", drained(11, 0, -1)),
        ("unknown", drained(1, 1, 0.1)),
        ("unknown", faults(fault("sigterm_drain"))),
    ],
)
def test_what_was_in_flight_decides(expected, evidence):
    assert level("sigterm_drain", faults=evidence) == expected


def test_the_sentence_has_the_numbers_a_person_asks_for():
    assert judge("sigterm_drain", faults=drained(112, 3, 0.8)).observed == "3 of 112 requests in flight were lost; exit after 0.8 s"
