"""What the report shows of the submission's rules: how long an alert takes, which rules can never fire, which panels stay empty."""

from __future__ import annotations

from checks.builders import alert, drift, waiting, watched

from grader.judge.tables import prometheus as tables
from grader.schema.evidence import Panel, Rule, RuleFile

RULED = alert("distance_km", 4500, 6900)
"""By Alertmanager: the drift begins at 17.5 s and ends at 30 s of a stream of 200/s, so this is told after 5 s and resolved 4.5 s after."""


def test_the_whole_loop_is_told_in_seconds_since_the_drift() -> None:
    evidence = drift(RULED, source="alertmanager")
    told = [a.model_copy(update={"name": "InputDrift"}) for a in evidence.alerts]
    table = tables.loop(evidence.model_copy(update={"alerts": told}), watched(waiting("distance_km", start=21.2, state="firing")))
    assert table is not None
    assert table.rows == [["covariate drift of distance_km (severity 0.5)", "InputDrift", 3.7, 5.0, 4.5, "fired"]]
    assert "35 scrapes, 0 failed, 4 ms" in table.says


def test_an_alert_that_flaps_under_a_weak_drift_is_resolved_when_it_ends_after_it() -> None:
    flapping = [*alert("distance_km", 4500, 5000), *alert("distance_km", 5200, 6900)]
    table = tables.loop(drift(flapping, source="alertmanager"), watched())
    assert table is not None and [row[4] for row in table.rows] == [4.5]
    gone = tables.loop(drift(alert("distance_km", 4500, 5000), source="alertmanager"), watched())
    assert gone is not None and [row[4] for row in gone.rows] == [None]


def test_a_wait_that_a_replay_proves_is_told_as_such() -> None:
    for fires, outcome in ((True, "would fire in a longer drift"), (False, "waited only")):
        table = tables.loop(drift(), watched(waiting("distance_km"), fires=fires))
        assert table is not None and [row[-1] for row in table.rows] == [outcome]
    assert tables.loop(drift(RULED), watched()) is None, "the webhook's own alerts have no loop"
    assert tables.loop(drift(RULED), None) is None


def test_rules_and_panels_say_what_is_wrong_with_them() -> None:
    rule = Rule(
        file="r.yml", group="g", name="A", kind="alerting", expr="x > 1", for_s=60, labels={}, health="ok", error="",
        selects=["x"], absent=[], silent=[]
    )
    dead = rule.model_copy(update={"name": "B", "absent": ["y"]})
    broken = rule.model_copy(update={"name": "C", "health": "err", "error": "many-to-many"})
    refused = RuleFile(path="bad.yml", alerting=0, recording=0, problem="line 3: unexpected end")
    panel = Panel(dashboard="d.json", title="P", expr="x", query="x", series=2, points=40, absent=[])
    empty = panel.model_copy(update={"series": 0, "points": 0, "absent": ["y"]})
    evidence = watched().model_copy(
        update={"rules": [rule, dead, broken], "files": [refused], "panels": [panel, empty]}
    )
    listed, shown = tables.rules(evidence), tables.panels(evidence)
    assert listed is not None and shown is not None
    assert [row[3] for row in listed.rows] == [
        "line 3: unexpected end", "evaluated", "can never fire: no series y", "cannot be evaluated: many-to-many",
    ]  # fmt: skip
    assert [row[3] for row in shown.rows] == ["yes", "none: no series y"]
