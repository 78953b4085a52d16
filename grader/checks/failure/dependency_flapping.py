"""What do callers get while the dependency comes and goes, and is all normal afterwards?"""

from __future__ import annotations

from grader.checks.analysis.dependency import endured
from grader.checks.analysis.recovery import HOLD_S, between
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import FaultRecord, FaultsEvidence

ID = "dependency_flapping"


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    finding = endured(faults, ID, answered=bars["answered"], fast_ms=bars["fast_ms"])
    record = faults.fault(ID)
    if record is None or finding.level not in ("fallback", "slow"):
        return finding
    normal, asked = _normal_share(record), _asked(record)
    seen = f"{finding.observed}; {asked}{normal:.0%} of the last answers were normal again"
    figures = (*finding.measures, measure("normal afterwards", normal * 100, "%"))
    return reached(finding.level if normal >= bars["normal"] else "stuck", seen, *figures)


def _normal_share(record: FaultRecord) -> float:
    """Share of plain good answers in the record's last second, in which the dependency has been well for long."""
    end = record.bins[-1].t_s + record.bin_s
    last = between(record.bins, end - HOLD_S, end)
    return sum(b.ok for b in last) / max(1, sum(b.sent for b in last))


def _asked(record: FaultRecord) -> str:
    """A breaker shows in calls that fall off; for information only."""
    sent, down = record.facts.get("n_sent_down", 0), record.facts.get("hits_down", 0)
    return f"{down:.0f} calls for {sent:.0f} requests while it was down{' (a breaker)' if down < sent / 2 else ''}; " if sent else ""
