"""Whether two manifests end up in one namespace: a scaler or a Service sees nothing of another one.

Only two namespaces that are both written down, and that nothing fills in or sets later, can be told apart: a manifest without one goes to
wherever it is applied.
"""

from __future__ import annotations

from typing import Any

from harness.source.probes.patches import kustomizations
from harness.source.probes.workloads import known, resources, spec_of
from harness.source.view import View


def namespace_of(view: View, document: dict[str, Any]) -> str | None:
    """The namespace that a manifest names; None where it names none, a template fills it in, or something sets it when it is applied."""
    metadata = document.get("metadata")
    told = metadata.get("namespace") if isinstance(metadata, dict) else None
    return told[:63] if isinstance(told, str) and known(told) and not _is_set_elsewhere(view) else None


def together(view: View, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """False only where both name a namespace, and not the same."""
    ours, theirs = namespace_of(view, one), namespace_of(view, other)
    return ours is None or theirs is None or ours == theirs


def _is_set_elsewhere(view: View) -> bool:
    """Whether a kustomization moves what it names into a namespace, or a delivery tool does; asked once per scan."""
    if "namespaces_set" not in view.memo:
        own = any(document.get("namespace") or document.get("transformers") for _, document in kustomizations(view))
        view.memo["namespaces_set"] = own or any(spec_of(document).get("targetNamespace") for _, document in resources(view))
    return bool(view.memo["namespaces_set"])
