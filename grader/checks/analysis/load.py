"""What every load check asks first: was the window sent, and may it be used?"""

from __future__ import annotations

from grader.checks.api import unmeasured
from grader.schema.base import Culprit
from grader.schema.evidence import LoadEvidence, LoadWindow
from grader.schema.result import Finding

PER_MILLION = 1e6


def usable(load: LoadEvidence, name: str) -> LoadWindow | Finding:
    """The window if it may be judged. A void one never is: what the grader or the host spoilt costs nobody a point."""
    window = load.window(name)
    if window is None:
        return unmeasured(f"no window {name} was sent")
    if window.void:
        culprit = Culprit.GRADER if window.void.startswith("generator") else Culprit.HOST
        return unmeasured(f"window {name} is void after {window.attempts} attempts: {window.void}", culprit)
    if not window.sent:
        return unmeasured(f"window {name} sent no request")
    return window


def good(window: LoadWindow) -> int:
    """Requests with a valid prediction, degraded or not."""
    return window.ok + window.degraded


def cpu_ms_per_request(window: LoadWindow) -> float | None:
    """CPU time of the container per request that was sent, in ms; None without accounting."""
    if window.resources is None or not window.sent:
        return None
    return window.resources.cpu_seconds / window.sent * 1e3
