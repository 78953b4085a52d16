from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.drift.quality import auc, brier, measure

rows = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=2, max_size=40)


@given(rows.filter(lambda rows: 0 < sum(label for label, _ in rows) < len(rows)))
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[int, float]]) -> None:
    positive = [score for label, score in rows if label]
    negative = [score for label, score in rows if not label]
    pairs = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
    assert auc([label for label, _ in rows], [score for _, score in rows]) == pytest.approx(sum(pairs) / len(pairs))


@given(rows)
def test_brier_is_the_mean_squared_distance(rows: list[tuple[int, float]]) -> None:
    expected = sum((score - label) ** 2 for label, score in rows) / len(rows)
    assert brier([label for label, _ in rows], [score for _, score in rows]) == pytest.approx(expected)


def test_the_base_brier_is_that_of_the_base_rate() -> None:
    found = measure([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.9], [0.1, 0.2, 0.3, 0.05])
    assert found is not None
    assert found.base_brier == pytest.approx(0.25 * 0.75)
    assert (found.auc, found.reference_auc) == (1.0, 0.0)


def test_rows_of_one_label_have_no_quality() -> None:
    assert measure([0, 0], [0.1, 0.2], [0.1, 0.2]) is None
    assert measure([], [], []) is None
