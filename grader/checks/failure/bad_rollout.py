"""Does a rollout of a broken model stop before it reaches anybody?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.recovery import during
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultRecord, FaultsEvidence
from grader.schema.evidence.behaviour import BETTER_THAN_CHANCE


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "bad_rollout", worst="breaks")
    if isinstance(record, Finding):
        return record
    facts = record.facts
    sent, failed, back = facts.get("sent", 0), facts.get("failed"), facts.get("rollback_s", -1)
    if failed is None or not sent:
        return unmeasured("the requests during the rollout were not counted")
    told = "said that it is ready, and got the traffic" if facts.get("second_ready") else "never said that it is ready"
    seen = f"the instance with a broken model {told}; {failed:.0f} of {sent:.0f} requests failed"
    figure = measure("failed", failed, "requests", n=int(sent))
    if facts.get("second_ready") and facts.get("second_opened") == 0:
        return reached("ignores", f"{seen}; it never opened the file that MODEL_PATH names, so nothing was rolled out", figure)
    if facts.get("second_ready") and (made_up := _made_up(faults, record, bars["fallbacks"])):
        return reached("makes_up", f"{seen}; {made_up}", figure)
    if failed <= bars["few"] * sent:
        return reached("holds", seen, figure)
    if 0 <= back <= bars["back_s"]:
        return reached("rolls_back", f"{seen}; good again {back:.1f} s after it was taken back", figure, measure("recovered after", back, "s"))
    return reached("breaks", f"{seen}; not good again within {bars['back_s']:g} s", figure)


def _made_up(faults: FaultsEvidence, record: FaultRecord, most: float) -> str | None:
    """Why valid answers of the new instance cannot have come from a model. The image's own model, or a retrained one, passes all three.

    More than `most` of all answers as fallbacks is its doing: it has the traffic for half of the time, and a start beside a sound instance,
    on the same core, makes a few at most.
    """
    facts = record.facts
    rank = facts.get("second_rank", 1.0)
    if rank < BETTER_THAN_CHANCE:
        return f"its {facts.get('second_valid', 0):.0f} answers rank payments no better than chance (rank correlation with the truth {rank:.2f})"
    bins = during(record)
    answered, fallbacks = sum(b.ok + b.degraded for b in bins), sum(b.degraded for b in bins)
    if facts.get("degraded_before", 0.0) < most < fallbacks / max(1, answered):
        return f"{fallbacks} of {answered} answers meanwhile were fallbacks, though the feature store was well"
    alike = faults.fault("bad_model")
    if alike is not None and alike.facts.get("copy_served") == 1 and alike.facts.get("corrupt_own") == 0:
        return "asked alone, a container with such a file named a model in its answers that is not the image's own"
    return None
