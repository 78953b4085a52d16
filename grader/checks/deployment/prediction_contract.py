"""Are answers valid by the response schema, for the right transaction, dependent on the input, and on nobody's name?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import ContractEvidence


def check(contract: ContractEvidence, bars: Bars) -> Finding:
    facts = contract.predictions
    right = min(facts.valid, facts.echoes_id)
    seen = f"{facts.valid} of {facts.sent} answers valid, {facts.echoes_id} with their request's id, {facts.distinct_scores} distinct scores"
    if not facts.informed:
        seen += f"; they rank payments no better than chance (rank correlation with the truth {facts.rank_correlation})"
    if facts.first_violation:
        seen += f"; first violation: {facts.first_violation}"
    others = contract.strangers
    if others is not None and others.told_apart:
        how_many = f"for {others.apart} of {others.asked} payments, whenever it asks"
        return reached("broken", f"{seen}; another client is answered otherwise, {how_many}: {others.example}")
    if not facts.met:
        return reached("broken", seen)
    share = right / facts.sent
    level = at_least(share, (bars["exact"], "exact"), (bars["near"], "near"), below="broken")
    if facts.contrary is not None and facts.contrary > bars["contrary"] * facts.valid:
        level = "near" if level == "exact" else level
        seen += f"; {facts.contrary} decisions are against the order of their scores: a riskier payment gets a milder one"
    if (kind := _other_type(contract)) is not None:
        level = "near" if level == "exact" else level
        seen += f"; the answer calls itself {kind or 'nothing'}, not JSON: clients that go by the content type do not decode it"
    return reached(level, seen, measure("valid answers", share * 100, "%", n=facts.sent))


def _other_type(contract: ContractEvidence) -> str | None:
    """The content type of a whole answer where it is not one of JSON."""
    answer = contract.exchange("predict")
    if answer is None or answer.status != 200:
        return None
    kind = answer.content_type.partition(";")[0].strip().lower()
    return None if kind == "application/json" or kind.endswith("+json") else kind
