"""From made results to the table: what differs, what is only unknown, how far scores lie apart, and what belongs into the quarantine."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date

from judge import made

import grader.rubric
from grader.judge import judge
from grader.repeat.reading import Repeat, read
from grader.repeat.record import CheckRepeats, Repeatability
from grader.schema.base import Culprit
from grader.schema.result import CheckResult, Outcome, Result, Score
from grader.schema.rubric import Quarantine, Rubric

DRAIN, PINS = "sigterm_drain", "dependency_pins"
SOUND = made.verdict(made.sound("quick"), "quick")


def with_check(result: Result, id: str, **change: object) -> Result:
    return result.model_copy(update={"checks": [c.model_copy(update=change) if c.id == id else c for c in result.checks]})


def at(level: str, credit: int, id: str = DRAIN) -> Result:
    """The sound result with one check at another level."""
    outcome = Outcome.FAIL if credit == 0 else Outcome.PARTIAL
    return with_check(SOUND, id, level=level, credit_low=credit, credit_high=credit, outcome=outcome, observed=f"seen: {level}")


def unknown(id: str = DRAIN) -> Result:
    return with_check(
        SOUND, id, level=None, credit_low=0, credit_high=10_000, outcome=Outcome.UNKNOWN, culprit=Culprit.HOST, observed="the core was taken"
    )


def scored(low: int, high: int | None = None) -> Result:
    return SOUND.model_copy(update={"score": Score(low=low, high=low if high is None else high, coverage=10_000, band="")})


def series(results: Sequence[Result], noisy: Sequence[int] = ()) -> list[Repeat]:
    """Repeats 1, 2, ... of these results; those in `noisy` had a neighbour."""
    return [Repeat(number, number in noisy, 1, result, result) for number, result in enumerate(results, 1)]


def check(found: Repeatability, id: str = DRAIN) -> CheckRepeats:
    return next(c for c in found.checks if c.id == id)


def level_of(id: str) -> str:
    own: CheckResult = next(c for c in SOUND.checks if c.id == id)
    assert own.level is not None
    return own.level


USUAL = level_of(DRAIN)


def test_repeats_that_agree_have_nothing_to_tell() -> None:
    found = read(series([SOUND] * 20))
    assert all(not c.differ and not c.over and c.measured + c.unknown == 20 for c in found.checks)
    assert (found.quarantine, found.may_leave, found.over) == ("", [], [])
    assert found.scores["all"].low_range == 0 and set(found.scores) == {"all", "quiet"}


def test_one_of_twenty_is_within_the_bar_and_two_are_over_it() -> None:
    one, two = (read(series([SOUND] * (20 - odd) + [at("late", 4_000)] * odd)) for odd in (1, 2))
    assert (check(one).differ, check(one).over) == (1, False)
    assert (check(two).differ, check(two).over) == (2, True)
    assert [c.id for c in two.over] == [DRAIN]


def test_the_bar_is_a_share_of_what_was_measured() -> None:
    assert check(read(series([SOUND] * 9 + [at("late", 4_000)]))).over, "1 of 10 is more than 1 of 20"
    assert not check(read(series([SOUND] * 39 + [at("late", 4_000)] * 2))).over
    half_unknown = read(series([SOUND] * 9 + [at("late", 4_000)] + [unknown()] * 10))
    assert check(half_unknown).measured == 10 and check(half_unknown).over


def test_unknown_is_no_other_level() -> None:
    found = check(read(series([SOUND] * 10 + [unknown()] * 10, noisy=range(11, 21))))
    assert (found.differ, found.over, found.usual) == (0, False, USUAL)
    assert (found.quiet.unknown, found.noisy.unknown, found.noisy.levels) == (0, 10, {})
    assert found.unknown_because == ["the core was taken"]


def test_a_check_that_was_never_measured_has_no_usual_level_and_is_not_over() -> None:
    found = check(read(series([unknown()] * 3)))
    assert (found.usual, found.measured, found.unknown, found.over, found.credits) == (None, 0, 3, False, None)


def test_quiet_and_noisy_are_held_against_the_same_usual_level() -> None:
    found = check(read(series([SOUND, at("late", 4_000), SOUND, at("late", 4_000), SOUND, SOUND], noisy=(2, 4, 6))))
    assert (found.usual, found.quiet.differ, found.noisy.differ) == (USUAL, 0, 2)
    assert found.noisy.levels == {"late": 2, USUAL: 1}
    assert [(odd.repeat, odd.noisy, odd.level, odd.observed) for odd in found.differing] == [(at, True, "late", "seen: late") for at in (2, 4)]


def test_another_credit_within_a_level_is_told_and_is_no_other_level() -> None:
    curve = with_check(SOUND, DRAIN, credit_low=9_000, credit_high=9_000)
    found = check(read(series([SOUND, curve])))
    assert (found.differ, found.credits) == (0, (9_000, 10_000))


def test_a_check_that_does_not_apply_once_differs() -> None:
    gone = with_check(SOUND, DRAIN, level=None, credit_low=0, outcome=Outcome.NOT_APPLICABLE)
    assert check(read(series([SOUND, SOUND, gone]))).quiet.levels == {USUAL: 2, "not_applicable": 1}


def test_the_spread_of_scores_is_in_points_by_kind_of_repeat() -> None:
    found = read(series([scored(9_800), scored(9_500), scored(9_900), scored(9_600)], noisy=(2, 4)))
    spread = found.scores
    assert (spread["all"].low_min, spread["all"].low_median, spread["all"].low_max, spread["all"].low_range) == (95, 97, 99, 4)
    assert (spread["quiet"].low_range, spread["noisy"].low_range, spread["noisy"].repeats) == (1, 1, 2)


def test_an_interval_is_honest_when_it_holds_the_median_of_what_was_fully_measured() -> None:
    repeats = [scored(9_500), scored(9_500), scored(9_600), scored(9_000, 9_700), scored(9_000, 9_200)]
    honesty = read(series(repeats)).honesty
    assert honesty is not None
    assert (honesty.median, honesty.repeats, honesty.contain, honesty.farthest) == (95, 5, 3, 3)
    assert read(series([scored(9_000, 9_700)])).honesty is None


def test_the_entries_are_ready_for_the_file() -> None:
    results = [SOUND] * 16 + [at("late", 4_000)] * 3 + [at("lost", 0)]
    last = results[-1].model_copy(update={"created": "2026-03-04T05:06:07+00:00"})
    found = read(series([*results[:-1], last], noisy=(17, 18, 19, 20)))
    held = Quarantine.model_validate(tomllib.loads(found.quarantine)[DRAIN])
    assert (held.since, held.flips) == (date(2026, 3, 4), "4 of 20")
    assert held.reason == f"repeats of the same grading disagree: {USUAL} 16, late 3, lost 1; differing: 0 of 16 quiet, 4 of 4 noisy"


def test_an_entry_that_takes_an_area_its_headline_says_so() -> None:
    """In quick mode the drain is a fifth of failure handling; a light check does no such harm."""
    heavy, light = (read(series([SOUND, at("late", 0, id)])).quarantine for id in (DRAIN, PINS))
    assert heavy.startswith("# holds ") and "of failure in quick mode: while it stands here, the area has insufficient evidence" in heavy
    assert light.startswith(f"[{PINS}]")


def quarantined(*ids: str) -> Rubric:
    why = Quarantine(since=date(2026, 1, 1), reason="differs", flips="3 of 20")
    return grader.rubric.load().model_copy(update={"quarantine": dict.fromkeys(ids, why)})


def test_a_check_in_quarantine_is_looked_at_all_the_same_and_may_leave_when_it_agrees() -> None:
    published = judge(made.sound("quick"), quarantined(DRAIN), made.challenge(), "quick")
    agree = read([Repeat(number, False, 1, published, SOUND) for number in range(1, 21)])
    assert (check(agree).usual, check(agree).quarantined, agree.may_leave) == (USUAL, True, [DRAIN])
    assert agree.repeats[0].high > agree.repeats[0].low, "the score is the published one"
    few = read([Repeat(number, False, 1, published, SOUND) for number in range(1, 6)])
    assert few.may_leave == [], "five repeats do not show it"
    odd = [SOUND, at("late", 0)] * 10
    disagree = read([Repeat(number, False, 1, published, lifted) for number, lifted in enumerate(odd, 1)])
    assert check(disagree).over and disagree.may_leave == [] and disagree.quarantine == "" and disagree.over == []
