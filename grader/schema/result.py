"""result.json: the contract between judgement and everything that shows it. Credits and points are integers in basis points.

10 000 points_bp = the 100 points of the whole score. `low` counts unmeasured things as 0, `high` counts them in full.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from grader.schema.base import SCHEMA_VERSION, Culprit, Model
from grader.schema.evidence.manifest import Host, RunFacts, Submission
from grader.schema.evidence.submission import Place


class Outcome(StrEnum):
    PASS = "pass"
    PARTIAL = "partial"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    NEEDS_HUMAN = "needs_human"


class Measure(Model):
    """A number behind a finding, with its unit, sample size and, where there are any, two ends and what these are to it."""

    name: str
    value: float
    unit: str
    n: int | None = None
    low: float | None = None
    high: float | None = None
    ends: str = Field(default="95 % interval", description="what `low` and `high` are: an interval and its confidence, or what was tried")


class Finding(Model):
    """What a check returns: the ladder level it saw reached, or why none can be named. Built by grader.checks.api."""

    outcome: Outcome | None = Field(default=None, description="set when no level can be named; else derived from the level's credit")
    level: str | None = None
    credit: int | None = Field(default=None, description="overrides the level's credit for curves between two rungs")
    observed: str
    measures: list[Measure] = Field(default_factory=list)
    places: list[Place] = Field(default_factory=list)
    culprit: Culprit | None = None
    judged: bool = Field(default=True, description="False: the level follows from something else that went wrong, which `observed` names")
    root_cause: str = Field(default="", description="where it is another one than the check's own")


class CheckResult(Model):
    """One check; `low_bp` <= `high_bp` <= `max_bp` are shares of the headline (0 for modules that do not count).

    Where `judged` is false, what the check asks for was never tried: a precondition, a gate or an earlier stage decided, and `observed` says
    which. Its level earns what it earns, but nobody saw it: `rule` is empty and no renderer may word it as a finding.
    """

    id: str
    area: str
    title: str
    outcome: Outcome
    level: str | None
    credit_low: int
    credit_high: int
    weight: int
    max_bp: int
    low_bp: int
    high_bp: int
    observed: str
    rule: str = Field(description="the ladder's sentence for the level reached, bars filled in")
    ladder: list[tuple[int, str]]
    measures: list[Measure]
    places: list[Place]
    evidence: list[str] = Field(description="files of the bundle that the check read")
    culprit: Culprit | None
    root_cause: str
    why: str
    remedy: str
    effort: str
    behaviour: bool
    judged: bool = True


class LedgerRow(Model):
    """One line of the account. Rows of a column sum exactly to the headline's number of that column."""

    id: str
    area: str
    kind: Literal["check", "root_cause_cap"]
    text: str
    max_bp: int
    low_bp: int
    high_bp: int


class GateResult(Model):
    id: str
    title: str
    outcome: Literal["pass", "fail", "inconclusive"]
    reason: str
    culprit: Culprit | None


class AreaResult(Model):
    """One area. `low`/`high`/`coverage` are basis points of the area itself, whether or not it counts towards the headline."""

    id: str
    title: str
    order: int
    kind: Literal["core", "module"]
    points: int
    counted_low: bool
    counted_high: bool
    low: int
    high: int
    coverage: int
    sufficient: bool
    band: str
    question: str
    strong: list[str]
    red_flags: list[str]


class Highlight(Model):
    """A strength or a risk: the check's title and the one number that stands behind it, if it measured one."""

    check: str
    title: str
    measure: Measure | None = None


class InterviewItem(Model):
    """One question for the interview, made specific by this submission's own evidence.

    Cues that hold for a whole area stand once, in AreaResult.strong and .red_flags; `listen_for` adds what this very finding asks for.
    An `unobserved` item is one line: `question` names what nobody saw, `because` says why not.
    """

    area: str
    question: str
    because: str
    listen_for: list[str] = Field(default_factory=list)
    kind: Literal["finding", "unobserved", "module", "strength"]
    check: str = Field(default="", description="id of the check that the question came from")


class Point(Model):
    """One x/y of a series; y is None for a gap."""

    x: float
    y: float | None


class Series(Model):
    name: str
    unit: str
    points: list[Point]


class Span(Model):
    """A shaded stretch on a chart's time axis."""

    start: float
    end: float
    label: str
    kind: str


class Mark(Model):
    """An event on a chart's horizontal axis: a flag whose label is a tooltip, or, `written`, a line whose label stands at its top."""

    x: float
    label: str
    kind: str
    written: bool = False


class Dot(Model):
    """One measurement that no line joins to the next; a stem reaches from `y` down to `low`. Renderers give each kind a shape of its own."""

    x: float
    y: float
    low: float | None = None
    kind: Literal["held", "failed", "aborted", "void", "window", "noticed", "missed"]
    label: str


class Tick(Model):
    """A place on an axis that needs a label of its own, where the axis does not show its numbers as they are."""

    at: float
    label: str


Theme = Literal["faults", "drift", "load"]
"""The part of a report that a picture or a table belongs to."""


class Table(Model):
    """Numbers as rows. Cells are ready for people, except that renderers choose the digits; None is 'not known'."""

    id: str
    title: str
    says: str = ""
    columns: list[str]
    rows: list[list[str | float | None]]
    theme: Theme = "load"
    leading: bool = Field(default=False, description="stands open before the pictures of its theme; else folded after them")


class Chart(Model):
    """A picture as data: renderers draw it, they never compute it. `says` is the caption: what the picture shows."""

    id: str
    title: str
    says: str
    x_unit: str
    y_unit: str
    series: list[Series]
    theme: Theme = "load"
    x_ticks: list[Tick] = Field(default_factory=list, description="labels of the horizontal axis; none: round numbers")
    y_scale: Literal["linear", "log"] = "linear"
    dots: list[Dot] = Field(default_factory=list)
    spans: list[Span] = Field(default_factory=list)
    marks: list[Mark] = Field(default_factory=list)
    table: Table | None = Field(default=None, description="what the picture shows, for people who would rather read")
    limit: float | None = Field(default=None, description="a horizontal line such as the SLO")
    limit_label: str = ""
    below: Chart | None = Field(default=None, description="a second picture of the same stretch of time, drawn right beneath this one")


class FaultStrip(Model):
    """One fault for the strip picture. `cells` are shares of good answers per bin, 0..1, None where nothing was sent."""

    id: str
    check: str = Field(description="id of the check that judges it; empty when none is in scope")
    title: str
    injected: bool
    outcome: Outcome | None = Field(description="None: no check judges this fault, it only informs")
    says: str
    recovery_s: float | None
    recovered: str = Field(default="", description="the same in words, or why there is no number")
    bin_s: float
    inject_s: float | None
    undo_s: float | None
    cells: list[float | None]


class OutOfScope(Model):
    id: str
    title: str
    area: str
    why: str


class Score(Model):
    low: int = Field(ge=0, le=10_000)
    high: int = Field(ge=0, le=10_000)
    coverage: int = Field(ge=0, le=10_000)
    band: str


class ChallengeFacts(Model):
    slug: str
    title: str
    version: str
    digest: str
    reality: dict[str, str]
    bands: dict[str, int] = Field(default_factory=dict, description="band -> lowest percentage of an area's points that reaches it")


class Failed(Model):
    """A stage that has no data, in words."""

    stage: str
    culprit: Culprit
    cause: str
    sentence: str
    mend: str
    log_tail: str = ""


class Quarantined(Model):
    """A check that was not asked, because repeats of one and the same grading did not agree about it."""

    id: str
    title: str
    since: str = Field(description="ISO date")
    reason: str
    flips: str = Field(description="repeats that differed, e.g. 3 of 20")


class Result(Model):
    """The whole verdict. The same bundle and rubric give the same bytes."""

    schema_version: int = SCHEMA_VERSION
    grader_version: str
    rubric_digest: str
    status: Literal["scored", "gate_failed", "insufficient_evidence"]
    headline: str = Field(description="one sentence for people")
    challenge: ChallengeFacts
    mode: str
    practice: bool = Field(default=False, description="the mode is for practice: it exercises too little, and its score is no verdict")
    submission: Submission
    created: str
    score: Score
    gates: list[GateResult]
    areas: list[AreaResult]
    checks: list[CheckResult]
    ledger: list[LedgerRow]
    strengths: list[Highlight]
    risks: list[Highlight]
    interview: list[InterviewItem]
    charts: list[Chart]
    fault_strips: list[FaultStrip]
    tables: list[Table] = Field(default_factory=list, description="numbers without a picture")
    failures: list[Failed]
    quarantined: list[Quarantined] = Field(default_factory=list, description="of the checks in this mode's scope")
    out_of_scope: list[OutOfScope]
    integrity: list[str] = Field(description="bundle files that are missing or do not match their hash")
    isolation: list[str]
    discovery: list[str]
    notes: list[str]
    seeds: dict[str, str]
    host: Host | None
    run: RunFacts | None
