"""The cases that every drift check must tell apart: the same monitor, pointed at another kind of drift."""

from __future__ import annotations

from typing import Any

from checks.builders import FEATURES, alert, drift, false_alarms
from grader.schema.evidence import AlertStretch, PrometheusEvidence, Replay, Scraping


def moving(feature: str) -> Any:
    """A gauge of the feature that follows the drift."""
    return lambda window: {f'drift_score{{feature="{feature}"}}': 0.4 if window.phase == "drifted" else 0.01}


def still(window: Any) -> dict[str, float]:
    return {'drift_score{feature="amount"}': 0.01 + window.index % 3 / 100, "process_open_fds": float(window.index)}


def by_clock(window: Any) -> dict[str, float]:
    """Gauges of everything that might have been drawn move together."""
    return {f"{feature}_psi": 0.4 if window.phase == "drifted" else 0.01 for feature in filter(None, FEATURES.values())}


def waiting(feature: str, start: float = 19.0, end: float = 31.0, state: str = "pending") -> AlertStretch:
    """A rule that Prometheus held active. The drift is streamed from 17.5 s to 30 s, and is known to be over at 37.5 s."""
    return AlertStretch(name="InputDrift", state=state, labels={"feature": feature} if feature else {}, start_s=start, end_s=end)


def watched(*alerts: AlertStretch, fires: bool = False) -> PrometheusEvidence:
    """A watch that saw these; with `fires` a replay of each proves that it fires where the drift lasts."""
    replays = [
        Replay(rule=a.name, labels=a.labels, from_s=a.start_s - 1, to_s=a.end_s + 1, stretch=40.0, fired=True) for a in alerts if fires
    ]
    return PrometheusEvidence(
        version="2.42.0", job="fraud-scoring", target_labels={}, ready_s=0.4, first_scrape_s=5.0, from_s=0.0, to_s=40.0,
        scraping=Scraping(scrapes=35, failed=0, error="", median_s=0.004, max_s=0.02, samples=180), files=[], rules=[], alerts=list(alerts),
        replays=replays, panels=[], dashboards=[], lint=[],
    )  # fmt: skip


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
