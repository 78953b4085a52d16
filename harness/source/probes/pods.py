"""What a workload says of its pods: whom they run as. Where a template or a later hand fills something in, nothing is told about it."""

from __future__ import annotations

from typing import Any

from harness.source.probes.workloads import Workload, spec_of
from harness.source.safe_yaml import TEMPLATED


def runs_as_root(workload: Workload, container: dict[str, Any]) -> float | None:
    """Whether the container is given user 0, by its own security context or by the pod's; without either the image says who runs."""
    contexts = [_dict(part.get("securityContext")) for part in (container, pod_of(workload.document))]
    for context in contexts:
        if TEMPLATED in context or TEMPLATED in str(context.get("runAsUser", "")):
            return None
        if "runAsUser" in context:
            return float(context["runAsUser"] == 0 and not isinstance(context["runAsUser"], bool))
    return 0.0


def pod_of(document: dict[str, Any]) -> dict[str, Any]:
    """The specification of a workload's pods."""
    spec = spec_of(document)
    return spec if document["kind"] == "Pod" else _dict(_dict(spec.get("template")).get("spec"))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
