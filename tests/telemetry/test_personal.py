"""Personal values are found in whatever a service writes down, and nothing else is taken for them."""

from __future__ import annotations

import pytest

from harness.telemetry.personal import MAX_BYTES, standing, telling


@pytest.mark.parametrize(
    "text",
    [
        'scores_total{cardholder="José Prado"} 1\n',
        '{"card": "JOS\\u00c9 PRADO"}',
        "{'card': 'jos\\xe9 prado'}",
    ],
)
def test_a_value_is_found_however_it_is_written(text: str) -> None:
    assert standing(text.encode(), ["José Prado", "Anna Schmidt"]) == 1


def test_words_that_stand_apart_are_no_value() -> None:
    assert standing(b"Anna asked Mr Schmidt", ["Anna Schmidt"]) == 0


def test_short_values_are_left_out_since_they_stand_anywhere() -> None:
    assert telling(["Li", "Anna Schmidt"]) == {"Anna Schmidt"} and standing(b"Li", ["Li"]) == 0


def test_a_huge_text_is_read_at_its_end() -> None:
    assert standing(b"x" * MAX_BYTES + b" Anna Schmidt", ["Anna Schmidt"]) == 1
    assert standing(b"Anna Schmidt " + b"x" * MAX_BYTES, ["Anna Schmidt"]) == 0
