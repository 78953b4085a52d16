"""The schedule of a flapping store, as its facts read it."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from harness.faults.dependency_network import DOWN_S, UP_S, within_down


@pytest.mark.parametrize(
    ("start", "end", "within"),
    [
        (0.0, 0.2, True),
        (0.1, 0.59, True),
        (0.4, 0.61, False),
        (0.7, 0.9, False),
        (0.9, 1.1, False),
        (1.0, 1.4, True),
        (0.1, 1.2, False),
        (-0.1, 0.2, False),
        (0.1, nan, False),
    ],
)
def test_only_what_lies_wholly_in_one_down_phase_could_not_have_been_answered(start: float, end: float, within: bool) -> None:
    assert (DOWN_S, UP_S) == (0.6, 0.4)
    since = 4711.0
    assert within_down(np.array([since + start]), np.array([since + end]), since).tolist() == [within]
