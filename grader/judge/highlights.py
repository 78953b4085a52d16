"""Strengths and risks for the first screen: few, spread over areas and root causes, each with one number."""

from __future__ import annotations

from collections.abc import Sequence

from grader.judge.evaluate import Evaluated
from grader.schema.base import Culprit
from grader.schema.result import Highlight, Outcome
from grader.scoring import Scored

TOP = 3
PER_AREA = 2
LOST = (Outcome.FAIL, Outcome.PARTIAL)


def strengths(evaluated: Sequence[Evaluated], scored: Scored) -> list[Highlight]:
    """The heaviest things that were measured and passed: behaviour only, a document is no strength in production."""
    passed = [c for c in evaluated if c.outcome is Outcome.PASS and c.rule.behaviour]
    passed.sort(key=lambda c: (_aside(c, scored), -scored.shares[c.id].max_bp, c.id))
    return [_highlight(c, c.rule.title) for c in _spread(passed)]


def risks(evaluated: Sequence[Evaluated], scored: Scored, gates: Sequence[str]) -> list[Highlight]:
    """Failed gates first (`gates` are their checks' ids, the first to blame first), then the largest losses.

    Where a gate failed, that is the risk, and not what could not be judged for it.
    """
    lost = [c for c in evaluated if c.outcome in LOST and c.culprit is Culprit.CANDIDATE and (c.finding.judged or not gates)]
    lost.sort(
        key=lambda c: (
            gates.index(c.id) if c.id in gates else len(gates),
            _aside(c, scored),
            scored.shares[c.id].low_bp - scored.shares[c.id].max_bp,
            c.id,
        )
    )
    return [_highlight(c, c.risk) for c in _spread(lost)]


def _aside(check: Evaluated, scored: Scored) -> bool:
    """Stands in a module that does not count."""
    return not scored.areas[check.area].counted_low


def _highlight(check: Evaluated, title: str) -> Highlight:
    return Highlight(check=check.id, title=title, measure=next(iter(check.finding.measures), None))


def _spread(checks: Sequence[Evaluated]) -> list[Evaluated]:
    """The first few that say different things: one per root cause and per sentence, so that one defect does not fill the list."""
    picked: list[Evaluated] = []
    for check in checks:
        same_area = sum(p.area == check.area for p in picked)
        told = any(p.root_cause == check.root_cause or p.finding.observed == check.finding.observed for p in picked)
        if same_area < PER_AREA and not told:
            picked.append(check)
    return picked[:TOP]
