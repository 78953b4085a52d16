"""A mode for practice gives no verdict, and every format says so; bands are names, and say what they mean."""

from __future__ import annotations

import html

import pytest
from judge import made

import reports.html
from grader.schema.result import Result
from reports import markdown, words


@pytest.fixture(scope="module")
def quick() -> Result:
    return made.verdict(made.sound("quick"), "quick")


def test_quick_mode_says_that_it_gives_no_verdict_and_standard_mode_does_not(quick: Result, mixed: Result) -> None:
    for text in (html.unescape(reports.html.render(quick)), markdown.render(quick)):
        assert "No verdict." in text and words.PRACTICE in text and "quick mode, for practice: no verdict" in text
    for text in (html.unescape(reports.html.render(mixed)), markdown.render(mixed)):
        assert "no verdict" not in text.lower() and "standard mode" in text


def test_the_only_mode_of_a_challenge_is_not_for_practice() -> None:
    challenge = made.challenge()
    assert (challenge.practice, challenge.smallest) == ("quick", "quick")
    alone = challenge.model_copy(update={"modes": {"quick": challenge.modes["quick"]}})
    assert (alone.practice, alone.smallest) == (None, "quick")


def test_a_band_is_told_from_what_a_report_does_not_show(mixed: Result) -> None:
    area = mixed.areas[0].model_copy(update={"band": "not shown", "low": 1_000, "high": 1_000, "sufficient": True})
    assert words.standing(area) == "10 %, “not shown”"
    told = words.bands(mixed.challenge)
    assert told.startswith("Bands of an area's points: “strong” from 85 %, ")
    assert told.endswith("“not shown” below that: too little of it was seen at work.")
    assert told in html.unescape(reports.html.render(mixed))
