from __future__ import annotations

import pytest

from checks.builders import contract, judge, level, load, window


def alike(share, sent=3000):
    return window("steady", sent).model_copy(update={"alike_share": share})


@pytest.mark.parametrize(
    ("expected", "windows"),
    [
        ("varied", [alike(0.01)]), ("flat", [alike(0.01), alike(0.5)]), ("alike", [alike(0.01), alike(1.0)]),
        ("varied", [alike(0.1), alike(1.0, sent=20)]), ("unknown", [alike(None)]),
    ],
)  # fmt: skip
def test_the_commonest_score_of_the_worst_window_counts(expected, windows):
    assert level("informative_answers", load=load(*windows), contract=contract(rank_correlation=0.93)) == expected


def ranks(correlation, name="spike"):
    return window(name).model_copy(update={"alike_share": 0.01, "rank_correlation": correlation})


@pytest.mark.parametrize(
    ("expected", "alone", "windows"),
    [
        ("varied", 0.93, [ranks(0.94, "steady"), ranks(0.9)]),
        ("mixed", 0.93, [ranks(0.9, "steady"), ranks(0.3)]),
        ("mixed", 0.93, [ranks(0.7)]),
        ("varied", 0.93, [ranks(0.9, "steady"), ranks(0.78)]),
        ("mixed", 0.93, [ranks(0.75)]),
        ("varied", 0.93, [ranks(0.75).model_copy(update={"ok": 60})]),
        ("varied", 0.4, [ranks(0.38)]),
        ("varied", 0.4, [ranks(0.2)]),
        ("varied", 0.93, [ranks(None)]),
        ("varied", None, [ranks(0.1)]),
        ("alike", 0.93, [ranks(0.0).model_copy(update={"alike_share": 1.0})]),
    ],
)
def test_scores_of_other_requests_are_told_by_how_they_rank(expected, alone, windows):
    assert level("informative_answers", load=load(*windows), contract=contract(rank_correlation=alone)) == expected


def test_the_window_in_which_they_are_mixed_up_is_named():
    mixed = judge("informative_answers", load=load(ranks(0.9, "steady"), ranks(0.3)), contract=contract(rank_correlation=0.93))
    assert "0.30 in window spike" in mixed.observed
