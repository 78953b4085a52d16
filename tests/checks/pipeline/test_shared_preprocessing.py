from __future__ import annotations

import pytest

from checks.builders import contract, level, repository

UNREAD = repository(shared_preprocessing=None, training_script=True)
"""A training in Python, and nothing in Python that serves."""


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("shared", {"repository": repository(shared_preprocessing=True)}),
        ("apart", {"repository": repository(shared_preprocessing=False, training_script=True), "contract": contract()}),
        ("unknown", {"repository": UNREAD, "contract": contract()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("shared_preprocessing", **evidence) == expected


@pytest.mark.parametrize(
    "evidence",
    [
        {"repository": UNREAD},
        {"repository": UNREAD, "contract": contract(valid=0, distinct_scores=0)},
        {"repository": repository(shared_preprocessing=None, training_script=False), "contract": contract()},
    ],
)
def test_only_a_service_that_predicts_and_a_training_that_was_found_leave_it_open(evidence):
    assert level("shared_preprocessing", **evidence) == "apart"
