"""From the results of repeats to a table. Pure: results in, table out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from grader.repeat.record import CheckRepeats, Differing, Honesty, Repeatability, RepeatFacts, Spread, Tally
from grader.schema.result import CheckResult, Result
from grader.schema.rubric import FULL
from grader.scoring import SUFFICIENT, UNMEASURED

BAR = 1 / 20
"""The share of the measured repeats of a check that may differ from its most frequent level."""
ENOUGH = 20
"""Repeats that it takes to say that a check is within the bar."""


@dataclass(frozen=True)
class Repeat:
    """One repeat: its result as published, and the one with the quarantine lifted, by the same rubric otherwise."""

    number: int
    noisy: bool
    attempt: int
    published: Result
    lifted: Result


def read(repeats: Sequence[Repeat]) -> Repeatability:
    """The table of repeats of one grading, at least one, all by the same rubric."""
    first = repeats[0].published
    held = {check.id for check in first.quarantined}
    checks = [_check(place, repeats, check.id in held) for place, check in enumerate(repeats[0].lifted.checks)]
    return Repeatability(
        grader_version=first.grader_version,
        rubric_digest=first.rubric_digest,
        challenge=first.challenge.slug,
        challenge_digest=first.challenge.digest,
        mode=first.mode,
        submission=first.submission,
        repeats=[_facts(repeat) for repeat in repeats],
        scores=_scores(repeats),
        honesty=_honesty(repeats),
        checks=checks,
        quarantine=_entries([check for check in checks if check.over and check.id not in held], repeats),
        may_leave=[check.id for check in checks if check.id in held and not check.over and check.measured >= ENOUGH],
    )


def _facts(repeat: Repeat) -> RepeatFacts:
    result = repeat.published
    return RepeatFacts(
        number=repeat.number, noisy=repeat.noisy, attempt=repeat.attempt, created=result.created, status=result.status,
        low=result.score.low / 100, high=result.score.high / 100, coverage=result.score.coverage / 100,
    )  # fmt: skip


def _check(place: int, repeats: Sequence[Repeat], held: bool) -> CheckRepeats:
    """The check that stands at this place of every result: the same mode and rubric give the same checks in the same order."""
    seen = [(repeat, repeat.lifted.checks[place]) for repeat in repeats]
    known = [(repeat, check) for repeat, check in seen if check.outcome not in UNMEASURED]
    levels = Counter(_level(check) for _, check in known)
    usual = levels.most_common(1)[0][0] if levels else None
    odd = [Differing(repeat=r.number, noisy=r.noisy, level=_level(c), observed=c.observed) for r, c in known if _level(c) != usual]
    credits = [check.credit_low for _, check in known]
    return CheckRepeats(
        id=seen[0][1].id,
        area=seen[0][1].area,
        usual=usual,
        quiet=_tally([check for repeat, check in seen if not repeat.noisy], usual),
        noisy=_tally([check for repeat, check in seen if repeat.noisy], usual),
        credits=(min(credits), max(credits)) if credits else None,
        over=len(odd) > BAR * len(known),
        quarantined=held,
        differing=odd,
        unknown_because=sorted({check.observed for _, check in seen if check.outcome in UNMEASURED}),
    )


def _level(check: CheckResult) -> str:
    """The level, or what stands in its place, as `not_applicable`."""
    return check.level or check.outcome.value


def _tally(checks: Sequence[CheckResult], usual: str | None) -> Tally:
    levels = Counter(_level(check) for check in checks if check.outcome not in UNMEASURED)
    differ = sum(count for level, count in levels.items() if level != usual)
    return Tally(levels=dict(levels.most_common()), differ=differ, unknown=len(checks) - levels.total())


def _scores(repeats: Sequence[Repeat]) -> dict[str, Spread]:
    groups = {"all": repeats, "quiet": [r for r in repeats if not r.noisy], "noisy": [r for r in repeats if r.noisy]}
    return {name: _spread([r.published.score.low / 100 for r in group]) for name, group in groups.items() if group}


def _spread(lows: Sequence[float]) -> Spread:
    least, most = min(lows), max(lows)
    return Spread(repeats=len(lows), low_min=least, low_median=round(median(lows), 3), low_max=most, low_range=round(most - least, 2))


def _honesty(repeats: Sequence[Repeat]) -> Honesty | None:
    scores = [repeat.published.score for repeat in repeats]
    whole = [score.low for score in scores if score.low == score.high]
    if not whole:
        return None
    truth = median(whole)
    away = [max(score.low - truth, truth - score.high, 0) for score in scores]
    return Honesty(median=truth / 100, repeats=len(scores), contain=away.count(0), farthest=max(away) / 100)


def _entries(over: Sequence[CheckRepeats], repeats: Sequence[Repeat]) -> str:
    """Lines for quarantine.toml. `since` is the day of the last repeat."""
    since = max(repeat.published.created for repeat in repeats)[:10]
    return "\n".join(_entry(check, since, repeats[0].lifted) for check in over)


def _entry(check: CheckRepeats, since: str, result: Result) -> str:
    groups = [f"{tally.differ} of {tally.measured} {name}" for name, tally in (("quiet", check.quiet), ("noisy", check.noisy)) if tally.measured]
    levels = Counter(check.quiet.levels) + Counter(check.noisy.levels)
    seen = ", ".join(f"{level} {count}" for level, count in levels.most_common())
    lines = [
        f"[{check.id}]",
        f"since = {since}",
        f'reason = "repeats of the same grading disagree: {seen}; differing: {", ".join(groups)}"',
        f'flips = "{check.differ} of {check.measured}"',
    ]
    return "\n".join([*_warning(check, result), *lines, ""])


def _warning(check: CheckRepeats, result: Result) -> list[str]:
    """A heavy check in quarantine leaves its area with too little evidence for a headline number: whoever adds the entry must know."""
    weights = {other.id: other.weight for other in result.checks if other.area == check.area}
    share = weights[check.id] / sum(weights.values())
    if share * FULL <= FULL - SUFFICIENT:
        return []
    return [f"# holds {share:.0%} of {check.area} in {result.mode} mode: while it stands here, the area has insufficient evidence"]
