"""The cases that every drift check must tell apart: the same monitor, pointed at another kind of drift."""

from __future__ import annotations

from typing import Any

from checks.builders import alert, drift, false_alarms, repository

FEATURES = {"covariate": "distance_km", "unit": "amount", "missing": "device_age_days"}


def moving(window: Any) -> dict[str, float]:
    return {'drift_score{feature="x"}': 0.4 if window.phase == "drifted" else 0.01}


def still(window: Any) -> dict[str, float]:
    return {'drift_score{feature="x"}': 0.01 + window.index % 3 / 100, "process_open_fds": float(window.index)}


def cases(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """(level, evidence): the drift begins at request 3500, is over at 6000, and its clean windows end at 7500."""
    fires, answered = alert(FEATURES[kind], 4100), alert(FEATURES[kind], 4100, 6600)
    rules = repository(alert_rules_feature_label=True)

    def seen(alerts: Any = (), **more: Any) -> dict[str, Any]:
        return {"drift": drift(alerts, kinds=[kind], **more), "repository": repository(alert_rules_feature_label=False)}

    return [
        ("alerted", seen(answered)),
        ("alerted", seen(false_alarms(1) + answered)),
        ("alerted", seen([*answered, ("HighLatency", "firing", "", 700)])),
        ("ruled", seen(gauges=moving) | {"repository": rules}),
        ("restless", seen(false_alarms(2) + answered)),
        ("lingering", seen(fires)),
        ("lingering", seen(alert(FEATURES[kind], 4100, 9000))),
        ("measured", seen(gauges=moving)),
        ("noisy", seen(false_alarms(4) + answered)),
        ("noisy", seen(false_alarms(2) + fires)),
        ("always_on", seen(alert(FEATURES[kind], 300))),
        ("silent", seen()),
        ("silent", seen(gauges=still)),
        ("silent", seen(alert(FEATURES[kind], 7400))),
        ("unknown", seen(answered, void="generator_limited: 900 of 9000 requests were never sent")),
        ("unknown", seen(answered, controls=2)),
        ("unknown", {"drift": drift(kinds=[]), "repository": rules}),
    ]
