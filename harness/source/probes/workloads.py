"""Workloads and scalers as they would be applied: charts with their values, overlays over their bases, other platforms in the same shape."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from harness.source.probes.charts import chart_documents
from harness.source.probes.patches import patched
from harness.source.probes.platforms import platform_items
from harness.source.probes.recipes import does_something
from harness.source.safe_yaml import TEMPLATED
from harness.source.view import View, walk

SERVING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Pod", "Service", "InferenceService"})
WORKLOADS = SERVING | {"Job", "CronJob", "ReplicaSet"}
_SERVERLESS_TOP = ("autoscaling.knative.dev/maxScale", "autoscaling.knative.dev/max-scale", "maxReplicas")
_TEMPLATE_FILE = re.compile(r"\.ya?ml\.(?:j2|jinja2?|tpl|tmpl|template|in|envsubst)$")
NO_WORKLOAD = "no workload of an orchestrator"
Resource = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Workload:
    """One that has containers. `containers` leaves init containers out."""

    path: str
    document: dict[str, Any]
    containers: list[dict[str, Any]]

    @property
    def kind(self) -> str:
        return str(self.document["kind"])

    @property
    def name(self) -> str:
        return name_of(self.document)


@dataclass(frozen=True)
class Serving:
    """The container that answers predictions, and the workload around it."""

    workload: Workload
    container: dict[str, Any]


@dataclass(frozen=True)
class Scaler:
    """Something that may change the number of replicas of `aim`. `top`: the highest number, None where a template fills it in."""

    path: str
    document: dict[str, Any]
    aim: str
    top: float | None


def resources(view: View) -> list[Resource]:
    """(path, document) of every Kubernetes-shaped document, made once per scan."""
    if "resources" not in view.memo:
        view.memo["resources"] = patched(view, [item for path in _files(view) for item in _documents(view, path)] + list(platform_items(view)))
    found = view.memo["resources"]
    assert isinstance(found, list)
    return found


def workloads(view: View, kinds: frozenset[str] = WORKLOADS) -> list[Workload]:
    if "workloads" not in view.memo:
        made = [Workload(path, document, containers(document)) for path, document in resources(view) if document["kind"] in WORKLOADS]
        view.memo["workloads"] = [workload for workload in made if workload.containers]
    found = view.memo["workloads"]
    assert isinstance(found, list)
    return [workload for workload in found if workload.kind in kinds]


def scalers(view: View) -> list[Scaler]:
    found = [(path, document, bound) for path, document in resources(view) if (bound := autoscales(document)) is not None]
    return [Scaler(path, document, _aim(document), bound if math.isfinite(bound) else None) for path, document, bound in found]


def serving(view: View) -> Serving | None:
    """The container that a scaler aims at, that runs at all, has probes and ports; the first of the best. Sidecars and canaries come behind."""
    if "serving" not in view.memo:
        view.memo["serving"] = _serving(view)
    found = view.memo["serving"]
    assert found is None or isinstance(found, Serving)
    return found


def _serving(view: View) -> Serving | None:
    aimed = {scaler.aim for scaler in scalers(view)}

    def fits(found: Serving) -> tuple[bool, ...]:
        probed = handles(found.container.get("readinessProbe")) or handles(found.container.get("livenessProbe"))
        runs = spec_of(found.workload.document).get("replicas") != 0
        return found.workload.name in aimed, runs, probed, bool(found.container.get("ports"))

    return max((Serving(workload, c) for workload in workloads(view, SERVING) for c in workload.containers), key=fits, default=None)


def containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Containers with an image anywhere in a workload; init containers left out."""
    found: list[dict[str, Any]] = []
    for key, value in walk(document.get("spec")):
        if key == "containers" and isinstance(value, dict) and isinstance(value.get("image"), str):
            found.append(value)
    predictor = spec_of(document).get("predictor")
    if not found and document["kind"] == "InferenceService" and isinstance(predictor, dict):
        found += [value for value in predictor.values() if isinstance(value, dict)]
    return found


def autoscales(document: dict[str, Any]) -> float | None:
    """The highest number of replicas that a scaler may make, infinite where a template fills it in; None for a document that scales nothing."""
    kind, spec = document["kind"], document.get("spec")
    if not isinstance(spec, dict):
        return None
    if kind == "HorizontalPodAutoscaler":
        top, low = _bound(spec.get("maxReplicas")), number(spec.get("minReplicas")) or 1
        driven = bool(spec.get("metrics")) or spec.get("targetCPUUtilizationPercentage") is not None
        return top if driven and isinstance(spec.get("scaleTargetRef"), dict) and top is not None and top > low else None
    if kind == "ScaledObject":
        return (_bound(spec.get("maxReplicaCount")) or 100.0) if spec.get("triggers") and spec.get("scaleTargetRef") else None
    if kind == "VerticalPodAutoscaler":
        return 1.0 if isinstance(spec.get("targetRef"), dict) else None
    if kind in ("Service", "InferenceService"):
        tops = [bound for key, value in walk(document) if key in _SERVERLESS_TOP and (bound := _bound(value))]
        return max(tops) if tops else None
    return None


def handles(check: object) -> bool:
    """Whether a container's probe has something to ask."""
    if not isinstance(check, dict):
        return False
    http, command = check.get("httpGet"), check.get("exec")
    return (
        (isinstance(http, dict) and bool(http.get("path")) and http.get("port") is not None)
        or (isinstance(command, dict) and _asks(command.get("command")))
        or isinstance(check.get("tcpSocket"), dict)
        or isinstance(check.get("grpc"), dict)
        or TEMPLATED in check
    )


def _asks(command: object) -> bool:
    """Whether a command can say no."""
    words = [str(word) for word in command[:50]] if isinstance(command, list) else []
    script = words[2] if len(words) > 2 and words[1] == "-c" else " ".join(words)
    return bool(words) and does_something(script)


def number(value: object) -> float | None:
    try:
        found = float(value) if isinstance(value, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None  # YAML has .inf, which no evidence may hold


def is_filled_in(text: str) -> bool:
    """Whether a template or a variable (`${MAX}`) fills a text in."""
    return TEMPLATED in text or "$" in text


def known(value: str) -> bool:
    """Whether a name stands as it is."""
    return bool(value) and not is_filled_in(value)


def name_of(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    return _text(metadata.get("name")) if isinstance(metadata, dict) else ""


def spec_of(document: dict[str, Any]) -> dict[str, Any]:
    spec = document.get("spec")
    return spec if isinstance(spec, dict) else {}


def _files(view: View) -> list[str]:
    """Parsable ones, and templates that are YAML only once they are filled in."""
    charts = [path for path in view.paths if "/templates/" in f"/{path}" and path.endswith((".yaml", ".yml"))]
    return list(dict.fromkeys([*view.yaml, *charts, *(path for path in view.paths if _TEMPLATE_FILE.search(path)), *view.json]))


def _documents(view: View, path: str) -> list[Resource]:
    found: list[Resource] = []
    for document in _parsed(view, path):
        items = document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else [document]
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and isinstance(item.get("apiVersion"), str) and isinstance(item.get("kind"), str):
                found.append((path, item))
    return found


def _parsed(view: View, path: str) -> list[Any]:
    if _TEMPLATE_FILE.search(path):
        return view.documents(re.sub(r"^[ \t]*\{%.*$", "", view.text(path) or "", flags=re.M)) or []
    filled = chart_documents(view, path)
    return [view.json[path]] if path in view.json else view.yaml.get(path, []) if filled is None else filled


def _aim(document: dict[str, Any]) -> str:
    """Name of the workload that a scaler changes."""
    spec = spec_of(document)
    aim = spec.get("scaleTargetRef") or spec.get("targetRef")
    named = _text(aim.get("name")) if isinstance(aim, dict) else ""
    return named or (name_of(document) if document["kind"] in ("Service", "InferenceService") else "")


def _bound(value: object) -> float | None:
    return math.inf if isinstance(value, str) and is_filled_in(value) else number(value)


def _text(value: object) -> str:
    """A scalar as text, at most 60 characters; empty for anything nested, whose text aliases may make endless, and for a number too long."""
    try:
        return str(value)[:60] if isinstance(value, (str, int, float)) else ""
    except ValueError:
        return ""
