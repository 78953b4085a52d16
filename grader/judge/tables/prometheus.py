"""What a real Prometheus made of the submission's rules and dashboards."""

from __future__ import annotations

from grader.checks.analysis.rules import loops, seen_by_rules
from grader.checks.analysis.stretches import stretches
from grader.schema.evidence import DriftEvidence, Panel, PrometheusEvidence, Rule
from grader.schema.result import Table

Row = list[str | float | None]


def loop(drift: DriftEvidence | None, prometheus: PrometheusEvidence | None) -> Table | None:
    """The whole way of an alert, in seconds, a row per drift that a rule saw."""
    if drift is None or prometheus is None:
        return None
    rows: list[Row] = []
    for stretch in stretches(drift):
        rows += [[stretch.says, way.alert, way.active_s, way.webhook_s, way.resolved_s, "fired"] for way in loops(drift, prometheus, stretch)]
        if not rows or rows[-1][0] != stretch.says:
            ruled = seen_by_rules(drift, prometheus, stretch)
            if ruled is not None:
                rows.append([stretch.says, ruled.rule, None, None, None, "would fire in a longer drift" if ruled.fires else "waited only"])
    if not rows:
        return None
    columns = ["drift", "rule", "active after s", "at the webhook after s", "resolved there s after the drift", "outcome"]
    scraped = prometheus.scraping
    took = "" if scraped.median_s is None else f" {scraped.scrapes} scrapes, {scraped.failed} failed, {scraped.median_s * 1e3:.0f} ms at the median."
    return Table(
        id="alert-loop", title="How long an alert by rule takes", theme="drift", columns=columns, rows=rows,
        says=f"The submission's own rules in Prometheus {prometheus.version}, scraped and evaluated every second, through an Alertmanager.{took} "
        "Seconds since the drift's first request; filling a window of its own is a part of them.",
    )  # fmt: skip


def rules(prometheus: PrometheusEvidence | None) -> Table | None:
    if prometheus is None or not (prometheus.rules or any(file.problem for file in prometheus.files)):
        return None
    rows: list[Row] = [[file.path, None, None, file.problem] for file in prometheus.files if file.problem]
    rows += [[rule.name, rule.expr, f"{rule.for_s:g} s" if rule.for_s else None, _state(rule)] for rule in prometheus.rules]
    return Table(
        id="alert-rules", title="Alert rules, as Prometheus loaded them", theme="drift", columns=["rule", "expression", "for", "state"], rows=rows
    )


def _state(rule: Rule) -> str:
    if rule.health == "err":
        return f"cannot be evaluated: {rule.error}"
    if rule.absent:
        return f"can never fire: no series {', '.join(rule.absent)}"
    return "evaluated" if rule.health == "ok" else "not evaluated yet"


def panels(prometheus: PrometheusEvidence | None) -> Table | None:
    if prometheus is None or not prometheus.panels:
        return None
    return Table(
        id="dashboard-panels", title="Queries of the dashboard", theme="drift", columns=["panel", "query", "series", "data"],
        rows=[[panel.title, panel.expr, panel.series, _data(panel)] for panel in prometheus.panels],
        says=f"Run over {prometheus.to_s - prometheus.from_s:.0f} s of drift and late labels.",
    )  # fmt: skip


def _data(panel: Panel) -> str:
    if panel.problem:
        return panel.problem
    if panel.points:
        return "yes"
    return f"none: no series {', '.join(panel.absent)}" if panel.absent else "none"
