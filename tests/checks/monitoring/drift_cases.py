"""The cases that every drift check must tell apart: the same monitor, pointed at another kind of drift."""

from __future__ import annotations

from typing import Any

from checks.builders import FEATURES, alert, drift, false_alarms, repository


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
    rules = repository(alert_rules_feature_label=True)

    def seen(alerts: Any = (), **more: Any) -> dict[str, Any]:
        return {"drift": drift(alerts, kinds=[kind], **more), "repository": repository(alert_rules_feature_label=False)}

    return [
        ("alerted", seen(answered)),
        ("alerted", seen(false_alarms(1) + answered)),
        ("alerted", seen([*answered, ("HighLatency", "firing", "", 700)])),
        ("ruled", seen(gauges=moving(feature)) | {"repository": rules}),
        ("restless", seen(alert(feature, 700, 1400) + answered)),
        ("lingering", seen(fires)),
        ("lingering", seen(alert(feature, 4100, 9000))),
        ("alerted", seen(alert(other, 4000, 4400) + answered)),  # one stray is free
        ("measured", seen(gauges=moving(feature))),
        ("guessing", seen(false_alarms(4) + answered)),
        ("guessing", seen(alert(other, 4000, 4400) + alert("country", 4000, 4400) + answered)),
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
        ("unknown", {"drift": drift(kinds=[]), "repository": rules}),
    ]
