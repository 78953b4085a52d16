from __future__ import annotations

import pytest

from checks.builders import drift, judge, level, metrics, rule, sound_metrics, watched
from grader.schema.evidence import AlertStretch, RuleFile, Scraping

REFUSED = RuleFile(path="broken.yml", alerting=0, recording=0, problem="line 3: could not parse expression")
NO_SCRAPE = Scraping(scrapes=30, failed=30, error="server returned HTTP status 404", median_s=None, max_s=None, samples=None)


def seen(rules=(), **facts):
    return {"prometheus": watched().model_copy(update={"rules": list(rules), **facts}), "drift": drift()}


def some(alive: int, dead: int, **facts):
    return seen([rule(f"A{i}") for i in range(alive)] + [rule(f"D{i}", absent=["nobody_exposes_this"]) for i in range(dead)], **facts)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("live", some(4, 0)),
        ("live", seen([rule(), rule("Recorded", kind="recording", absent=["x"])])),
        ("live", seen([rule(), rule("Pods", absent=["kube_pod_status_ready"])])),
        ("not_applicable", seen([rule("Pods", absent=["kube_pod_status_ready"])])),
        ("most", some(3, 1)),
        ("most", some(4, 0, files=[REFUSED])),
        ("some", some(2, 2)),
        ("some", seen([rule(), rule("Broken", health="err", error="many-to-many matching")])),
        ("none", some(1, 3)),
        ("none", some(0, 0, files=[REFUSED])),
        ("none", some(4, 0, scraping=NO_SCRAPE)),
        ("none", some(4, 0, stopped="prometheus held 500 MiB, over its 384 MiB")),
        ("not_applicable", seen()),
    ],
)
def test_a_rule_counts_if_what_it_reads_exists(expected, evidence):
    assert level("alert_rules_live", **evidence, metrics=sound_metrics()) == expected


def test_a_rule_that_can_never_fire_is_named_with_what_it_reads():
    assert "D0 reads nobody_exposes_this, which nobody exposes" in judge("alert_rules_live", **some(3, 1), metrics=sound_metrics()).observed


def firing(name: str, *times: tuple[float, float]):
    """The control windows are streamed from 2.5 s to 17.5 s."""
    stretches = [AlertStretch(name=name, state="firing", labels={}, start_s=start, end_s=end) for start, end in times]
    return seen([rule(name), rule("B")], alerts=stretches)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("some", firing("HighErrorRate", (1.0, 39.0))),
        ("live", firing("HighErrorRate", (1.0, 9.0))),
        ("live", firing("HighErrorRate", (1.0, 9.0), (13.0, 39.0))),
        ("live", firing("HighTraffic", (1.0, 39.0))),
        ("live", firing("Watchdog", (1.0, 39.0))),
        ("live", firing("RetrainingFailed", (1.0, 39.0))),
        ("live", firing("LatencyBudgetBurn", (1.0, 39.0))),
    ],
)
def test_a_rule_on_errors_that_fires_all_the_time_tells_nothing(expected, evidence):
    assert level("alert_rules_live", **evidence, metrics=sound_metrics()) == expected


def test_where_a_request_failed_it_may_fire():
    told = firing("HighErrorRate", (1.0, 39.0))
    windows = [w.model_copy(update={"ok": w.ok - 1}) if w.index == 3 else w for w in told["drift"].windows]
    drifted = told["drift"].model_copy(update={"windows": windows})
    assert level("alert_rules_live", prometheus=told["prometheus"], drift=drifted, metrics=sound_metrics()) == "live"


def histogram(name: str, *bounds: str) -> str:
    buckets = "".join(f'{name}_bucket{{le="{bound}"}} 9\n' for bound in (*bounds, "+Inf"))
    return f"# TYPE {name} histogram\n{buckets}{name}_sum 1\n{name}_count 9\n"


P99 = "histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket[2m])))"


@pytest.mark.parametrize(
    ("expected", "expr"),
    [
        ("some", f"{P99} > 100"),
        ("some", f"{P99} > 2.5"),
        ("some", f"({P99}) >= 1e1"),
        ("some", f"up == 1 and {P99} > 100"),
        ("live", f"{P99} > 0.1"),
        ("live", f"{P99} >= 2.5"),
        ("live", f"{P99} * 1000 > 100"),
        ("live", f"1000 * {P99} > 100"),
        ("live", f"{P99} > 100 or up == 0"),
        ("live", f"{P99} > 100 * scalar(up)"),
        ("live", f"{P99.replace('latency', 'other')} > 100"),
        ("live", f"{P99} < 100"),
    ],
)
def test_a_quantile_beyond_the_last_bucket_is_never_reached(expected, expr):
    told = metrics(histogram("latency_seconds", "0.1", "1", "2.5"))
    assert level("alert_rules_live", **seen([rule("Slow", expr=expr), rule("B")]), metrics=told) == expected


def counted(*values: str) -> str:
    return "# TYPE requests counter\n" + "".join(f'requests_total{{status="{value}"}} 9\n' for value in values)


@pytest.mark.parametrize(
    ("expected", "picked", "written"),
    [
        ("some", 'status="5xx"', ("200", "422")),
        ("some", 'status=~"5xx|4xx"', ("200",)),
        ("some", 'status="503"', ("2xx", "4xx")),
        ("some", 'status=~"500|503"', ("2xx",)),
        ("live", 'status="503"', ("200",)),
        ("live", 'status=~"5.."', ("200",)),
        ("live", 'status=~"5.."', ("2xx",)),
        ("live", 'status=~"5\\\\d{2}"', ("200",)),
        ("live", 'status="5xx"', ("2xx",)),
        ("live", 'status="5xx"', ("200", "2xx")),
        ("live", 'status="error"', ("ok", "200")),
        ("live", 'status!="5xx"', ("200",)),
        ("live", 'reason="5xx"', ("200",)),
        ("live", 'status="5xx"', ()),
    ],
)
def test_a_status_in_a_form_that_nobody_writes_is_never_selected(expected, picked, written):
    expr = f"sum(rate(requests_total{{{picked}}}[2m])) / sum(rate(requests_total[2m])) > 0.01"
    told = metrics(counted(*written) if written else "up 1\n")
    assert level("alert_rules_live", **seen([rule("Errors", expr=expr), rule("B")]), metrics=told) == expected


@pytest.mark.parametrize(
    "expr",
    ['rate(requests_total{status="5xx"}[2m]) or rate(requests_total{status=~"5.."}[2m])', 'absent(requests_total{status="5xx"})'],
)
def test_beside_another_selection_it_may_fire(expr):
    assert level("alert_rules_live", **seen([rule("Errors", expr=expr), rule("B")]), metrics=metrics(counted("200"))) == "live"


@pytest.mark.parametrize(
    ("expected", "expr", "times"),
    [
        ("some", f"{P99} < 0.1", (1.0, 39.0)),
        ("some", f"{P99} < 0.1", (5.0, 39.0)),
        ("live", f"{P99} < 0.1", (1.0, 9.0)),
        ("live", f"{P99} < 0.1", (18.0, 39.0)),
        ("live", f"{P99} > 0.1", (1.0, 39.0)),
        ("live", f"{P99} < 0.1 and up == 0", (1.0, 39.0)),
        ("live", f"{P99.replace('latency_seconds', 'score')} < 0.1", (1.0, 39.0)),
    ],
)
def test_a_latency_alert_that_is_turned_around_fires_while_all_is_calm(expected, expr, times):
    told = firing("LatencySLO", times)
    told["prometheus"] = told["prometheus"].model_copy(update={"rules": [rule("LatencySLO", expr=expr), rule("B")]})
    assert level("alert_rules_live", **told, metrics=metrics(histogram("latency_seconds", "0.1", "1", "2.5"))) == expected


def test_a_turned_alert_that_is_pending_and_then_fires_has_held_all_the_time():
    stretches = [
        AlertStretch(name="LatencySLO", state=state, labels={}, start_s=start, end_s=end)
        for state, start, end in (("pending", 1.0, 9.0), ("firing", 10.0, 39.0))
    ]
    told = seen([rule("LatencySLO", expr=f"{P99} < 0.1"), rule("B")], alerts=stretches)
    assert level("alert_rules_live", **told, metrics=metrics(histogram("latency_seconds", "0.1", "1"))) == "some"
