"""The interview plan: the rubric's questions made specific by this submission's own evidence, and what we could not observe."""

from __future__ import annotations

from collections.abc import Sequence

from grader.judge.evaluate import Evaluated
from grader.schema.result import InterviewItem, Outcome
from grader.schema.rubric import AreaRubric, Rubric
from grader.scoring import Scored

PER_AREA = 2
"""Findings asked about per area: more would not fit an interview."""


def plan(evaluated: Sequence[Evaluated], scored: Scored, rubric: Rubric) -> list[InterviewItem]:
    """For each area, in reading order: its largest losses, else its question with the strongest evidence; then what must be asked because it was not seen."""
    items: list[InterviewItem] = []
    for id, area in sorted(rubric.areas.items(), key=lambda item: item[1].order):
        checks = [check for check in evaluated if check.area == id]
        counts = scored.areas[id].counted_low or scored.areas[id].counted_high
        items += _area(id, area, checks, scored, counts=counts)
    return items


def _area(id: str, area: AreaRubric, checks: list[Evaluated], scored: Scored, *, counts: bool) -> list[InterviewItem]:
    lost = [c for c in checks if c.outcome in (Outcome.FAIL, Outcome.PARTIAL)]
    lost.sort(key=lambda c: (-(scored.shares[c.id].max_bp - scored.shares[c.id].low_bp), c.id))
    unseen = [c for c in checks if c.credit is None and c.outcome is not Outcome.NOT_APPLICABLE]
    items = [_finding(id, area, check) for check in lost[:PER_AREA]]
    if not items:
        items.append(_general(id, area, checks, scored, counts=counts))
    if unseen:
        items.append(_unobserved(id, area, unseen))
    return items


def _finding(id: str, area: AreaRubric, check: Evaluated) -> InterviewItem:
    question = check.rule.question or area.question
    return InterviewItem(
        area=id,
        question=question.replace("{observed}", check.finding.observed),
        because=f"{check.rule.failure_title}: {check.finding.observed}",
        listen_for=[check.rule.remedy, *area.strong[:2]],
        red_flag=area.red_flags[0] if area.red_flags else "",
        kind="finding",
    )


def _general(id: str, area: AreaRubric, checks: list[Evaluated], scored: Scored, *, counts: bool) -> InterviewItem:
    best = max((c for c in checks if c.outcome is Outcome.PASS), key=lambda c: (scored.shares[c.id].max_bp, c.id), default=None)
    because = f"{best.rule.title}: {best.finding.observed}" if best else "nothing was observed in this area"
    return InterviewItem(
        area=id, question=area.question, because=because, listen_for=area.strong[:3], red_flag=area.red_flags[0] if area.red_flags else "",
        kind="strength" if counts else "module",
    )  # fmt: skip


def _unobserved(id: str, area: AreaRubric, unseen: list[Evaluated]) -> InterviewItem:
    titles = "; ".join(c.rule.title for c in unseen[:4])
    return InterviewItem(
        area=id,
        question=f"We could not observe this, so please ask: {area.question}",
        because=f"not measured: {titles} ({unseen[0].finding.observed})",
        listen_for=area.strong[:3],
        red_flag=area.red_flags[0] if area.red_flags else "",
        kind="unobserved",
    )
