"""Did the model change before a single label was sent and while nothing was wrong? Then a clock did it, and no drift."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from grader.checks.analysis.feedback import serving
from grader.checks.analysis.metrics import own_families, while_probed
from grader.schema.evidence import ContractEvidence, DriftEvidence, FeedbackEvidence, MetricsEvidence

VERSION_LABEL = re.compile(r'[{,](?:model_?)?version="([^"]+)"')


def unprompted(
    feedback: FeedbackEvidence, contract: ContractEvidence | None, drift: DriftEvidence | None, metrics: MetricsEvidence | None
) -> str:  # fmt: skip
    """One clause on how the version changed; empty where it did not, or where nobody can tell.

    A drift that was streamed and raised an alert may be answered by a new version, so then only what came before it counts.
    """
    known = {version for version in contract.model_versions if version} if contract else set[str]()
    true_once = False
    for named in _shown(drift, metrics):
        if named and not named & known and true_once:
            return f"the metrics named {min(named)} instead of {min(known)} before any drift and any label was sent"
        true_once = true_once or bool(named & known)
    calm = serving(feedback.segment("calm"))
    if known and calm and calm not in known and not _may_answer(drift):
        return f"{min(known)} had given way to {calm} before any label was sent"
    return ""


def _may_answer(drift: DriftEvidence | None) -> bool:
    return drift is not None and bool(drift.alerts) and any(window.phase == "drifted" for window in drift.windows)


def _shown(drift: DriftEvidence | None, metrics: MetricsEvidence | None) -> Iterator[set[str]]:
    """The versions that the metrics named when answers were probed first, and in the clean windows before the first drift."""
    probed = while_probed(metrics) if metrics else None
    if probed:
        samples = [sample for family in own_families(probed) for sample in family.samples if sample.value]
        yield {value for sample in samples for key, value in sample.labels.items() if key in ("version", "model_version", "modelversion")}
    for window in takewhile(lambda w: w.phase in ("warmup", "control"), drift.windows if drift else ()):
        yield {value for series, shown in window.gauges.items() if shown for value in VERSION_LABEL.findall(series)}
