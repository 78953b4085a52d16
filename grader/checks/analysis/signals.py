"""What a candidate's monitor said, set against what we streamed when. Pure; shared by every drift and alert check.

An alert is an *episode*: it fires at one request of the experiment and ends at another, or never. Repeated `firing` posts of the same
alert (name and feature) are one episode. A monitor with windows of its own is misaligned with ours and may run beside the service, so
a signal may come one window and two seconds late. Gauges are compared with their own range over the control windows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grader.schema.evidence import Alert, DriftEvidence, DriftWindow

OPERATIONAL = re.compile(r"latency|slow|error|down|avail|slo\b|cpu|memory|disk|fallback|depend|store|traffic|shed|restart|ready", re.I)
"""Alerts about the service rather than its data, unless they blame a feature."""

UNRELATED = re.compile(
    r"^(process|python|go|jvm|nodejs|scrape|up\b)|latency|duration|seconds|_ms\b|_created|_total|_count|_sum|_bucket"
    r"|in_?flight|in_?progress|active|memory|bytes|cpu|uptime|queue|_info\b|per_second|timestamp",
    re.I,
)
"""Series that move with time or traffic: they say nothing about the data."""

ASIDE_S = 2.0
"""A monitor in a process of its own may look every second or two."""


@dataclass(frozen=True)
class Episode:
    """One alert from its first `firing` to its `resolved` (None: never), in requests of the experiment."""

    name: str
    feature: str
    start: int
    end: int | None


@dataclass(frozen=True)
class Stretch:
    """Where one kind was streamed, in requests: drifted in [onset, last), clean again in [last, over)."""

    kind: str
    feature: str
    onset: int
    last: int
    over: int
    windows: tuple[DriftWindow, ...]
    recovery: tuple[DriftWindow, ...]


@dataclass(frozen=True)
class Signal:
    """What was heard about one kind. `delay` is in requests since the onset."""

    stretch: Stretch
    episodes: tuple[Episode, ...]
    resolved: bool
    delay: int | None
    gauges: tuple[str, ...]

    @property
    def blamed(self) -> frozenset[str]:
        return frozenset(e.feature for e in self.episodes if e.feature)


def lag(drift: DriftEvidence) -> int:
    """Requests by which a sound monitor may be late."""
    return drift.window + round(ASIDE_S * drift.rate_rps)


def end_of(window: DriftWindow) -> int:
    return window.first_request + window.sent


def stretches(drift: DriftEvidence) -> list[Stretch]:
    """One per kind that was really streamed, in the drawn order."""
    return [stretch for kind in drift.order if (stretch := stretch_of(drift, kind))]


def stretch_of(drift: DriftEvidence, kind: str) -> Stretch | None:
    """Where a kind was streamed; None if no drifted request of it was sent."""
    drifted = [w for w in drift.windows if w.kind == kind and w.phase == "drifted" and w.sent]
    if not drifted:
        return None
    onset, last = min(w.first_request for w in drifted), max(end_of(w) for w in drifted)
    recovery = [w for w in drift.windows if w.kind == kind and w.phase == "recovery" and w.sent and w.first_request >= last]
    over = max((end_of(w) for w in recovery), default=last)
    return Stretch(kind, drift.features.get(kind, ""), onset, last, over, tuple(drifted), tuple(recovery))


def episodes(alerts: Sequence[Alert]) -> list[Episode]:
    """Data alerts as episodes, by start."""
    opened: dict[tuple[str, str], int] = {}
    found: list[Episode] = []
    for alert in sorted(alerts, key=lambda a: (a.request, a.at_s)):
        key = (alert.name, alert.labels.get("feature", ""))
        if OPERATIONAL.search(alert.name) and not key[1]:
            continue
        if alert.status == "firing":
            opened.setdefault(key, alert.request)
        elif key in opened:
            found.append(Episode(*key, start=opened.pop(key), end=alert.request))
    found += [Episode(*key, start=start, end=None) for key, start in opened.items()]
    return sorted(found, key=lambda e: (e.start, e.name, e.feature))


def signal_of(drift: DriftEvidence, stretch: Stretch) -> Signal:
    """Everything that was heard about one kind, alerts and gauges."""
    late = lag(drift)
    heard = tuple(e for e in episodes(drift.alerts) if stretch.onset < e.start <= stretch.last + late)
    resolved = bool(heard) and all(e.end is not None and e.end <= stretch.over + late for e in heard)
    delay = min((e.start for e in heard), default=None)
    return Signal(stretch, heard, resolved, None if delay is None else delay - stretch.onset, tuple(moved_gauges(drift, stretch)))


def false_alarms(drift: DriftEvidence) -> tuple[int, int]:
    """(control windows in which an alert was up that began on clean data, control windows)."""
    late = lag(drift)
    blamable = [(s.onset, s.over + late) for s in stretches(drift)]
    clean = [e for e in episodes(drift.alerts) if not any(onset < e.start <= over for onset, over in blamable)]
    controls = [w for w in drift.windows if w.phase == "control" and w.sent]
    up = [w for w in controls if any(e.start <= end_of(w) and (e.end is None or e.end > w.first_request) for e in clean)]
    return len(up), len(controls)


def moved_gauges(drift: DriftEvidence, stretch: Stretch) -> list[str]:
    """Series out of their control range in most drifted windows after the first, and back in it in the last recovery window.

    The first drifted window is left out (a misaligned monitor still sees clean rows). The range is widened by itself on both sides:
    six clean windows then leave it about once in ten thousand.
    """
    controls = [w for w in drift.windows if w.phase == "control"]
    names = sorted({name for w in stretch.windows for name in w.gauges if not UNRELATED.search(name.split("{")[0])})
    return [name for name in names if _moved(name, controls, stretch)]


def _moved(name: str, controls: Sequence[DriftWindow], stretch: Stretch) -> bool:
    calm = [w.gauges[name] for w in controls if name in w.gauges]
    later = [w.gauges[name] for w in stretch.windows[1:] if name in w.gauges]
    after = [w.gauges[name] for w in stretch.recovery[-1:] if name in w.gauges]
    if len(calm) < 3 or not later or not after:
        return False
    low, high = min(calm), max(calm)
    margin = max(high - low, 0.02 * max(abs(low), abs(high)), 1e-6)
    out = [not low - margin <= value <= high + margin for value in later]
    return sum(out) * 4 >= len(out) * 3 and low - margin <= after[0] <= high + margin
