"""Manifests that an orchestrator or an infrastructure tool would apply: parsed, never matched as text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from grader.schema.evidence import Probe
from harness.source.probes.view import View, basename, no_subject, probe, walk

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Pod", "Job", "CronJob", "Service", "InferenceService", "ReplicaSet"})
SERVING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Pod", "Service", "InferenceService"})
_SERVERLESS_TOP = ("autoscaling.knative.dev/maxScale", "autoscaling.knative.dev/max-scale", "maxReplicas")
NO_WORKLOAD = "no Kubernetes workload"
Resource = tuple[str, dict[str, Any]]


def resources(view: View) -> Iterator[Resource]:
    """(path, document) of every Kubernetes-shaped document."""
    for path, documents in view.yaml.items():
        for document in documents:
            items = document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else [document]
            for item in items if isinstance(items, list) else []:
                if isinstance(item, dict) and isinstance(item.get("apiVersion"), str) and isinstance(item.get("kind"), str):
                    yield path, item


def containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Containers with an image anywhere in a workload; init containers left out."""
    found: list[dict[str, Any]] = []
    for key, value in walk(document.get("spec")):
        if key == "containers" and isinstance(value, dict) and isinstance(value.get("image"), str):
            found.append(value)
    predictor = document.get("spec", {}).get("predictor") if isinstance(document.get("spec"), dict) else None
    if not found and document["kind"] == "InferenceService" and isinstance(predictor, dict):
        found += [value for value in predictor.values() if isinstance(value, dict)]
    return found


def workloads(view: View, kinds: frozenset[str] = WORKLOADS) -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    found = [(path, document, containers(document)) for path, document in resources(view) if document["kind"] in kinds]
    return [item for item in found if item[2]]


def kubernetes_manifests(view: View) -> Probe:
    """value: number of workloads with a container image."""
    found = workloads(view)
    kinds = ", ".join(sorted({str(document["kind"]) for _, document, _ in found}))
    return probe(bool(found), kinds or NO_WORKLOAD, dict.fromkeys(path for path, _, _ in found), value=float(len(found)))


def manifest_probes(view: View) -> Probe:
    """One serving container has both a readiness and a liveness probe with a handler."""
    serving = workloads(view, SERVING)
    if not serving:
        return no_subject(NO_WORKLOAD)
    good = [path for path, _, inside in serving if any(handles(c.get("readinessProbe")) and handles(c.get("livenessProbe")) for c in inside)]
    return probe(bool(good), "readiness and liveness probe" if good else "no container with a readiness and a liveness probe", dict.fromkeys(good))


def manifest_resources(view: View) -> Probe:
    """One serving container requests CPU and memory and has a memory limit (a CPU limit is a matter of taste)."""
    serving = workloads(view, SERVING)
    if not serving:
        return no_subject(NO_WORKLOAD)
    good = [path for path, _, inside in serving if any(_sized(c.get("resources")) for c in inside)]
    return probe(bool(good), "requests and limits" if good else "no container with requests (cpu, memory) and a memory limit", dict.fromkeys(good))


def manifest_rollout(view: View) -> Probe:
    """A rollout that somebody decided: rolling-update parameters, canary steps, blue-green, or traffic weights."""
    if not workloads(view, SERVING):
        return no_subject(NO_WORKLOAD)
    found = [(path, how) for path, document in resources(view) if (how := _rollout(document))]
    detail = ", ".join(sorted({how for _, how in found})) or "no rollout strategy declared"
    return probe(bool(found), detail, dict.fromkeys(path for path, _ in found))


def autoscaler(view: View) -> Probe:
    """value: the highest maximum number of replicas."""
    found = [(path, str(document["kind"]), top) for path, document in resources(view) if (top := autoscales(document)) is not None]
    if not found and not workloads(view):
        return no_subject(NO_WORKLOAD)
    value = max((top for _, _, top in found), default=0.0)
    detail = ", ".join(sorted({kind for _, kind, _ in found})) or "no autoscaler"
    return probe(bool(found), detail, dict.fromkeys(path for path, _, _ in found), value=value)


def infrastructure_as_code(view: View) -> Probe:
    """value: number of kinds of tools."""
    kinds = {kind: places for kind, places in _infrastructure(view).items() if places}
    return probe(bool(kinds), ", ".join(kinds) or "none", [places[0] for places in kinds.values()], value=float(len(kinds)))


def handles(check: object) -> bool:
    """Whether a container's probe has something to ask."""
    if not isinstance(check, dict):
        return False
    http, command = check.get("httpGet"), check.get("exec")
    return (
        (isinstance(http, dict) and bool(http.get("path")) and http.get("port") is not None)
        or (isinstance(command, dict) and bool(command.get("command")))
        or isinstance(check.get("tcpSocket"), dict)
        or isinstance(check.get("grpc"), dict)
    )


def _sized(wanted: object) -> bool:
    if not isinstance(wanted, dict):
        return False
    requests, limits = wanted.get("requests"), wanted.get("limits")
    if not isinstance(requests, dict) or not isinstance(limits, dict):
        return False
    return all(requests.get(key) for key in ("cpu", "memory")) and bool(limits.get("memory"))


def _rollout(document: dict[str, Any]) -> str | None:
    spec = document.get("spec")
    if not isinstance(spec, dict):
        return None
    kind, strategy = document["kind"], spec.get("strategy")
    if kind == "Deployment" and isinstance(strategy, dict):
        return "rolling update" if strategy.get("type") == "RollingUpdate" and isinstance(strategy.get("rollingUpdate"), dict) else None
    if kind == "StatefulSet" and isinstance(spec.get("updateStrategy"), dict) and spec["updateStrategy"].get("rollingUpdate"):
        return "rolling update"
    if kind == "Rollout" and isinstance(strategy, dict):
        return next((name for name in ("canary", "blueGreen") if isinstance(strategy.get(name), dict) and strategy[name]), None)
    if kind == "Canary" and isinstance(spec.get("analysis"), dict):
        return "canary"
    if kind == "InferenceService" and any(key == "canaryTrafficPercent" for key, _ in walk(spec)):
        return "canary"
    weights = [value for key, value in walk(spec) if key == "weight" and isinstance(value, int)]
    return "traffic weights" if kind in ("VirtualService", "HTTPRoute", "TraefikService") and len(weights) >= 2 else None


def autoscales(document: dict[str, Any]) -> float | None:
    """The highest number of replicas that a scaler may make; None for a document that scales nothing."""
    kind, spec = document["kind"], document.get("spec")
    if not isinstance(spec, dict):
        return None
    if kind == "HorizontalPodAutoscaler":
        top, low = _number(spec.get("maxReplicas")), _number(spec.get("minReplicas")) or 1
        driven = bool(spec.get("metrics")) or spec.get("targetCPUUtilizationPercentage") is not None
        return top if driven and isinstance(spec.get("scaleTargetRef"), dict) and top is not None and top > low else None
    if kind == "ScaledObject":
        return (_number(spec.get("maxReplicaCount")) or 100.0) if spec.get("triggers") and spec.get("scaleTargetRef") else None
    if kind == "VerticalPodAutoscaler":
        return 1.0 if isinstance(spec.get("targetRef"), dict) else None
    if kind in ("Service", "InferenceService"):
        tops = [number for key, value in walk(document) if key in _SERVERLESS_TOP and (number := _number(value))]
        return max(tops) if tops else None
    return None


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None  # YAML has .inf, which no evidence may hold


def _infrastructure(view: View) -> dict[str, list[str]]:
    """Tool -> the files in which it declares something."""
    charts = [path[: -len("Chart.yaml")] for path in view.paths if basename(path) == "Chart.yaml"]
    found = {
        "terraform": [p for p in view.paths if p.endswith(".tf") and re.search(r"^\s*(?:resource|module)\s+\"", view.text(p) or "", re.M)],
        "helm": [chart + "Chart.yaml" for chart in charts if any(path.startswith(chart + "templates/") for path in view.paths)],
        "kubernetes": sorted({path for path, _, _ in workloads(view)}),
        "pulumi": [path for path in view.paths if basename(path) == "Pulumi.yaml"],
        "bicep": [p for p in view.paths if p.endswith(".bicep") and re.search(r"^resource\s+\w+\s+'", view.text(p) or "", re.M)],
    }
    for tool, declares in _BY_DOCUMENT.items():
        found[tool] = [path for path, documents in view.yaml.items() if any(declares(path, document) for document in documents)]
    return found


def _kustomize(path: str, document: object) -> bool:
    return basename(path).startswith("kustomization.") and isinstance(document, dict) and bool(document.get("resources"))


def _compose(path: str, document: object) -> bool:
    services = document.get("services") if isinstance(document, dict) and "compose" in basename(path) else None
    return isinstance(services, dict) and any(isinstance(s, dict) and ("image" in s or "build" in s) for s in services.values())


def _cloudformation(_: str, document: object) -> bool:
    resources = document.get("Resources") if isinstance(document, dict) else None
    return isinstance(resources, dict) and any(isinstance(r, dict) and str(r.get("Type", "")).startswith("AWS::") for r in resources.values())


def _ansible(_: str, document: object) -> bool:
    plays = document if isinstance(document, list) else []
    return any(isinstance(play, dict) and "hosts" in play and ("tasks" in play or "roles" in play) for play in plays)


_BY_DOCUMENT = {"kustomize": _kustomize, "compose": _compose, "cloudformation": _cloudformation, "ansible": _ansible}

PROBES = {
    "kubernetes_manifests": kubernetes_manifests,
    "manifest_probes": manifest_probes,
    "manifest_resources": manifest_resources,
    "manifest_rollout": manifest_rollout,
    "autoscaler": autoscaler,
    "infrastructure_as_code": infrastructure_as_code,
}
