"""Exit codes as a table: what CI may rely on."""

from __future__ import annotations

from enum import IntEnum

from grader.schema.base import Culprit
from grader.schema.result import Result


class Exit(IntEnum):
    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    TROUBLE = 3
    INSUFFICIENT = 4


def exit_code(result: Result) -> Exit:
    """Which code a result ends with. A damaged bundle never ends with 0, whatever its number."""
    if result.integrity:
        return Exit.INSUFFICIENT
    if result.status == "gate_failed":
        return Exit.GATE_FAILED
    if result.status == "scored":
        return Exit.OK
    ours = any(failure.culprit is not Culprit.CANDIDATE for failure in result.failures)
    return Exit.TROUBLE if ours else Exit.INSUFFICIENT
