"""Defects planted in the oracle's files, and sound repositories of other styles, through scan and checks: text in, level out."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from checks.scanned import SOUND, SUBMISSIONS, levels

ORACLE = SUBMISSIONS / "oracle"
DEPLOYMENT, HPA, CI = "deploy/k8s/deployment.yaml", "deploy/k8s/hpa.yaml", ".github/workflows/ci.yml"
LIMITS = 'limits: {cpu: "1", memory: 256Mi}'
CPU_TARGET = ", target: {type: Utilization, averageUtilization: 80}"
VPA = "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nspec: {targetRef: {kind: Deployment, name: fraud-scoring}}\n"


@pytest.fixture
def oracle(tmp_path):
    return Path(shutil.copytree(ORACLE, tmp_path / "oracle"))


@pytest.mark.parametrize(
    ("check", "expected", "file", "before", "after"),
    [
        ("resource_requests", "unstartable", DEPLOYMENT, LIMITS, "limits: {cpu: 200m, memory: 256Mi}"),
        ("resource_requests", "unstartable", DEPLOYMENT, LIMITS, "limits: {cpu: 1, memory: 64Mi}"),
        ("resource_requests", "unstartable", DEPLOYMENT, LIMITS, "limits: {cpu: 1, memory: 256m}"),
        ("resource_requests", "unstartable", DEPLOYMENT, "cpu: 300m", "cpu: 300"),
        ("resource_requests", "none", DEPLOYMENT, LIMITS, "limits: {cpu: 1}"),
        ("manifests", "partial", DEPLOYMENT, LIMITS, "limits: {cpu: 1}"),
        ("manifests", "partial", DEPLOYMENT, "livenessProbe:", "x-livenessProbe:"),
        ("autoscaling_policy", "unbounded", HPA, "maxReplicas: 6", "maxReplicas: 100000"),
        ("autoscaling_policy", "none", HPA, CPU_TARGET, ""),
        ("autoscaling_policy", "none", HPA, "averageUtilization: 80", "averageUtilization: 0"),
        ("autoscaling_policy", "none", HPA, None, VPA),
        ("ci_pipeline", "bare", CI, "python -m pytest -q", "python -m pytest -q || true"),
        ("ci_pipeline", "tests", CI, "fraud-scoring:$GITHUB_SHA .\n", "fraud-scoring:$GITHUB_SHA . || true\n"),
        ("base_image_pin", "major", "Dockerfile", "python:3.11-slim", "python:3-slim"),
        ("base_image_pin", "floating", "Dockerfile", "FROM python:3.11-slim AS", "ARG TAG=latest\nFROM python:${TAG} AS"),
        ("cost_statement", "impossible", "COST.md", "USD 0.0071 per", "USD 71,000 per"),
    ],
)
def test_a_planted_defect_is_found(oracle, check, expected, file, before, after):
    text = (oracle / file).read_text()
    assert before is None or before in text
    (oracle / file).write_text(after if before is None else text.replace(before, after))
    assert levels(oracle, check) == {check: expected}


FULL = {"manifests": "complete", "resource_requests": "declared", "autoscaling_policy": "bounded"}


def workload(kind: str, name: str, container: str, extra: str = "") -> str:
    api = {"Rollout": "argoproj.io/v1alpha1", "Service": "serving.knative.dev/v1"}.get(kind, "apps/v1")
    inside = f"{{metadata: {{labels: {{app: {name}}}{extra}}}, spec: {{containers: [{container}]}}}}"
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{template: {inside}}}\n---\n"


PROBES = "readinessProbe: {httpGet: {path: /readyz, port: 8090}}, livenessProbe: {httpGet: {path: /healthz, port: 8090}}"
SIZES = "resources: {requests: {cpu: 250m, memory: 128Mi}, limits: {memory: 256Mi}}"
STUB = "{image: 'stub:1', readinessProbe: {tcpSocket: {port: 80}}, ports: [{containerPort: 80}]}"
SERVED = f"{{name: api, image: 'api:1.2', ports: [{{containerPort: 8090}}], {PROBES}, {SIZES}}}"
FILLED_IN = SERVED.replace(SIZES, "resources: {{ toYaml .Values.resources }}")


def hpa(name: str) -> str:
    return textwrap.dedent(f"""\
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {{name: {name}}}
        spec:
          scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
          minReplicas: 2
          maxReplicas: 12
          metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 70}}}}}}]
        ---
        """)


KEDA = textwrap.dedent("""\
    apiVersion: keda.sh/v1alpha1
    kind: ScaledObject
    metadata: {name: api}
    spec: {scaleTargetRef: {name: api}, triggers: [{type: prometheus, metadata: {query: in_flight, threshold: '20'}}]}
    """)
STYLES = {
    "one file, one deployment": {"k8s.yaml": workload("Deployment", "api", SERVED) + hpa("api")},
    "a monorepo whose worker and store stub are not sized": {
        "infra/a-store.yaml": workload("Deployment", "a-store", STUB),
        "infra/worker.yaml": workload("Deployment", "worker", "{image: 'worker:1'}"),
        "services/api/deploy.yaml": workload("Deployment", "api", SERVED) + hpa("api"),
    },
    "a base and an overlay that patches it": {
        "base/deployment.yaml": workload("Deployment", "api", SERVED),
        "base/hpa.yaml": hpa("api"),
        "overlays/prod/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {replicas: 4}\n",
    },
    "a chart with templated names and whole resources": {
        "chart/Chart.yaml": "apiVersion: v2\nname: api\nversion: 0.1.0\n",
        "chart/templates/deployment.yaml": workload("Deployment", "'{{ .Release.Name }}'", FILLED_IN),
        "chart/templates/hpa.yaml": hpa("'{{ .Release.Name }}'"),
    },
    "a stateful set that scales on requests in flight": {"k8s/api.yaml": workload("StatefulSet", "api", SERVED) + KEDA},
    "a rollout with a canary": {"k8s/api.yaml": workload("Rollout", "api", SERVED) + hpa("api")},
    "a serverless service": {
        "service.yaml": workload("Service", "api", SERVED, ", annotations: {autoscaling.knative.dev/maxScale: '20'}"),
    },
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_a_sound_repository_of_another_style_is_not_blamed(tmp_path, style):
    for path, text in STYLES[style].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert levels(tmp_path, *FULL) == FULL


@pytest.mark.parametrize("submission", SOUND)
def test_the_sound_submissions_keep_full_marks(submission):
    full = FULL | {"base_image_pin": "pinned", "cost_statement": "reasoned", "ci_pipeline": "complete"}
    assert levels(SUBMISSIONS / submission, *full) == full
