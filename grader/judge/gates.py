"""Must-pass conditions beside the number. A gate is inconclusive when its check could not be measured."""

from __future__ import annotations

from collections.abc import Mapping

from grader.judge.evaluate import Evaluated
from grader.schema.base import Culprit
from grader.schema.result import GateResult
from grader.schema.rubric import GateRule


def gate(id: str, rule: GateRule, checks: Mapping[str, Evaluated]) -> GateResult:
    """Fail when the named check, judged on its own, reached only its lowest rung: a gate asks for life, not for excellence."""
    check = checks.get(rule.check)
    if check is None:
        return GateResult(id=id, title=rule.title, outcome="inconclusive", reason="not exercised in this mode", culprit=Culprit.GRADER)
    own = check.own
    if own.level is None or own.level not in check.rule.ladder:
        return GateResult(id=id, title=rule.title, outcome="inconclusive", reason=own.observed, culprit=own.culprit or Culprit.GRADER)
    failed = check.rule.ladder[own.level].credit == 0
    title = check.lost_title if failed else rule.title
    return GateResult(
        id=id, title=title, outcome="fail" if failed else "pass", reason=own.observed, culprit=Culprit.CANDIDATE if failed else None
    )
