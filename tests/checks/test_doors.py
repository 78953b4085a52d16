"""Services beside workloads of several kinds: whose doors they are, and what a port that nobody declares says."""

from __future__ import annotations

import textwrap

import pytest

from checks.scanned import put, scanned
from grader.checks.analysis.manifests import idle

UI = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: kafka-ui}
    spec:
      selector: {matchLabels: {app: kafka-ui}}
      template:
        metadata: {labels: {app: kafka-ui}}
        spec: {containers: [{name: ui, image: 'ui:1', ports: [{containerPort: 8083}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: kafka-ui-service}
    spec: {selector: {app: kafka-ui}, ports: [{port: 8083}]}
"""
API = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api}
    spec:
      replicas: 2
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api, tier: serving}}
        spec:
          containers:
          - name: api
            image: 'api:1'
            ports: [{containerPort: 8000, name: http}]
            readinessProbe: {httpGet: {path: /readyz, port: http}}
"""
DOCKERFILE = "FROM scratch\nEXPOSE 8000\n"


def service(selector: str, ports: str = "{port: 80, targetPort: 8000}", name: str = "api") -> str:
    spec = f"{{selector: {{{selector}}}, ports: [{ports}]}}"
    return f"\n    ---\n    apiVersion: v1\n    kind: Service\n    metadata: {{name: {name}}}\n    spec: {spec}\n"


def said(tmp_path, manifests: str) -> list[str]:
    return idle(scanned(put(tmp_path, {"Dockerfile": DOCKERFILE, "k8s/all.yaml": textwrap.dedent(manifests)})))


@pytest.mark.parametrize(
    "manifests",
    [
        API + service("app: api"),
        API + service("app: api", "{port: 80, targetPort: 8000, name: http}, {port: 9090, targetPort: 9090, name: metrics}"),
        API + "\n    ---" + UI,
        API + "\n    ---" + UI + service("app: postgres", "{port: 5432}", "postgres"),
        UI + "\n    ---\n    apiVersion: ray.io/v1\n    kind: RayService\n    metadata: {name: model}\n    spec: {serveConfigV2: x}\n",
    ],
    ids=["its own", "one more port that opens by itself", "another one's", "a store that a chart brings", "a kind that is not known"],
)
def test_a_door_of_others_says_nothing_of_what_serves(tmp_path, manifests: str):
    assert said(tmp_path, manifests) == []


@pytest.mark.parametrize(
    ("manifests", "why"),
    [
        (API + service("app: old-api"), "Service api selects no pod of what serves"),
        (API + "\n    ---" + UI + service("app: old-api"), "Service api selects no pod of what serves"),
        (API + "\n    ---" + UI + service("app: prediction", name="front"), "Service front selects no pod of what serves"),
        (API + "\n    ---" + UI + service("app: api, tier: batch", "{port: 1}", "front"), "Service front selects no pod of what serves"),
        (API + service("app: api", "{port: 80, targetPort: web}"), "Service api leads to a port that its pods do not have"),
        (API + service("app: api", "{port: 80, targetPort: 8017}"), "Service api leads to a port that its pods do not have"),
    ],
    ids=["a label of before", "by its name", "by its port", "by a label that it shares", "a name that no port has", "a number that stands nowhere"],
)
def test_a_door_that_is_meant_for_what_serves_and_leads_nowhere_is_told(tmp_path, manifests: str, why: str):
    assert said(tmp_path, manifests) == [why]
