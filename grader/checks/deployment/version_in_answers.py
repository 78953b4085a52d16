"""Does every answer name the model version that gave it?"""

from __future__ import annotations

from grader.checks.api import Finding, reached
from grader.schema.evidence import ContractEvidence

PLACEHOLDERS = {"", "0", "dev", "latest", "local", "model", "n/a", "none", "null", "todo", "unknown", "undefined"}
"""Words that name no version."""


def check(contract: ContractEvidence) -> Finding:
    versions = contract.model_versions
    if not versions:
        return reached("unnamed", "no answer named a model version")
    empty = [version for version in versions if version.strip().lower() in PLACEHOLDERS]
    if empty:
        return reached("placeholder", f"answers name the version {empty[0]!r}, which tells nothing apart")
    return reached("named", f"answers name {len(versions)} model version{'s' * (len(versions) > 1)}: {', '.join(versions[:3])}")
