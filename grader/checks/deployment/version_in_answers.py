"""Does every answer name the model version that gave it?"""

from __future__ import annotations

from grader.checks.analysis.placeholders import says_nothing
from grader.checks.api import Bars, Finding, reached
from grader.schema.evidence import ContractEvidence


def check(contract: ContractEvidence, bars: Bars) -> Finding:
    versions = contract.model_versions
    if not versions:
        return reached("unnamed", "no answer named a model version")
    empty = [version for version in versions if says_nothing(version)]
    if empty:
        return reached("placeholder", f"answers name the version {empty[0]!r}, which tells nothing apart")
    if len(versions) > bars["versions"]:
        few = ", ".join(versions[:3])
        return reached("shifting", f"{contract.predictions.sent} answers of one unchanged service name {len(versions)} versions: {few}, ...")
    return reached("named", f"answers name {len(versions)} model version{'s' * (len(versions) > 1)}: {', '.join(versions[:3])}")
