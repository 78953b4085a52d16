"""What requests are made of: every id once, and rows enough."""

from __future__ import annotations

from itertools import islice

import pytest

from challenges.loader import load
from challenges.simulator import Row
from grader.schema.challenge import LoadWindowPlan
from harness.load.supply import requests, rows_needed

CHALLENGE = load("fraud-scoring")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return CHALLENGE.simulator().stream(120, 3)


def test_rows_repeat_under_new_ids(rows: list[Row]) -> None:
    ids = [name for name, _ in islice(requests(rows, "transaction_id"), 3 * len(rows))]
    assert len(set(ids)) == len(ids)
    assert ids[: len(rows)] == [row.request["transaction_id"] for row in rows]
    assert all(len(name) <= 64 for name in ids)


def test_more_rows_are_asked_for_than_a_schedule_ever_sends() -> None:
    plans = [
        LoadWindowPlan(name="warmup", arrivals="constant", rate_factor=0.5, seconds=0.4),
        LoadWindowPlan(name="steady", arrivals="poisson", rate_factor=1.0, seconds=0.6),
    ]
    assert rows_needed(plans, CHALLENGE.spec.reality) >= 20 + 60 + 24
