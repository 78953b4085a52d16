"""The cases that every drift check must tell apart: the same monitor, pointed at another kind of drift."""

from __future__ import annotations

from typing import Any

from checks.builders import FEATURES, alert, drift, false_alarms, waiting, watched
from grader.schema.evidence import PrometheusEvidence


def moving(feature: str) -> Any:
    """A gauge of the feature that follows the drift."""
    return lambda window: {f'drift_score{{feature="{feature}"}}': 0.4 if window.phase == "drifted" else 0.01}


def still(window: Any) -> dict[str, float]:
    return {'drift_score{feature="amount"}': 0.01 + window.index % 3 / 100, "process_open_fds": float(window.index)}


def by_clock(window: Any) -> dict[str, float]:
    """Gauges of everything that might have been drawn move together."""
    return {f"{feature}_psi": 0.4 if window.phase == "drifted" else 0.01 for feature in filter(None, FEATURES.values())}


def cases(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """(level, evidence): the drift begins at request 3500, is over at 6000, and its clean windows end at 7500."""
    feature = FEATURES[kind]
    other = "minutes_since_last"
    fires, answered = alert(feature, 4100), alert(feature, 4100, 6600)

    def seen(alerts: Any = (), rule: PrometheusEvidence | None = None, **more: Any) -> dict[str, Any]:
        return {"drift": drift(alerts, kinds=[kind], **more), "prometheus": rule}

    return [
        ("alerted", seen(answered)),
        ("alerted", seen(false_alarms(1) + answered)),
        ("alerted", seen([*answered, ("HighLatency", "firing", "", 700)])),
        ("ruled", seen(rule=watched(waiting(feature), fires=True))),
        ("ruled", seen(gauges=moving(feature), rule=watched(waiting(feature, state="firing")))),
        ("pending", seen(rule=watched(waiting(feature)))),
        ("measured", seen(gauges=moving(feature), rule=watched(waiting(other, end=29.0), fires=True) if feature else None)),
        ("measured", seen(gauges=moving(feature), rule=watched(waiting(feature, start=1.0), fires=True))),
        ("alerted", seen(answered, rule=watched(waiting(feature)))),
        ("restless", seen(alert(feature, 700, 1400) + answered)),
        ("lingering", seen(fires)),
        ("lingering", seen(alert(feature, 4100, 9000))),
        ("passing", seen(alert(feature, 4100, 4600))),
        ("passing", seen(alert(feature, 4100, 4600) + alert(feature, 6600, 7100))),  # compared with the window before: both steps
        ("alerted", seen(alert(feature, 4100, 4600) + alert(feature, 4900, 6600))),  # a dip is none
        ("alerted", seen(alert(feature, 5200, 5400))),  # too late to say
        ("alerted", seen(alert(other, 5000, 5400) + answered)),  # one stray is free
        ("silent" if feature else "alerted", seen(alert(other, 4000, 4400) + answered)),  # but not before the right one
        ("measured", seen(gauges=moving(feature))),
        ("guessing", seen(false_alarms(4) + answered)),
        ("guessing", seen(alert(other, 5000, 5400) + alert("country", 5000, 5400) + answered)),
        ("always_on", seen(alert(feature, 300))),
        ("silent", seen()),
        ("silent", seen(gauges=still)),
        ("silent", seen(alert(feature, 7400))),
        ("silent", seen(alert(other, 4100, 6600))),
        ("silent", seen(alert("", 4100, 6600))),
        ("silent", seen(gauges=moving(other))),
        ("silent", seen(gauges=by_clock)),
        ("unknown", seen(answered, void="generator_limited: 900 of 9000 requests were never sent")),
        ("unknown", seen(answered, controls=2)),
        ("unknown", {"drift": drift(kinds=[]), "prometheus": None}),
    ]
