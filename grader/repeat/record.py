"""repeats.json: what a series of repeats says about the grader. Points are of 100; levels are those of each check's ladder."""

from __future__ import annotations

from pydantic import Field

from grader.schema.base import SCHEMA_VERSION, Model
from grader.schema.evidence import Submission


class RepeatFacts(Model):
    """One repeat. `low` and `high` in points, as its report shows them."""

    number: int
    noisy: bool
    attempt: int
    created: str
    status: str
    low: float
    high: float
    coverage: float = Field(description="percent of the score that was measured")


class Tally(Model):
    """What one check said in some of the repeats. Where nothing was measured nothing differs: that is counted apart."""

    levels: dict[str, int] = Field(description="level -> repeats, the most frequent first")
    differ: int = Field(description="repeats whose level is not the check's most frequent one")
    unknown: int

    @property
    def measured(self) -> int:
        return sum(self.levels.values())


class Differing(Model):
    """One repeat whose level is not the most frequent one, with what was seen."""

    repeat: int
    noisy: bool
    level: str
    observed: str


class CheckRepeats(Model):
    """One check over all repeats; asked even where it is in quarantine, so that it can leave it."""

    id: str
    area: str
    usual: str | None = Field(description="the most frequent level over all repeats; None where nothing was ever measured")
    quiet: Tally
    noisy: Tally
    credits: tuple[int, int] | None = Field(description="lowest and highest, in basis points; within a level they differ where a check is a curve")
    over: bool = Field(description="more than 1 of 20 of the measured repeats differ")
    quarantined: bool
    differing: list[Differing]
    unknown_because: list[str] = Field(description="distinct reasons")

    @property
    def differ(self) -> int:
        return self.quiet.differ + self.noisy.differ

    @property
    def measured(self) -> int:
        return self.quiet.measured + self.noisy.measured

    @property
    def unknown(self) -> int:
        return self.quiet.unknown + self.noisy.unknown


class Spread(Model):
    """The lower ends of the score over some repeats, in points."""

    repeats: int
    low_min: float
    low_median: float
    low_max: float
    low_range: float


class Honesty(Model):
    """Do the intervals hold what they promise? The truth is taken to be the median score of the repeats that measured everything."""

    median: float = Field(description="in points")
    repeats: int
    contain: int = Field(description="repeats whose low..high contains the median")
    farthest: float = Field(description="the largest distance of an interval that misses the median, in points")


class Repeatability(Model):
    """The whole table."""

    schema_version: int = SCHEMA_VERSION
    grader_version: str
    rubric_digest: str
    challenge: str
    challenge_digest: str
    mode: str
    submission: Submission
    repeats: list[RepeatFacts]
    scores: dict[str, Spread] = Field(description="all, quiet, noisy; only those with a repeat")
    honesty: Honesty | None = Field(description="None where no repeat measured everything")
    checks: list[CheckRepeats]
    quarantine: str = Field(description="entries for quarantine.toml of the checks over the bar that are not in it; empty when there are none")
    may_leave: list[str] = Field(description="checks in quarantine that were within the bar in enough repeats")

    @property
    def over(self) -> list[CheckRepeats]:
        """Checks over the bar that are not in quarantine yet."""
        return [check for check in self.checks if check.over and not check.quarantined]
