"""Which checks lost points that count, and which were never judged: the same list for every format that shows losses."""

from __future__ import annotations

from collections import Counter

from grader.schema.result import CheckResult, LedgerRow, Outcome, Result

LOST = (Outcome.FAIL, Outcome.PARTIAL)


def counted(result: Result) -> list[CheckResult]:
    """Checks that lost points of the headline, the dearest first. A module that does not count loses nothing."""
    areas = {a.id for a in result.areas if a.counted_low or a.counted_high}
    lost = [c for c in result.checks if c.outcome in LOST and c.low_bp < c.max_bp and c.area in areas]
    return sorted(lost, key=lambda c: (c.low_bp - c.max_bp, c.id))


def judged(result: Result) -> list[CheckResult]:
    """Those of them that were seen to be lost."""
    return [c for c in counted(result) if c.judged]


def unjudged(result: Result) -> list[tuple[str, int]]:
    """(what decided instead, how many checks it cost), the most first: one reason that cost fifty checks is told once."""
    return Counter(c.observed for c in counted(result) if not c.judged).most_common()


def refunds(result: Result) -> list[LedgerRow]:
    """What the root-cause cap gives back."""
    return [row for row in result.ledger if row.kind == "root_cause_cap"]
