"""When the ready route says 200, does a prediction right after it succeed?"""

from __future__ import annotations

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unjudged
from grader.schema.evidence import BootEvidence


def check(boot: BootEvidence, bars: Bars) -> Finding:
    if boot.first_ready_s is None:
        return unjudged("lies", "the ready route never said 200, so it never told when the service can predict")
    if boot.first_prediction_s is None:
        return reached("lies", f"ready after {boot.first_ready_s:.1f} s, but no prediction ever succeeded")
    early = boot.ready_before_prediction
    level = up_to(early, (0, "truthful"), (bars["blinks"], "blinks"), beyond="lies")
    seen = f"{early} times the ready route said 200 and the prediction right after it failed; first prediction after {boot.first_prediction_s:.1f} s"
    return reached(level, seen, measure("ready but not predicting", early, "polls"))
