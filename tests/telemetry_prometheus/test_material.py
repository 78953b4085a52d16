"""What of a stranger's repository reaches Prometheus, and what never does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from harness.source.tree import SourceTree
from harness.telemetry.prometheus.material import Material, gather
from harness.telemetry.prometheus.promql import metrics, selectors

Tree = Callable[[dict[str, str]], SourceTree]
RULES = """
groups:
- name: drift
  interval: 5m
  rules:
  - alert: Drift
    expr: max by (feature) (drift{job="scoring", namespace="prod"}) > 1
    for: 5m
    labels: {severity: page, urgent: true}
    annotations: {summary: "{{ $labels.feature }} moved to {{ $value }}"}
"""


def rules_of(material: Material) -> list[dict[str, Any]]:
    return [rule for file in material.rules if file.problem is None for rule in file.rules]


def test_a_groups_interval_becomes_ours_and_for_stays_as_it_is(tree: Tree) -> None:
    [file] = gather(tree({"alerts.yml": RULES}), "slug").rules
    [group] = yaml.safe_load(file.text)["groups"]
    assert group["interval"] == "1s"
    assert group["rules"][0]["for"] == "5m"


def test_an_alerts_words_and_their_templates_stay(tree: Tree) -> None:
    [rule] = rules_of(gather(tree({"alerts.yml": RULES}), "slug"))
    assert rule["annotations"]["summary"] == "{{ $labels.feature }} moved to {{ $value }}"
    assert rule["labels"]["urgent"] == "true", "YAML's booleans are words to Prometheus"


def test_the_job_and_the_deployments_labels_are_those_that_the_rules_ask_for(tree: Tree) -> None:
    material = gather(tree({"alerts.yml": RULES}), "slug")
    assert (material.job, material.target_labels) == ("scoring", {"namespace": "prod"})
    assert gather(tree({"alerts.yml": RULES.replace('job="scoring", ', "")}), "slug").job == "slug"


@pytest.mark.parametrize("wrap", [
    lambda groups: {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": groups},
    lambda groups: {"kind": "ConfigMap", "data": {"alerts.yml": yaml.safe_dump(groups)}},
    lambda groups: {"serverFiles": {"alerting_rules.yml": groups}},
])  # fmt: skip
def test_rules_are_unwrapped_from_what_kubernetes_calls_them(tree: Tree, wrap: Callable[[Any], Any]) -> None:
    wrapped = yaml.safe_dump(wrap(yaml.safe_load(RULES)))
    assert [rule["alert"] for rule in rules_of(gather(tree({"deploy/rules.yaml": wrapped}), "slug"))] == ["Drift"]


def test_the_same_rule_in_two_files_is_loaded_once(tree: Tree) -> None:
    assert len(rules_of(gather(tree({"a.yml": RULES, "k8s/b.yml": RULES}), "slug"))) == 1


def test_submission_toml_names_the_rules_file(tree: Tree) -> None:
    files = {"a.yml": RULES, "odd/b.conf": RULES.replace("Drift", "Named"), "submission.toml": 'rules_file = "odd/b.conf"'}
    assert [rule["alert"] for rule in rules_of(gather(tree(files), "slug"))] == ["Named"]


def test_hostile_rules_are_left_out_or_capped_and_it_is_said(tree: Tree) -> None:
    hostile = {"groups": [{"name": "g" * 5000, "query_offset": "1m", "rules": [
        "no mapping", {"record": "ALERTS", "expr": "vector(1)"}, {"alert": "Long", "expr": "x" * 10_000},
        {"alert": "Loop", "expr": "x > 1", "annotations": {"a": '{{ define "x" }}{{ template "x" }}{{ template "x" }}{{ end }}', "b": "y" * 9000}},
        *({"alert": f"A{n}", "expr": "x"} for n in range(1000)),
    ]}]}  # fmt: skip
    [file] = gather(tree({"alerts.yml": yaml.safe_dump(hostile)}), "slug").rules
    names = [rule.get("alert") for rule in file.rules]
    assert names[:2] == ["Loop", "A0"]
    assert len(names) == 200
    assert list(file.rules[0]["annotations"]) == ["b"]
    assert len(file.rules[0]["annotations"]["b"]) == 1000
    assert len(file.notes) >= 5


def test_broken_yaml_is_named_and_costs_no_other_file(tree: Tree) -> None:
    material = gather(tree({"a.yml": "groups: [", "b.yml": RULES}), "slug")
    assert [file.problem is None for file in material.rules] == [False, True]


DASHBOARD = {
    "templating": {"list": [
        {"name": "instance", "type": "query", "query": "label_values(x, instance)"},
        {"name": "window", "type": "interval", "query": "1m,5m", "current": {"value": "5m"}},
        {"name": "status", "type": "custom", "query": "200, 500", "current": {"value": ["$__all"]}},
    ]},
    "panels": [
        {"title": "plain", "targets": [{"expr": 'sum(rate(x_total{instance="$instance", status="$status"}[$window]))'}, {"expr": ""}]},
        {"type": "row", "panels": [{"title": "nested", "targets": [{"expr": "rate(x_total[$__rate_interval]) / ${__range_s}"}]}]},
        {"title": "logs", "datasource": {"type": "loki"}, "targets": [{"expr": '{app="x"} |= "error"'}]},
    ],
    "rows": [{"panels": [{"title": "old", "targets": [{"expr": "x"}]}]}],
}  # fmt: skip


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: {"dashboard": d, "overwrite": True}])
def test_queries_of_all_panels_are_found_and_variables_filled(tree: Tree, wrap: Callable[[Any], Any]) -> None:
    queries = gather(tree({"grafana/d.json": json.dumps(wrap(DASHBOARD))}), "slug").queries
    assert {query.title: query.filled(90) for query in queries} == {
        "plain": 'sum(rate(x_total{instance=~".*", status=~".*"}[5m]))', "nested": "rate(x_total[15s]) / 90", "old": "x",
    }  # fmt: skip


def test_a_dashboard_inside_of_a_configmap_is_found(tree: Tree) -> None:
    text = yaml.safe_dump({"kind": "ConfigMap", "data": {"d.json": json.dumps(DASHBOARD)}})
    assert len(gather(tree({"k8s/grafana.yaml": text}), "slug").queries) == 3


def test_junk_json_holds_no_queries(tree: Tree) -> None:
    junk = {"panels": [1, None, {"targets": 5}, {"targets": [1, {"expr": 7}]}], "templating": [], "rows": "x"}
    deep = '{"panels":[' * 500 + "]}" * 500
    assert gather(tree({"a.json": json.dumps(junk), "b.json": deep, "c.json": "[1]"}), "slug").queries == []


@pytest.mark.parametrize(("expr", "names"), [
    ('max by (feature) (drift{feature!="score"}) > 1 unless on () max(drift)', ["drift"]),
    ("sum(a) by (b) / on(c) group_left(d) e offset 5m", ["a", "e"]),
    ('{__name__="x",job="y"}', ["x"]),
    ("histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m]))) and time() > bool 1e3", ["h_bucket"]),
    ("max_over_time(rate(x[1m])[5m:10s]) # not_this", ["x"]),
    ("vector(1) == inf", []),
])  # fmt: skip
def test_the_metrics_of_an_expression_are_read(expr: str, names: list[str]) -> None:
    assert metrics(expr) == names


def test_only_matchers_that_an_absent_label_fails_demand_the_label() -> None:
    [selector] = selectors('x{a="1", b="", c=~".*", d=~"5..", e!="1"}[2m]')
    assert selector.demanded == ["a", "d"]
    assert selector.range_s == 120
