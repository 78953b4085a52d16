"""Is the stated cost per million predictions what we measure at the latency target?

Currencies are compared as they stand: those that the scan reads differ by far less than the bars.
"""

from __future__ import annotations

from grader.checks.analysis.cost import money, per_million
from grader.checks.analysis.probes import holds
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.base import Culprit
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, Probe, RepositoryEvidence, StressEvidence


def check(repository: RepositoryEvidence, stress: StressEvidence, challenge: Challenge, bars: Bars) -> Finding:
    statement, capacity = repository.probes.get("cost_statement"), stress.capacity
    if statement is None:
        return unmeasured("the repository scan did not look for a statement of cost")
    if not holds(statement):
        return reached("none", statement.detail or "no cost per million predictions is stated")
    if statement.value is None:
        return unmeasured(f"the amount in `{statement.detail}` could not be read")
    if capacity is None or challenge.prices is None:
        return unmeasured("no capacity was searched, or the bundle holds no price table")
    if capacity.void:
        return unmeasured(f"the capacity search is void: {capacity.void}", Culprit.HOST)
    return _judge(statement, statement.value, capacity, challenge, bars)


def _judge(statement: Probe, stated: float, capacity: Capacity, challenge: Challenge, bars: Bars) -> Finding:
    assert challenge.prices is not None
    said = f"stated: {stated:.3g} per million (`{statement.detail}`)"
    if capacity.rate_rps is None:
        return reached("apart", f"{said}; no rate held the latency target, so there is no such cost", places=statement.places)
    cost = per_million(challenge.prices, challenge.limits, capacity.rate_rps)
    factor = max(stated / cost, cost / stated)
    level = up_to(factor, (bars["agrees"], "agrees"), (bars["near"], "near"), beyond="apart")
    seen = f"{said}; measured: {money(challenge.prices, cost)} at {capacity.rate_rps:.0f}/s, the highest rate within the latency target"
    seen += f": {factor:.2g} x apart (at most {bars['agrees']:g} x)"
    if level != "agrees" and stated < cost and capacity.limited_by != "service":
        return unmeasured(f"{seen}; more could not be sent, so the truth may be cheaper")
    figures = measure("stated cost per million", stated, "as stated"), measure("measured cost per million", cost, challenge.prices.currency)
    return reached(level, seen, *figures, places=statement.places)
