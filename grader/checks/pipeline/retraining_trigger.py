"""Does another model version come up after concept drift with labels, and only then?"""

from __future__ import annotations

from grader.checks.analysis.clockwork import unprompted
from grader.checks.analysis.feedback import calm_switches, refusal, retrained, switch_sentence, unfit
from grader.checks.api import Finding, measure, reached
from grader.schema.evidence import ContractEvidence, DriftEvidence, FeedbackEvidence, MetricsEvidence


def check(
    feedback: FeedbackEvidence, contract: ContractEvidence | None, drift: DriftEvidence | None, metrics: MetricsEvidence | None
) -> Finding:  # fmt: skip
    if trouble := unfit(feedback):
        return trouble
    if said := refusal(feedback):
        return reached("never", said)
    switch, calm, concept = retrained(feedback), calm_switches(feedback), feedback.segment("concept")
    clock = unprompted(feedback, contract, drift, metrics)
    restless = f"; {len(calm)} changes of version while nothing was wrong" if calm else f"; {clock}" if clock else ""
    if switch is None:
        taken, sent = (concept.labels_taken, concept.sent) if concept else (0, 0)
        return reached("never", f"no other version answered over {sent} requests of the turned relation, {taken} of them labelled{restless}")
    seen = switch_sentence(feedback, switch) + restless
    return reached("restless" if restless else "on_drift", seen, measure("labels by then", switch.labels_taken, "labels"))
