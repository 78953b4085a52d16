"""Is the cost per million predictions stated as an amount that such a cost can be, with its reasoning?"""

from __future__ import annotations

import re

from grader.checks.analysis.cost import machine_hour, money, served_rate
from grader.checks.analysis.probes import climb, holds
from grader.checks.analysis.statements import apart_at_slo, wrong_sum
from grader.checks.api import Bars, Finding, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import Probe, RepositoryEvidence

STATED = "cost_statement"
_PER = re.compile(r"(?:per|/|for)\s*(?:(?:one|a|each|1)\s+)?(?:million|thousand|1[ ,.]?000(?:[ ,.]?000)?|1?[kM]\b|10\^[36])", re.I)


def check(repository: RepositoryEvidence, challenge: Challenge, bars: Bars) -> Finding:
    finding = climb(repository, [("reasoned", [STATED, "sizing_rationale"]), ("stated", [STATED])], none="none")
    statement = repository.probes.get(STATED)
    if statement is None or not holds(statement):
        return finding
    if _says_nothing(statement):
        return reached("none", f"`{statement.detail}` is no amount of money", places=statement.places)
    if wrong := wrong_sum(statement):
        return reached("miscalculated", wrong, places=statement.places)
    if apart := apart_at_slo(statement, bars["apart"]):
        return reached("contradicted", apart, places=statement.places)
    if challenge.prices is None or not statement.value:
        return finding
    rate = served_rate(challenge.prices, challenge.limits, statement.value)
    if bars["least_rps"] <= rate <= bars["most_rps"]:
        return finding
    hour = money(challenge.prices, machine_hour(challenge.prices, challenge.limits))
    seen = f"`{statement.detail}`: for this money a machine of {hour} an hour would serve {rate:.3g} predictions/s"
    return reached("impossible", seen, places=statement.places)


def _says_nothing(statement: Probe) -> bool:
    """Only zeros: `USD 0.00 per million` is a gap to be filled in. An amount that merely cannot be told for sure is left alone."""
    digits = re.findall(r"\d", _PER.sub("", statement.detail))
    return statement.value is None and bool(digits) and set(digits) == {"0"}
