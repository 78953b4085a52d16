"""Workloads that are not written for Kubernetes, in its shape: ECS task definitions, and what Terraform declares for ECS, Cloud Run, Azure
Container Apps, App Runner and Kubernetes. Only sizes, health checks, rollout and scaling are read; what a variable without a default fills in
is declared, but not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from harness.source.safe_yaml import TEMPLATED
from harness.source.view import View, walk

Item = tuple[str, dict[str, Any]]
_BLOCK = re.compile(r"^[ \t]*resource\s+\"(\w+)\"\s+\"([\w-]+)\"\s*\{", re.M)
_VARIABLE = re.compile(r"^[ \t]*variable\s+\"([\w-]+)\"\s*\{[^{}]*?\bdefault\s*=\s*(\"[^\"\n]*\"|[\d.]+)", re.M)
_CHECKED = re.compile(r"\bhealth_?check(?:_configuration)?\"?\s*[=:{]", re.I)
_WHOLE = re.compile(r"[0-9]{1,9}")
"""A number that can be counted with: `isdigit` holds for a superscript too, and for more digits than `int` reads."""
PLATFORM = "platform"
"""In the place of an API version, for what is none of Kubernetes'."""
MAX_BLOCKS, MAX_BLOCK = 300, 30_000
_KEPT = {"exec": {"command": ["as declared"]}}
"""A health check whose details do not matter here."""


def platform_items(view: View) -> Iterator[Item]:
    """(path, document in the shape of Kubernetes)."""
    yield from _task_definitions(view)
    texts = {path: view.text(path) or "" for path in view.paths if path.endswith(".tf")}
    variables = {name: value.strip('"') for text in texts.values() for name, value in _VARIABLE.findall(text)}
    blocks = list(islice(((path, *block) for path, text in texts.items() for block in _blocks(text)), MAX_BLOCKS))
    checked = any(kind in ("aws_lb_target_group", "aws_alb_target_group") and "health_check" in body for _, kind, _, body in blocks)
    for path, kind, name, body in blocks:
        reader = _READERS.get(kind)
        if reader is not None:
            yield from ((path, document) for document in reader(name, _Body(body, variables, checked)))
    yield from _scaled_services(blocks, variables)


class _Body:
    """The text of a Terraform block, and what its names stand for. `balanced`: a load balancer asks for the health of its targets."""

    def __init__(self, text: str, variables: dict[str, str], balanced: bool) -> None:
        self.text, self.variables, self.balanced = text, variables, balanced

    def value(self, pattern: str) -> str | None:
        """What is assigned to a name, a variable's default put in; `templated` for one that has none."""
        match = re.search(rf"(?<![\w.])\"?(?:{pattern})\"?\s*[=:]\s*(\"[^\"\n]*\"|[\w.\[\]-]+)", self.text)
        return None if match is None else self._known(match[1].strip('"'))

    def _known(self, text: str) -> str:
        variable = re.fullmatch(r"(?:\$\{)?var\.([\w-]+)\}?", text)
        if variable:
            return self.variables.get(variable[1], TEMPLATED)
        return TEMPLATED if re.search(r"\$\{|^(?:local|var|each|data|module)\.", text) else text

    def within(self, name: str) -> _Body | None:
        """The body of a block or object inside."""
        match = re.search(rf"\b{name}\s*=?\s*\{{", self.text)
        return _Body(_braced(self.text, match.end()), self.variables, self.balanced) if match else None

    def has(self, pattern: str) -> bool:
        return bool(re.search(pattern, self.text))


def _workload(name: str, container: dict[str, Any], spec: dict[str, Any] | None = None, kind: str = "Deployment") -> dict[str, Any]:
    inside = {"template": {"spec": {"containers": [{"name": name, "image": TEMPLATED, **container}]}}, **(spec or {})}
    return {"apiVersion": PLATFORM, "kind": kind, "metadata": {"name": name}, "spec": inside}


def _scaler(name: str, low: str | None, top: str | None, metrics: list[dict[str, Any]]) -> dict[str, Any]:
    spec = {"scaleTargetRef": {"name": name}, "minReplicas": low or 1, "maxReplicas": top, "metrics": metrics}
    return {"apiVersion": PLATFORM, "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": spec}


def _fixed(cpu: str | None, memory: str | None) -> dict[str, Any]:
    """What is rented is what is had: request and limit are one."""
    size = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"requests": size, "limits": size} if size else {}


def _fargate(cpu: str | None, memory: str | None) -> dict[str, Any]:
    """Units of which 1024 make a vCPU, and MiB; `.5 vCPU` and `1 GB` are allowed too."""
    cores = _WHOLE.fullmatch(cpu or "")
    wide = re.fullmatch(r"([\d.]+)\s*vCPU", cpu or "", re.I)
    mib = re.fullmatch(r"(\d+)", memory or "")
    gib = re.fullmatch(r"([\d.]+)\s*GB", memory or "", re.I)
    asked = f"{int(cores[0]) / 1024:g}" if cores else wide[1] if wide else cpu
    return _fixed(asked, f"{mib[1]}Mi" if mib else f"{gib[1]}Gi" if gib else memory)


def _ecs(name: str, body: _Body) -> Iterator[dict[str, Any]]:
    probes = {f"{kind}Probe": _KEPT for kind in ("liveness", "readiness")} if body.balanced or _CHECKED.search(body.text) else {}
    yield _workload(name, {"resources": _fargate(body.value("cpu"), body.value("memory")), **probes})


def _cloud_run(name: str, body: _Body) -> Iterator[dict[str, Any]]:
    limits = body.within("limits")
    probes = {"livenessProbe": _KEPT} if body.has(r"\bliveness_probe\b") else {}
    probes |= {"readinessProbe": _KEPT} if body.has(r"\b(?:startup|readiness)_probe\b") else {}
    yield _workload(name, {"resources": _fixed(limits.value("cpu"), limits.value("memory")) if limits else {}, **probes}, _split_traffic(body))
    top = body.value(r"max_instance_count|autoscaling\.knative\.dev/maxScale")
    if top:
        low = body.value(r"min_instance_count|autoscaling\.knative\.dev/minScale")
        yield _scaler(name, low if low not in (None, "0") else "1", top, [{"pods": {"metric": {"name": "requests in flight"}}}])


def _container_app(name: str, body: _Body) -> Iterator[dict[str, Any]]:
    probes = {f"{kind}Probe": _KEPT for kind in ("liveness", "readiness") if body.has(rf"\b{kind}_probe\b")}
    yield _workload(name, {"resources": _fixed(body.value("cpu"), body.value("memory")), **probes}, _split_traffic(body))
    if top := body.value("max_replicas"):
        metrics = [{"pods": {"metric": {"name": "requests in flight"}}}]
        yield _scaler(name, body.value("min_replicas"), top, metrics if body.has(r"scale_rule\b") else [])


def _app_runner(name: str, body: _Body) -> Iterator[dict[str, Any]]:
    probes = {f"{kind}Probe": _KEPT for kind in ("liveness", "readiness")} if _CHECKED.search(body.text) else {}
    yield _workload(name, {"resources": _fargate(body.value("cpu"), body.value("memory")), **probes})


def _kubernetes(name: str, body: _Body) -> Iterator[dict[str, Any]]:
    parts = {part: inner for part in ("requests", "limits") if (inner := body.within(part))}
    sizes = {p: {k: v for k in ("cpu", "memory") if (v := inner.value(k))} for p, inner in parts.items()}
    probes = {f"{kind}Probe": _KEPT for kind in ("liveness", "readiness") if body.has(rf"\b{kind}_probe\b")}
    rolling = body.within("rolling_update")
    spec: dict[str, Any] = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {
        key: int(value) if _WHOLE.fullmatch(value) else value for key, name in (("maxUnavailable", "max_unavailable"), ("maxSurge", "max_surge"))
        if (value := rolling.value(name))}}} if rolling else {}  # fmt: skip
    replicas = body.value("replicas")
    spec |= {"replicas": int(replicas)} if replicas and _WHOLE.fullmatch(replicas) else {"replicas": TEMPLATED}
    named = body.within("metadata")
    yield _workload((named.value("name") if named else None) or name, {"resources": sizes, **probes}, spec)


def _kubernetes_scaler(name: str, body: _Body) -> Iterator[dict[str, Any]]:
    target = body.within("scale_target_ref")
    percent = body.value("average_utilization|target_cpu_utilization_percentage")
    metrics = [{"resource": {"name": "cpu", "target": {"averageUtilization": percent}}}] if percent else []
    yield _scaler((target.value("name") if target else None) or TEMPLATED, body.value("min_replicas"), body.value("max_replicas"), metrics)


def _split_traffic(body: _Body) -> dict[str, Any]:
    """Revisions take over one after the other, and traffic is given to them by percent."""
    return {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}}} if body.has(r"\btraffic(?:_weight)?\s*\{") else {}


_READERS = {
    "aws_ecs_task_definition": _ecs, "google_cloud_run_v2_service": _cloud_run, "google_cloud_run_service": _cloud_run,
    "azurerm_container_app": _container_app, "aws_apprunner_service": _app_runner,
    **dict.fromkeys(("kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1"), _kubernetes),
    **dict.fromkeys(
        ("kubernetes_horizontal_pod_autoscaler", "kubernetes_horizontal_pod_autoscaler_v1", "kubernetes_horizontal_pod_autoscaler_v2"),
        _kubernetes_scaler,
    ),
}  # fmt: skip


def _scaled_services(blocks: list[tuple[str, str, str, str]], variables: dict[str, str]) -> Iterator[Item]:
    """Autoscaling of ECS services, and how they roll out: declared beside the task definition."""
    tasks = [name for _, kind, name, _ in blocks if kind == "aws_ecs_task_definition"]
    policies = [_Body(body, variables, False) for _, kind, _, body in blocks if kind == "aws_appautoscaling_policy"]
    metrics = [metric for policy in policies if (metric := _target(policy))]
    for path, kind, _, text in blocks:
        body = _Body(text, variables, False)
        if kind == "aws_appautoscaling_target" and tasks:
            yield path, _scaler(tasks[0], body.value("min_capacity"), body.value("max_capacity"), metrics)
        elif kind == "aws_ecs_service" and tasks and body.has(r"minimum_healthy_percent|deployment_circuit_breaker|deployment_controller"):
            healthy = body.value("deployment_minimum_healthy_percent")
            gone = f"{100 - int(healthy)}%" if healthy and _WHOLE.fullmatch(healthy) else 0
            spec = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": gone}}}
            yield path, {"apiVersion": PLATFORM, "kind": "Deployment", "metadata": {"name": tasks[0]}, "spec": spec}


def _target(policy: _Body) -> dict[str, Any] | None:
    value, metric = policy.value("target_value"), policy.value("predefined_metric_type") or ""
    if "CPU" in metric:
        return {"resource": {"name": "cpu", "target": {"averageUtilization": value}}}
    return {"pods": {"metric": {"name": metric or "a metric of its own"}}} if value or policy.has(r"step_scaling") else None


def _task_definitions(view: View) -> Iterator[Item]:
    """JSON as `aws ecs register-task-definition` takes it, and CloudFormation."""
    found = [(path, document) for path, document in view.json.items() if isinstance(document, dict)]
    found += [(path, value) for path, documents in view.yaml.items() for document in documents for key, value in walk(document, 5000)
              if key == "Properties" and isinstance(value, dict) and "ContainerDefinitions" in value]  # fmt: skip
    for path, task in found:
        lower = {str(key)[:1].lower() + str(key)[1:]: value for key, value in task.items()}
        containers = lower.get("containerDefinitions")
        for container in containers[:20] if isinstance(containers, list) else []:
            if isinstance(container, dict):
                own = {str(key)[:1].lower() + str(key)[1:]: value for key, value in container.items()}
                size = _fargate(*(_text(own.get(key) or lower.get(key)) for key in ("cpu", "memory")))
                probes = {f"{kind}Probe": _KEPT for kind in ("liveness", "readiness")} if own.get("healthCheck") else {}
                inside = {"image": _text(own.get("image")) or TEMPLATED, "resources": size, **probes}
                yield path, _workload(_text(lower.get("family")) or "task", inside)


def _text(value: object) -> str | None:
    """A scalar as text; a reference of a template is not known."""
    return TEMPLATED if isinstance(value, (dict, list)) else None if value in (None, "", 0) else str(value)[:60]


def _blocks(text: str) -> Iterator[tuple[str, str, str]]:
    bare = re.sub(r"^[ \t]*(?:#|//).*$", "", text, flags=re.M)
    for match in _BLOCK.finditer(bare):
        yield match[1], match[2], _braced(bare, match.end())


def _braced(text: str, start: int) -> str:
    """What follows up to the closing brace."""
    depth = 1
    for number, character in enumerate(text[start : start + MAX_BLOCK]):
        depth += (character == "{") - (character == "}")
        if not depth:
            return text[start : start + number]
    return text[start : start + MAX_BLOCK]
