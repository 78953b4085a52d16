"""The rubric as data: areas from the enterprise hiring matrix, their checks, ladders, remedies.

`grader/rubric/<area>.toml` holds one area, `grader/rubric/gates.toml` the gates, `grader/rubric/quarantine.toml` the checks that are not relied on
for now. People read these files; nothing in code repeats them.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from grader.schema.base import Model

FULL = 10_000
"""Full credit in basis points."""


class Level(Model):
    """One rung of a check's ladder: the credit it earns (basis points) and the sentence that says when.

    `title` stands in the place of the check's titles where those would say something else, or more, than this rung shows.
    """

    credit: int = Field(ge=0, le=FULL)
    means: str
    title: str = ""


class CheckRule(Model):
    """Everything about a check but its logic.

    `needs` lists stimuli (see Mode.stimuli) that a mode must exercise for the check to be in scope. `behaviour` checks stand on the
    precondition of a valid, input-dependent prediction; set it false only for facts about the repository or documents.
    `bars` are the numbers the check compares with; a level's sentence and the titles of what is lost name them as {bar}.
    `failure_title` must be true of every rung without credit that has no title of its own.
    """

    title: str
    failure_title: str
    why: str = Field(description="why this matters in production, one sentence")
    weight: int = Field(gt=0)
    behaviour: bool = True
    needs: list[str] = Field(default_factory=list)
    bars: dict[str, float] = Field(default_factory=dict)
    ladder: dict[str, Level] = Field(description="best level first")
    remedy: str
    effort: Literal["minutes", "hours", "days"]
    root_cause: str
    question: str = Field(default="", description="interview question when this check is lost; {observed} is filled in")

    def lost_title(self, level: str) -> str:
        """What a rung without credit shows, bars not filled in. A level that the ladder lacks gives the check's own."""
        rung = self.ladder.get(level)
        return (rung.title if rung else "") or self.failure_title

    @model_validator(mode="after")
    def _ladder_is_a_ladder(self) -> CheckRule:
        credits = [level.credit for level in self.ladder.values()]
        if credits != sorted(credits, reverse=True) or not credits or credits[0] != FULL or credits[-1] != 0:
            raise ValueError("a ladder goes from 10000 down to 0, best level first")
        return self


class AreaRubric(Model):
    """One row of the hiring matrix."""

    title: str
    order: int
    question: str
    strong: list[str]
    red_flags: list[str]
    checks: dict[str, CheckRule]


class GateRule(Model):
    """A must-pass condition beside the number: it passes when all named checks or facts hold."""

    title: str
    check: str
    says: str
    mend: str


class Quarantine(Model):
    """Why a check is not relied on for now: repeats of one and the same grading did not agree about it. Its weight is unknown, never a loss."""

    since: date
    reason: str = Field(min_length=1)
    flips: str = Field(pattern=r"^\d+ of \d+$", description="repeats that differed from the most frequent level, e.g. 3 of 20")

    @property
    def sentence(self) -> str:
        """What stands where the check's finding would."""
        return f"quarantined since {self.since}: {self.reason} ({self.flips} repeats differed)"


class Rubric(Model):
    areas: dict[str, AreaRubric]
    gates: dict[str, GateRule]
    quarantine: dict[str, Quarantine] = Field(default_factory=dict, description="check id -> why it is not relied on")
    digest: str = ""

    @property
    def lifted(self) -> Rubric:
        """The same rules with nobody in quarantine: for those who examine the grader, and never for a candidate's score."""
        return self.model_copy(update={"quarantine": {}})
