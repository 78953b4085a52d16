"""The numbers that the scan reads: quantities, CPU targets, amounts of money. Imitations of whole probes stand in test_probes.py."""

from __future__ import annotations

import textwrap

import pytest

from harness.source.probes import scan
from harness.source.probes.amounts import per_million, stated
from harness.source.probes.sizing import quantity


def deployment(name: str, *containers: str, replicas: int = 1) -> str:
    inside = textwrap.indent("".join(f"- {c}\n" for c in containers), " " * 10)
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n"
        f"  template:\n    spec:\n        containers:\n{inside}---\n"
    )


def container(resources: str, *, probed: bool = True) -> str:
    ready = "readinessProbe: {httpGet: {path: /readyz, port: 80}}, ports: [{containerPort: 80}], " if probed else ""
    return f"{{image: 'a:1', {ready}resources: {resources}}}"


def hpa(metrics: str, name: str = "a") -> str:
    return (
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
        f"spec: {{scaleTargetRef: {{name: {name}}}, minReplicas: 2, maxReplicas: 8, metrics: [{metrics}]}}\n---\n"
    )


def cpu(target: str) -> str:
    return f"{{type: Resource, resource: {{name: cpu, target: {target}}}}}"


def test_a_cpu_target_in_cores_without_a_request_is_declared_but_not_known(make_tree) -> None:
    files = {"k8s/a.yaml": deployment("a", container("{limits: {memory: 1Gi}}")) + hpa(cpu("{averageValue: 300m}"))}
    target = scan(make_tree(files)).probes["autoscaler_cpu_target"]
    assert (target.found, target.value) == (True, None) and "0.3 cores" in target.detail


def test_what_a_template_fills_in_is_declared_but_not_known(make_tree) -> None:
    chart = deployment("a", container("X")).replace("X", "{{ toYaml .Values.resources }}") + hpa(cpu("{averageUtilization: X}"))
    probes = scan(make_tree({"k8s/a.yaml": chart.replace("X", "{{ .Values.cpu }}")})).probes
    for id in ("declared_cpu_request", "declared_cpu_limit", "declared_memory_request", "declared_memory_limit", "autoscaler_cpu_target"):
        assert (probes[id].found, probes[id].value) == (True, None), id


@pytest.mark.parametrize("own", [1, 2, 3])
def test_the_container_that_serves_is_the_one_that_is_sized(make_tree, own: int) -> None:
    def asks(cores: int) -> str:
        return f"{{requests: {{cpu: {cores}}}}}"

    asleep, worker = deployment("a-canary", container(asks(7)), replicas=0), deployment("worker", container(asks(8)))
    serving = deployment("a", container(asks(9), probed=False), container(asks(own)), container(asks(9), probed=False))
    for text in (asleep + worker + serving + hpa(cpu("{averageUtilization: 50}")), asleep + serving + deployment("z", container(asks(8)))):
        assert scan(make_tree({"k8s/a.yaml": text})).probes["declared_cpu_request"].value == own


def test_of_two_targets_the_one_that_fires_first_counts_and_every_other_metric_is_named(make_tree) -> None:
    both = hpa(", ".join([cpu("{averageUtilization: 80}"), "{type: Resource, resource: {name: memory}}", cpu("{averageUtilization: 50}")]))
    other = hpa(cpu("{averageUtilization: 5}"), "worker")
    probes = scan(make_tree({"k8s/a.yaml": deployment("a", container("{requests: {cpu: 1}}")) + other + both})).probes
    assert probes["autoscaler_cpu_target"].value == 50 and "also on memory" in probes["autoscaler_cpu_target"].detail
    assert probes["autoscaler_other_metric"].detail == "memory"


def test_a_vertical_autoscaler_names_no_metric(make_tree) -> None:
    vpa = "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nspec: {targetRef: {name: a}}\n"
    probes = scan(make_tree({"k8s/a.yaml": deployment("a", container("{}")) + vpa})).probes
    assert probes["autoscaler"].found and not probes["autoscaler_cpu_target"].found and not probes["autoscaler_other_metric"].found


def test_thousandths_of_a_byte_are_pointed_at(make_tree) -> None:
    probe = scan(make_tree({"a.yaml": deployment("a", container("{limits: {memory: 512m}}"))})).probes["declared_memory_limit"]
    assert probe.value is not None and probe.value < 1e-5 and "thousandths of a byte" in probe.detail


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("500m", 0.5), ("1", 1), (0.5, 0.5), (2, 2), ("512Mi", 2**29), ("1Gi", 2**30), ("64Ki", 2**16), ("1G", 1e9), ("1M", 1e6), ("4K", 4000),
        ("4k", 4000), ("128974848", 128974848), ("129e6", 129e6), ("100n", 1e-7), (".5", 0.5), (" 1 ", 1),
        ("", None), ("lots", None), ("-1", None), (0, None), (True, None), (None, None), ([1], None), ({"a": 1}, None), ("1 Gi", None),
        ("512MB", None), ("0x10", None), ("1e999", None), (float("inf"), None), (float("nan"), None), (10**400, None),
    ],
)  # fmt: skip
def test_quantities_are_read_as_a_cluster_reads_them(written: object, value: float | None) -> None:
    assert quantity(written) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ("$0.31 per million predictions", 0.31), ("0.45 EUR / 1M predictions", 0.45), ("0,45 € per 1.000.000", 0.45), ("5 cents/million", 0.05),
        ("2 ¢ per million", 0.02), ("$0.002 per 1k", 2), ("$1,234 per million", 1234), ("$1,234.5 per million", 1234.5), ("$9,5 per million", 9.5),
        ("Cost per million predictions: $0.12", 0.12), ("| cost per million | $0.012 |", 0.012), ("$0.12 (per million)", 0.12),
        ("A pod costs $30 a month, i.e. $0.012 per million predictions", 0.012), ("With pods of $30 per month it is $0.012 per million", 0.012),
        ("per million: 1 x $0.04/h / (2500 x 0.5 x 3600) = USD 0.0094", 0.0094), ("USD 0.04 per vCPU-hour, so per million USD 0.02", 0.02),
        ("$30/m", None), ("$0 per million", None), ("a million predictions per second", None), ("$5 per hour per million", None),
    ],
)  # fmt: skip
def test_the_amount_per_million_is_read_or_left_alone(line: str, amount: float | None) -> None:
    assert per_million(line) == (None if amount is None else pytest.approx(amount))


def test_a_number_of_endless_digits_is_no_quantity() -> None:
    assert quantity(1 << 90_000) is None


def test_lines_that_are_only_wrapped_are_read_as_one_and_items_of_a_list_are_not() -> None:
    assert [s.per_million for s in stated("It costs about $0.31 per\nmillion predictions.")] == [0.31]
    assert [s.per_million for s in stated("- $5 for the setup\n- per million nothing")] == []


def test_the_sentence_that_speaks_of_the_slo_is_known() -> None:
    text = "At 100/s it is $2 per million. At the SLO it is **$0.05** per million. $3 per million otherwise."
    assert [(s.per_million, s.at_slo) for s in stated(text)] == [(2.0, False), (0.05, True), (3.0, False)]
