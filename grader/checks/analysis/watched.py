"""What can be asked of rules and dashboards while a service runs on its own."""

from __future__ import annotations

from collections.abc import Sequence

EXPORTERS = (
    "kube_", "kubelet_", "container_", "node_", "machine_", "apiserver_", "istio_", "envoy_", "nginx_", "traefik_", "probe_", "alertmanager_",
)  # fmt: skip
"""Prefixes of metrics that other programs of a cluster expose. None of them runs beside a graded service."""


def elsewhere(absent: Sequence[str]) -> bool:
    """Whether what is absent is another program's to expose: whether such a query is right cannot be seen here."""
    return any(name.startswith(EXPORTERS) for name in absent)
