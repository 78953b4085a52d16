"""Alert rules and dashboards, parsed as Prometheus and Grafana would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from grader.schema.evidence import Probe
from harness.source.view import View, probe, walk

_METRIC = re.compile(r"[A-Za-z_:][\w:]*")


def alert_rules(view: View) -> Probe:
    """value: number of alerting rules with an expression."""
    found = list(_rules(view))
    detail = f"{len(found)} alert rules" if found else "no Prometheus alert rules"
    return probe(bool(found), detail, dict.fromkeys(path for path, _ in found), value=float(len(found)))


def dashboard(view: View) -> Probe:
    """Grafana JSON with panels that query something. value: number of such panels."""
    found: dict[str, int] = {}
    for path, document in view.json.items():
        panels = [value for key, value in walk(document) if key == "panels" and isinstance(value, dict)]
        if count := sum(map(_queries, panels)):
            found[path] = count
    value = float(sum(found.values()))
    return probe(bool(found), f"{value:.0f} panels with queries" if found else "no dashboard", found, value=value)


def _rules(view: View) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, documents in view.yaml.items():
        for document in (d for d in documents if isinstance(d, dict)):
            spec = document.get("spec") if document.get("kind") == "PrometheusRule" else document
            groups = spec.get("groups") if isinstance(spec, dict) else None
            for group in groups if isinstance(groups, list) else []:
                rules = group.get("rules") if isinstance(group, dict) else None
                yield from ((path, rule) for rule in (rules if isinstance(rules, list) else []) if _is_alert(rule))


def _is_alert(rule: object) -> bool:
    if not isinstance(rule, dict) or not isinstance(rule.get("alert"), str):
        return False
    expression = str(rule.get("expr", ""))
    return bool(_METRIC.search(expression)) and expression.count("(") == expression.count(")") and expression.count("{") == expression.count("}")


def _queries(panel: dict[str, Any]) -> bool:
    targets = panel.get("targets")
    return isinstance(targets, list) and any(isinstance(t, dict) and (t.get("expr") or t.get("rawSql") or t.get("query")) for t in targets)


PROBES = {"alert_rules": alert_rules, "dashboard": dashboard}
