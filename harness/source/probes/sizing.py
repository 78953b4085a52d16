"""The numbers of the serving container in the manifests: what it requests, where it is limited, and at which load it is scaled out.

A value that a template fills in is declared, but not known: `found` without a value. One that no cluster would accept is not declared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from grader.schema.evidence import Probe
from harness.source.probes.workloads import NO_WORKLOAD, Serving, is_filled_in, scalers, serving, spec_of
from harness.source.safe_yaml import TEMPLATED
from harness.source.view import View, no_subject, probe, walk

MIB = 1 << 20
_QUANTITY = re.compile(r"^\+?(\d{1,15}(?:\.\d{0,12})?|\.\d{1,12})(?:[eE]([+-]?\d{1,2})|([numkKMGTPE]|[KMGTPE]i)?)$")
_FACTORS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3} | {
    letter + binary: float(step**power) for power, letter in enumerate("KMGTPE", 1) for binary, step in (("", 1000), ("i", 1024))
}
_SERVERLESS = "autoscaling.knative.dev/"
_CONCURRENCY = "requests in flight"


@dataclass(frozen=True)
class Trigger:
    """One metric that an autoscaler watches. Of CPU the target is a percentage of the request or a number of cores, as it stands there."""

    metric: str
    percent: object = None
    cores: object = None


@dataclass(frozen=True)
class Sized:
    """What the manifests say about the size and number of replicas. `triggers`: (path, trigger) of the scalers of the serving container."""

    serving: Serving | None
    scaled: bool
    triggers: list[tuple[str, Trigger]]


def quantity(value: object) -> float | None:
    """A Kubernetes quantity (`500m`, `1`, 0.5, `512Mi`, `1e3`) as a number of its unit; None for anything else, and for nothing or less."""
    match = None if isinstance(value, bool) else _QUANTITY.match(_text(value).strip())
    if match is None:
        return None
    number = float(match[1]) * 10.0 ** int(match[2] or 0) * _FACTORS[match[3] or ""]
    return number if number > 0 and math.isfinite(number) else None


def sized(view: View) -> Sized:
    """Found once per scan: every look at the manifests walks all of them."""
    if "sized" not in view.memo:
        found, container = scalers(view), serving(view)
        own = [scaler for scaler in found if container is not None and scaler.aim == container.workload.name]
        # Names may come from a template: where none fits, every scaler is taken to aim at the one service.
        watched = [(scaler.path, trigger) for scaler in own or found for trigger in _READERS.get(scaler.document["kind"], _none)(scaler.document)]
        view.memo["sized"] = Sized(container, bool(found), watched)
    made = view.memo["sized"]
    assert isinstance(made, Sized)
    return made


def declared(view: View, resource: str, parts: tuple[str, ...], unit: float) -> Probe:
    """value: the quantity in units of `unit`. A limit stands for a request that is not written, as in a cluster."""
    found = sized(view).serving
    if found is None:
        return no_subject(NO_WORKLOAD)
    wanted = found.container.get("resources")
    if is_filled_in(_text(wanted)) or TEMPLATED in _dict(wanted):
        return probe(True, "resources come from a template, so their values are not known", [found.workload.path])
    written = [(part, raw) for part in parts if (raw := _part(wanted, part).get(resource)) is not None]
    if not written:
        return probe(False, f"no {parts[0]}.{resource} on the serving container")
    part, raw = written[0][0], _text(written[0][1])
    if is_filled_in(raw):
        return probe(True, f"{part}.{resource} comes from a template, so its value is not known", [found.workload.path])
    number = quantity(raw)
    if number is None:
        return probe(False, f"{part}.{resource} is {raw or 'a list or table'}, which is no quantity")
    odd = "; m stands for thousandths of a byte" if resource == "memory" and raw.endswith("m") else ""
    return probe(True, f"{part}.{resource} {raw}{odd}", [found.workload.path], value=number / unit)


def autoscaler_cpu_target(view: View) -> Probe:
    """value: the lowest CPU target, in percent of the CPU request (above 100 is possible)."""
    found, others = sized(view), _others(view)
    if not found.scaled:
        return probe(False, "no autoscaler", subject=found.serving is not None)
    targets = [(*_percent(view, trigger), path) for path, trigger in found.triggers if trigger.metric == "cpu"]
    if not targets:
        return probe(False, f"scales on {', '.join(others)}" if others else "the autoscaler names no metric that could be read")
    exists, value, says, path = min(targets, key=lambda target: (not target[0], target[1] is None, target[1] or 0))
    return probe(exists, says + (f"; also on {', '.join(others)}" if others else ""), [path] if exists else [], value=value)


def autoscaler_other_metric(view: View) -> Probe:
    """value: how many metrics beside CPU the autoscaler watches; the detail names them."""
    found, others = sized(view), _others(view)
    if not found.scaled:
        return probe(False, "no autoscaler", subject=found.serving is not None)
    places = [path for path, trigger in found.triggers if trigger.metric != "cpu"]
    return probe(bool(others), ", ".join(others) or "none beside CPU", dict.fromkeys(places), value=float(len(others)))


def _others(view: View) -> list[str]:
    return sorted({trigger.metric for _, trigger in sized(view).triggers} - {"cpu"})


def _percent(view: View, trigger: Trigger) -> tuple[bool, float | None, str]:
    """(is there a target, percent of the request, in words)."""
    target, unit = (_text(trigger.percent), "%") if trigger.percent is not None else (_text(trigger.cores), "cores")
    value = quantity(target)
    if value is None:
        return is_filled_in(target), None, f"the CPU target {target!r} is not known"
    if unit == "%":
        return True, value, f"CPU at {value:g} % of the request"
    request = declared(view, "cpu", ("requests", "limits"), 1).value
    if request is None:
        return True, None, f"CPU at {value:g} cores, with no known request to compare it with"
    return True, value / request * 100, f"CPU at {value:g} cores of {request:g} requested"


def _hpa(document: dict[str, Any]) -> Iterator[Trigger]:
    """Version 1, 2 and the betas between."""
    spec = spec_of(document)
    if spec.get("targetCPUUtilizationPercentage") is not None:
        yield Trigger("cpu", percent=spec["targetCPUUtilizationPercentage"])
    if TEMPLATED in _text(spec.get("metrics")) or TEMPLATED in _dict(spec.get("metrics")):
        yield Trigger("what a template fills in")
    for metric in _listed(spec.get("metrics")):
        source = _dict(metric.get("resource")) or _dict(metric.get("containerResource"))
        if source.get("name") == "cpu":
            target = _dict(source.get("target"))
            percent = target.get("averageUtilization", source.get("targetAverageUtilization"))
            yield Trigger("cpu", percent, target.get("averageValue", source.get("targetAverageValue")))
        elif source.get("name"):
            yield Trigger(_text(source["name"]))
        for kind in ("pods", "object", "external"):
            inner = _dict(metric.get(kind))
            if name := _dict(inner.get("metric")).get("name") or inner.get("metricName"):
                yield Trigger(_text(name))


def _keda(document: dict[str, Any]) -> Iterator[Trigger]:
    for trigger in _listed(spec_of(document).get("triggers")):
        kind, metadata = trigger.get("type"), _dict(trigger.get("metadata"))
        by_value = (trigger.get("metricType") or metadata.get("type")) == "AverageValue"
        if kind == "cpu":
            yield Trigger("cpu", *((None, metadata.get("value")) if by_value else (metadata.get("value"), None)))
        elif kind:
            yield Trigger(_text(metadata.get("metricName") or kind))


def _serverless(document: dict[str, Any]) -> Iterator[Trigger]:
    """Knative and KServe scale on requests in flight unless something else is named."""
    said = {key.removeprefix(_SERVERLESS): value for key, value in walk(document) if key.startswith(_SERVERLESS)}
    said |= {key: value for key, value in walk(document.get("spec")) if key in ("scaleMetric", "scaleTarget")}
    metric = said.get("scaleMetric") or said.get("metric") or "concurrency"
    target = said.get("scaleTarget", said.get("target"))
    yield Trigger("cpu", percent=target) if metric == "cpu" else Trigger(_CONCURRENCY if metric == "concurrency" else _text(metric))


def _none(_: dict[str, Any]) -> Iterator[Trigger]:
    """A scaler that adds no replicas."""
    return iter(())


_READERS: dict[str, Callable[[dict[str, Any]], Iterator[Trigger]]] = {
    "HorizontalPodAutoscaler": _hpa, "ScaledObject": _keda, "Service": _serverless, "InferenceService": _serverless,
}  # fmt: skip


def _part(wanted: object, part: str) -> dict[str, Any]:
    return _dict(_dict(wanted).get(part))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)][:100] if isinstance(value, list) else []


def _text(value: object) -> str:
    """A scalar as text, at most 60 characters; empty for anything nested, whose text aliases may make endless, and for a number too long."""
    try:
        return str(value)[:60] if isinstance(value, (str, int, float)) else ""
    except ValueError:
        return ""


PROBES: dict[str, Callable[[View], Probe]] = {
    "declared_cpu_request": partial(declared, resource="cpu", parts=("requests", "limits"), unit=1),
    "declared_cpu_limit": partial(declared, resource="cpu", parts=("limits",), unit=1),
    "declared_memory_request": partial(declared, resource="memory", parts=("requests", "limits"), unit=MIB),
    "declared_memory_limit": partial(declared, resource="memory", parts=("limits",), unit=MIB),
    "autoscaler_cpu_target": autoscaler_cpu_target,
    "autoscaler_other_metric": autoscaler_other_metric,
}
