"""The interview plan: the rubric's questions made specific by this submission's own evidence, and what nobody saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from grader.judge.evaluate import Evaluated
from grader.schema.result import InterviewItem, Outcome, OutOfScope
from grader.schema.rubric import AreaRubric, Rubric
from grader.scoring import Scored

CORE, MODULE = 2, 1
"""Findings asked about per area: more would not fit an interview."""

UNSEEN = 4
"""Unobserved things named per area; the ledger has the rest."""

WRITTEN = {"repository", "source"}
"""Collectors of what a submission says, not of what it does."""

LENGTH = 220
"""Characters of evidence inside a question: one that cannot be said aloud is not asked. It ends where a clause ends; its row has the rest."""


def plan(
    evaluated: Sequence[Evaluated], scored: Scored, rubric: Rubric, core: Sequence[str], out_of_scope: Sequence[OutOfScope]
) -> list[InterviewItem]:
    """For each area, in reading order: its largest losses, else its question with the strongest evidence; then one line on what was not seen."""
    items: list[InterviewItem] = []
    told: set[str] = set()
    for id, area in sorted(rubric.areas.items(), key=lambda item: item[1].order):
        checks = [check for check in evaluated if check.area == id]
        findings = _findings(checks, scored, CORE if id in core else MODULE, told)
        items += [_finding(id, check) for check in findings] or [_general(id, area, checks, scored, module=id not in core)]
        items += _unobserved(id, checks, [o for o in out_of_scope if o.area == id])
    return items


def _findings(checks: Sequence[Evaluated], scored: Scored, most: int, told: set[str]) -> list[Evaluated]:
    """The largest losses that say something new. What was not judged is no finding: nobody can be asked why it failed."""
    lost = [c for c in checks if c.outcome in (Outcome.FAIL, Outcome.PARTIAL) and c.finding.judged]
    lost.sort(key=lambda c: (scored.shares[c.id].low_bp - scored.shares[c.id].max_bp, c.id))
    picked: list[Evaluated] = []
    for check in lost:
        if check.finding.observed not in told and len(picked) < most:
            told.add(check.finding.observed)
            picked.append(check)
    return picked


def _finding(area: str, check: Evaluated) -> InterviewItem:
    """A measurement opens the question and its title is the reason; a missing document is named, and the reason is where we looked."""
    title = check.risk
    written = set(check.inputs) <= WRITTEN
    lead, because = (title, _spoken(check.finding.observed)) if written else (check.finding.observed, title)
    question = (check.rule.question or "{observed}. How would you mend it?").replace("{observed}", _spoken(lead))
    return InterviewItem(area=area, question=question, because=because, listen_for=[check.rule.remedy], kind="finding", check=check.id)


def _general(id: str, area: AreaRubric, checks: Sequence[Evaluated], scored: Scored, *, module: bool) -> InterviewItem:
    """Nothing (new) was lost here: the area's own question, with the best that was seen."""
    best = max((c for c in checks if c.outcome is Outcome.PASS), key=lambda c: (scored.shares[c.id].max_bp, c.id), default=None)
    kind: Literal["module", "strength"] = "module" if module else "strength"
    if best is None:
        return InterviewItem(area=id, question=area.question, because="Nothing of this area was seen at work", kind=kind)
    because = f"{best.rule.title}: {_spoken(best.finding.observed)}"
    return InterviewItem(area=id, question=area.question, because=because, kind=kind, check=best.id)


def _unobserved(area: str, checks: Sequence[Evaluated], out_of_scope: Sequence[OutOfScope]) -> list[InterviewItem]:
    unseen = [c for c in checks if c.credit is None and c.outcome is not Outcome.NOT_APPLICABLE]
    unjudged = [c for c in checks if not c.finding.judged and not c.seen]
    titles = [c.rule.title for c in [*unjudged, *unseen]] + [o.title for o in out_of_scope]
    if not titles:
        return []
    more = f"; and {len(titles) - UNSEEN} more" if len(titles) > UNSEEN else ""
    reasons = [f"{len(unjudged)} not judged: {', '.join(dict.fromkeys(_spoken(c.finding.observed) for c in unjudged))}"] if unjudged else []
    whose = " and ".join(sorted({c.culprit.value for c in unseen if c.culprit}))
    reasons += [f"{len(unseen)} could not be measured, which is the {whose}'s doing"] if unseen else []
    reasons += [f"{len(out_of_scope)} not exercised in this mode"] if out_of_scope else []
    return [InterviewItem(area=area, question="; ".join(titles[:UNSEEN]) + more, because="; ".join(reasons), kind="unobserved")]


def _spoken(observed: str) -> str:
    """Evidence as the start of a sentence."""
    text = observed if len(observed) <= LENGTH else _shortened(observed)
    return text[:1].upper() + text[1:].rstrip(".")


def _shortened(observed: str) -> str:
    """Whole clauses, as many as fit; of a first clause that is too long, whole words."""
    ends = [i for i, rest in enumerate(observed[:LENGTH]) if rest == ";" and observed[:i].count("(") == observed[:i].count(")")]
    return observed[: ends[-1]] if ends else f"{observed[: LENGTH - 2].rsplit(' ', 1)[0]} …"
