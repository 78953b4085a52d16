from __future__ import annotations

import pytest

from checks.builders import level, load, window


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
    assert level("informative_answers", load=load(*windows)) == expected
