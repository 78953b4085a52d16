"""What the API reads and writes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field, field_validator

from grader.web.models import Decision, Requisition, Submission, User
from grader.web.pages.person import named

Key = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""The number of a row, as a database can hold it."""


class Strict(Schema):
    """A request body; unknown keys are errors, and so are NUL characters, which no database keeps."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _kept(cls, value: object) -> object:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("holds a NUL character")
        return value


class Problem(Schema):
    """Every error: one line for people, the field it concerns, and the submission that would be repeated."""

    detail: str
    field: str = ""
    existing: int | None = None


class SubmissionIn(Strict):
    requisition: Key
    url: str = Field(max_length=2048, description="https git URL, readable without a password")
    name: str = Field(default="", max_length=120)
    email: str = Field(default="", max_length=254)
    reference: str = Field(default="", max_length=80)


class SubmissionOut(Schema):
    id: int
    requisition: int
    candidate: str = Field(description="name, or pseudonym where the view is blind")
    pseudonym: str
    source: str
    state: str
    waiting_for: str
    attempt: int
    priority: str = Field(description="high, normal, or low: as a row of a table")
    created: datetime
    ended: datetime | None
    error: str


class Stage(Schema):
    stage: str
    state: str
    seconds: float
    note: str


class Progress(Schema):
    state: str
    position: int | None
    expected_wait_s: float | None
    trouble: str = Field(description="what keeps it from moving on, in words; empty when nothing does")
    stages: list[Stage]


class Page(Schema):
    count: int
    items: list[SubmissionOut]


class BadRow(Schema):
    line: int
    shown: str
    reason: str


class TableOut(Schema):
    accepted: list[int]
    bad: list[BadRow]


class RequisitionIn(Strict):
    title: str = Field(min_length=1, max_length=120)
    challenge: str
    mode: str = "standard"
    modules: list[str] = Field(default_factory=list)
    bars: dict[str, str] = Field(default_factory=dict, description="area -> band that the job needs")
    blind: bool = False
    independent: bool = Field(default=False, description="others' decisions are shown once one's own is kept")
    notice_due: bool = True
    notice_exemption: str = Field(default="", max_length=400)


class RequisitionOut(Schema):
    id: int
    title: str
    challenge: str
    mode: str
    modules: list[str]
    bars: dict[str, str]
    blind: bool
    independent: bool
    notice_due: bool
    frozen: bool
    closed: bool


class NoticeIn(Strict):
    version: str = Field(min_length=1, max_length=40)
    sent_at: datetime
    earliest_assessment: date


class DecisionIn(Strict):
    area: str = Field(description="an area of the rubric, or `overall`")
    verdict: str
    reason: str = Field(min_length=10, max_length=4000)


class DecisionOut(Schema):
    area: str
    verdict: str
    reason: str
    author: str
    score_seen: bool
    created: datetime


def submission(row: Submission, user: User) -> SubmissionOut:
    who = named(row, user, None)
    return SubmissionOut(
        id=row.pk, requisition=row.requisition_id, candidate=who.who, pseudonym=row.candidate.pseudonym, source=who.source, state=row.state,
        waiting_for=row.waiting_for, attempt=row.attempt, priority=row.get_priority_display(), created=row.created, ended=row.ended,
        error="" if who.hidden else row.error,
    )  # fmt: skip


def requisition(row: Requisition) -> RequisitionOut:
    return RequisitionOut(
        id=row.pk, title=row.title, challenge=row.challenge, mode=row.mode, modules=row.modules, bars=row.bars, blind=row.blind,
        independent=row.independent, notice_due=row.notice_due, frozen=row.frozen, closed=row.closed,
    )  # fmt: skip


def decision(row: Decision) -> DecisionOut:
    return DecisionOut(
        area=row.area, verdict=row.verdict, reason=row.reason, author=row.author.username, score_seen=row.score_seen, created=row.created
    )
