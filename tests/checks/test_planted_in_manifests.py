"""Defects planted in the oracle's files, and sound repositories of other styles, through scan and checks: text in, level out."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
import yaml

from checks.scanned import SOUND, SUBMISSIONS, levels, put

ORACLE = SUBMISSIONS / "oracle"
DEPLOYMENT, HPA, SERVICE, KUSTOMIZATION = (f"deploy/k8s/{name}.yaml" for name in ("deployment", "hpa", "service", "kustomization"))
CI = ".github/workflows/ci.yml"
LIVENESS = "httpGet: {path: /healthz, port: http}\n            periodSeconds: 10"
READINESS = "readinessProbe:\n            httpGet: {path: /readyz, port: http}"
LIMITS = 'limits: {cpu: "1", memory: 256Mi}'
CPU_TARGET = ", target: {type: Utilization, averageUtilization: 80}"
GRACE, PRE_STOP = "terminationGracePeriodSeconds: 15", 'preStop: {exec: {command: ["sleep", "3"]}}'
ROLLBACK = (ORACLE / "RUNBOOK.md").read_text().partition("## Rollback\n")[2].partition("\n## ")[0]
VPA = "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nspec: {targetRef: {kind: Deployment, name: fraud-scoring}}\n"


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
        ("autoscaling_policy", "none", HPA, "name: fraud-scoring}", "name: fraud-scorer}"),
        ("autoscaling_policy", "none", HPA, "kind: Deployment", "kind: StatefulSet"),
        ("scaling_policy", "none", HPA, "name: fraud-scoring}", "name: fraud-scorer}"),
        ("scaling_policy", "none", HPA, None, VPA),
        ("autoscaling_policy", "none", HPA, "    scaleUp:\n", "    scaleUp:\n      selectPolicy: Disabled\n"),
        ("scaling_policy", "none", HPA, "    scaleUp:\n", "    scaleUp:\n      selectPolicy: Disabled\n"),
        ("manifests", "partial", DEPLOYMENT, LIVENESS, LIVENESS.replace("/healthz", "/readyz")),
        ("manifests", "partial", DEPLOYMENT, LIVENESS, LIVENESS.replace("/healthz", "/alive")),
        ("manifests", "partial", DEPLOYMENT, LIVENESS, LIVENESS.replace("port: http", "port: web")),
        ("manifests", "partial", DEPLOYMENT, "path: /readyz", "path: /status/ready-for-traffic"),
        ("manifests", "partial", DEPLOYMENT, "path: /readyz", "path: /healthz"),
        ("manifests", "idle", DEPLOYMENT, "replicas: 2", "replicas: 0"),
        ("manifests", "idle", SERVICE, "selector: {app: fraud-scoring}", "selector: {app: fraud}"),
        ("manifests", "idle", SERVICE, "selector: {app: fraud-scoring}", "selector: {app: fraud-scoring, track: canary}"),
        ("manifests", "idle", SERVICE, "targetPort: http", "targetPort: web"),
        ("manifests", "idle", DEPLOYMENT, "- name: data     #", "- name: audit     #"),
        ("manifests", "idle", DEPLOYMENT, "- {name: tmp, mountPath: /tmp}", "- {name: scratch, mountPath: /tmp}"),
        ("manifests", "idle", DEPLOYMENT, "matchLabels: {app: fraud-scoring, track: stable}", "matchLabels: {app: fraud-scoring, track: live}"),
        ("manifests", "idle", SERVICE, "targetPort: http", "targetPort: 5000"),
        ("manifests", "idle", DEPLOYMENT, '{name: PORT, value: "8090"}', '{name: PORT, value: "8080"}'),
        ("manifests", "partial", DEPLOYMENT, "{path: /readyz, port: http}", "{path: /readyz, port: 8080}"),
        ("manifests", "partial", DEPLOYMENT, LIVENESS, "tcpSocket: {port: 9091}\n            periodSeconds: 10"),
        ("manifests", "partial", DEPLOYMENT, "port: http}\n            periodSeconds: 1\n", "port: 9000}\n            periodSeconds: 1\n"),
        ("nonroot_process", "raised", DEPLOYMENT, "runAsNonRoot: true\n        runAsUser: 10001", "runAsUser: 0"),
        ("nonroot_process", "raised", DEPLOYMENT, "capabilities: {drop: [ALL]}", "capabilities: {drop: [ALL]}\n            runAsUser: 0"),
        ("rollout_strategy", "gap", DEPLOYMENT, "maxUnavailable: 0", "maxUnavailable: 100%"),
        ("rollout_strategy", "gap", DEPLOYMENT, "maxUnavailable: 0", "maxUnavailable: 2"),
        ("rollout_strategy", "cut", DEPLOYMENT, GRACE, "terminationGracePeriodSeconds: 3"),
        ("rollout_strategy", "cut", DEPLOYMENT, PRE_STOP, "preStop: {sleep: {seconds: 15}}"),
        ("rollout_strategy", "cut", DEPLOYMENT, PRE_STOP, "preStop: {exec: {command: [/bin/sh, -c, 'touch /tmp/off; sleep 1m']}}"),
        ("rollout_strategy", "moving", DEPLOYMENT, "fraud-scoring:1.0.0", "fraud-scoring:latest"),
        ("rollout_strategy", "moving", DEPLOYMENT, "fraud-scoring:1.0.0", "fraud-scoring"),
        ("infrastructure_as_code", "incomplete", KUSTOMIZATION, "pdb.yaml", "budget.yaml"),
        ("infrastructure_as_code", "incomplete", KUSTOMIZATION, "hpa.yaml, ", ""),
        ("infrastructure_as_code", "incomplete", KUSTOMIZATION, "hpa.yaml, pdb.yaml]", "pdb.yaml]\n# - hpa.yaml"),
        ("infrastructure_as_code", "incomplete", KUSTOMIZATION, "deployment.yaml, ", ""),
        ("infrastructure_as_code", "incomplete", KUSTOMIZATION, "pdb.yaml]", "../base]\npatches: [{path: more-memory.yaml}]"),
        ("ci_pipeline", "bare", CI, "python -m pytest -q", "python -m pytest -q || true"),
        ("ci_pipeline", "tests", CI, "fraud-scoring:$GITHUB_SHA .\n", "fraud-scoring:$GITHUB_SHA . || true\n"),
        ("base_image_pin", "major", "Dockerfile", "python:3.11-slim", "python:3-slim"),
        ("base_image_pin", "floating", "Dockerfile", "FROM python:3.11-slim AS", "ARG TAG=latest\nFROM python:${TAG} AS"),
        ("base_image_pin", "major", "Dockerfile", "\nENTRYPOINT", "\nCOPY --from=busybox:latest /bin/busybox /bin/busybox\nENTRYPOINT"),
        ("build_context", "half", ".dockerignore", None, "*.tmp\n"),
        ("rollback_documented", "runbook", "RUNBOOK.md", ROLLBACK, "- TODO\n"),
        ("rollback_documented", "runbook", "RUNBOOK.md", ROLLBACK, "- To be written once the platform is known\n- N/A\n"),
        ("rollback_documented", "astray", "RUNBOOK.md", "undo deployment/fraud-scoring", "undo deployment/fraud-api"),
        ("rollback_documented", "astray", "RUNBOOK.md", "undo deployment/fraud-scoring", "undo -n payments deploy fraud"),
        ("rollback_documented", "astray", DEPLOYMENT, "revisionHistoryLimit: 5", "revisionHistoryLimit: 0"),
        ("data_versioning", "other", "data/manifest.json", "45c193b1", "45c193b2"),
        ("cost_statement", "miscalculated", "COST.md", "= USD 0.0423/hour", "= USD 0.9/hour"),
        ("cost_statement", "impossible", "COST.md", "USD 0.0071 per", "USD 71,000 per"),
    ],
)
def test_a_planted_defect_is_found(oracle, check, expected, file, before, after):
    text = (oracle / file).read_text()
    assert before is None or before in text
    (oracle / file).write_text(after if before is None else text.replace(before, after))
    assert levels(oracle, check) == {check: expected}


FULL = {"manifests": "complete", "resource_requests": "declared", "autoscaling_policy": "bounded", "infrastructure_as_code": "code"}


def workload(kind: str, name: str, container: str, extra: str = "") -> str:
    api = {"Rollout": "argoproj.io/v1alpha1", "Service": "serving.knative.dev/v1"}.get(kind, "apps/v1")
    inside = f"{{metadata: {{labels: {{app: {name}}}{extra}}}, spec: {{containers: [{container}]}}}}"
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{template: {inside}}}\n---\n"


PROBES = "readinessProbe: {httpGet: {path: /readyz, port: 8090}}, livenessProbe: {httpGet: {path: /healthz, port: 8090}}"
SIZES = "resources: {requests: {cpu: 250m, memory: 128Mi}, limits: {memory: 256Mi}}"
STUB = "{image: 'stub:1', readinessProbe: {tcpSocket: {port: 80}}, ports: [{containerPort: 80}]}"
SERVED = f"{{name: api, image: 'api:1.2', ports: [{{containerPort: 8090}}], {PROBES}, {SIZES}}}"
ENVSUBST = SERVED.replace("cpu: 250m", "cpu: '${CPU}'").replace("memory: 256Mi", "memory: '${MEMORY}'").replace("'api:1.2'", "'${IMAGE}:${TAG}'")
FILLED_IN = SERVED.replace(SIZES, "resources: {{ toYaml .Values.resources }}")


BARE = "{name: api, image: 'api:1.2', ports: [{containerPort: 8090}]}"
MOUNTED = SERVED.replace("{name: api,", "{name: api, volumeMounts: [{name: d, mountPath: /data}],")
CLOUD_RUN = "{image: 'api:1.2', startupProbe: {httpGet: {path: /readyz, port: 8090}}, livenessProbe: {httpGet: {path: /healthz, port: 8090}}, LIMITS}"
CLOUD_RUN = CLOUD_RUN.replace("LIMITS", "resources: {limits: {cpu: '1', memory: 512Mi}}")
CHART = textwrap.dedent("""\
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: {{ .Release.Name }}
      labels:
        {{- include "api.labels" . | nindent 4 }}
    spec:
      {{- if not .Values.autoscaling.enabled }}
      replicas: {{ .Values.replicaCount }}
      {{- end }}
      template:
        metadata:
          labels:
            {{- include "api.labels" . | nindent 8 }}
            app: api
        spec:
          containers:
            - name: {{ .Chart.Name }}
              image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
              env:
                - name: PORT
                  value: "8090"
                {{- toYaml .Values.extraEnv | nindent 12 }}
              {{- with .Values.readiness }}
              readinessProbe:
                {{- toYaml . | nindent 12 }}
              {{- end }}
              livenessProbe:
                httpGet: {path: /healthz, port: {{ .Values.port | default 8090 }}}
              {{- if not .Values.readiness }}
              readinessProbe: {httpGet: {path: /readyz, port: 8090}}
              {{- end }}
              resources:
                {{- toYaml .Values.resources | nindent 12 }}
    """)


def hpa(name: str, kind: str = "Deployment", top: str = "12") -> str:
    return textwrap.dedent(f"""\
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {{name: {name}}}
        spec:
          scaleTargetRef: {{apiVersion: apps/v1, kind: {kind}, name: {name}}}
          minReplicas: 2
          maxReplicas: {top}
          metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 70}}}}}}]
        ---
        """)


AS_OBJECTS = list(yaml.safe_load_all(workload("Deployment", "api", SERVED) + hpa("api").removesuffix("---\n")))
CHART_HPA = hpa("{{ .Release.Name }}", top="{{ .Values.autoscaling.most }}")
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
    "a rollout with a canary": {"k8s/api.yaml": workload("Rollout", "api", SERVED) + hpa("api", "Rollout")},
    "an overlay that brings probes and sizes": {
        "base/deployment.yaml": workload("Deployment", "api", BARE),
        "base/kustomization.yaml": "resources: [deployment.yaml]\n",
        "overlays/prod/kustomization.yaml": "resources: [../../base, hpa.yaml, secret.yaml]\npatches: [{path: patch.yaml}]\n",
        "overlays/prod/hpa.yaml": hpa("api"),
        "overlays/prod/patch.yaml": workload("Deployment", "api", SERVED.replace("image: 'api:1.2', ", "")),
    },
    "a patch inside of the kustomization": {
        "k8s/deployment.yaml": workload("Deployment", "api", BARE),
        "k8s/hpa.yaml": hpa("api"),
        "k8s/kustomization.yaml": textwrap.dedent(f"""\
            resources: [deployment.yaml, hpa.yaml, "https://example.com/more.yaml"]
            replicas: [{{name: api, count: 3}}]
            images: [{{name: api, newTag: 1.2.0}}]
            patches:
              - target: {{kind: Deployment, name: api}}
                patch: |-
                  - {{op: add, path: /spec/template/spec/containers/0/resources, value: {{{SIZES.removeprefix("resources: {")}}}
              - patch: |-
                  apiVersion: apps/v1
                  kind: Deployment
                  metadata: {{name: api}}
                  spec: {{template: {{spec: {{containers: [{{name: api, {PROBES}}}]}}}}}}
            """),
    },
    "a chart with resources as a block, and bounds from its values": {
        "chart/Chart.yaml": "apiVersion: v2\nname: api\nversion: 0.1.0\n",
        "chart/templates/deployment.yaml": CHART,
        "chart/templates/hpa.yaml": "{{- if .Values.autoscaling.enabled }}\n" + CHART_HPA + "{{- end }}\n",
        "chart/values.yaml": "autoscaling: {enabled: false, most: 8}\nresources: {}\nprobes: {}\n",
        "environments/prod.yaml": f"autoscaling: {{enabled: true}}\n{SIZES}\n",
    },
    "a chart whose values lie elsewhere": {
        "chart/Chart.yaml": "apiVersion: v2\nname: api\nversion: 0.1.0\n",
        "chart/templates/deployment.yaml": CHART,
        "chart/templates/hpa.yaml": CHART_HPA,
    },
    "templates for envsubst": {
        "k8s/api.yaml.tpl": workload("Deployment", "$NAME", ENVSUBST) + hpa("$NAME", top="${MOST}"),
    },
    "templates in Jinja": {
        "k8s/api.yml.j2": "{% if big %}\n" + hpa("api") + "{% endif %}\n" + workload("Deployment", "api", SERVED.replace("api:1.2", "{{ image }}")),
    },
    "manifests in JSON": {
        "k8s/api.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": AS_OBJECTS}),
    },
    "Cloud Run in YAML": {
        "service.yaml": workload("Service", "api", CLOUD_RUN, ", annotations: {autoscaling.knative.dev/maxScale: '20'}"),
    },
    "Cloud Run in Terraform": {
        "infra/main.tf": textwrap.dedent("""\
            resource "google_cloud_run_v2_service" "api" {
              template {
                scaling { max_instance_count = 12 }
                containers {
                  image = var.image
                  resources {
                    limits = { cpu = "1", memory = "512Mi" }
                  }
                  startup_probe { http_get { path = "/readyz" } }
                  liveness_probe { http_get { path = "/healthz" } }
                }
              }
            }
            """),
    },
    "ECS in Terraform": {
        "infra/ecs.tf": textwrap.dedent("""\
            variable "cpu" { default = 512 }
            resource "aws_ecs_task_definition" "api" {
              cpu    = var.cpu
              memory = 1024
              container_definitions = jsonencode([{
                name = "api", image = "${var.repository}:${var.tag}"
                healthCheck = { command = ["CMD-SHELL", "curl -f localhost:8090/healthz"] }
              }])
            }
            resource "aws_ecs_service" "api" {
              task_definition                    = aws_ecs_task_definition.api.arn
              deployment_minimum_healthy_percent = 100
              deployment_circuit_breaker { enable = true }
            }
            resource "aws_appautoscaling_target" "api" {
              min_capacity = 2
              max_capacity = 12
            }
            resource "aws_appautoscaling_policy" "cpu" {
              target_tracking_scaling_policy_configuration {
                predefined_metric_specification { predefined_metric_type = "ECSServiceAverageCPUUtilization" }
                target_value = 60
              }
            }
            """),
    },
    "a stateful set that claims a volume for each pod": {
        "k8s/api.yaml": KEDA + "---\n" + workload("StatefulSet", "api", MOUNTED)
        .replace("spec: {template", "spec: {selector: {matchLabels: {app: api}}, volumeClaimTemplates: [{metadata: {name: d}}], template"),
    },
    "an overlay that brings the volume of a mount": {
        "base/deployment.yaml": workload("Deployment", "api", MOUNTED),
        "base/kustomization.yaml": "resources: [deployment.yaml]\n",
        "overlays/prod/kustomization.yaml": "resources: [../../base, hpa.yaml]\npatches: [{path: patch.yaml}]\n",
        "overlays/prod/hpa.yaml": hpa("api"),
        "overlays/prod/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\n"
        "spec: {template: {spec: {volumes: [{name: d, emptyDir: {}}]}}}\n",
    },
    "a serverless service": {
        "service.yaml": workload("Service", "api", SERVED, ", annotations: {autoscaling.knative.dev/maxScale: '20'}"),
    },
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_a_sound_repository_of_another_style_is_not_blamed(tmp_path, style):
    assert levels(put(tmp_path, STYLES[style]), *FULL) == FULL


TASK = {"family": "api", "containerDefinitions": [{"name": "api", "image": "api:1", "healthCheck": {"command": ["CMD", "curl"]}}]}
FORMATION = """\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Cpu: !Ref Cpu
      Memory: 1024
      ContainerDefinitions: [{Name: api, Image: !Sub "${Repository}:${Tag}", HealthCheck: {Command: [CMD, curl]}}]
"""


@pytest.mark.parametrize("files", [{"task.json": json.dumps(TASK | {"cpu": "512", "memory": "1024"})}, {"stack.yaml": FORMATION}])
def test_a_task_of_ecs_is_a_manifest_with_sizes(tmp_path, files):
    full = {"manifests": "complete", "resource_requests": "declared", "infrastructure_as_code": "code"}
    assert levels(put(tmp_path, files), *full) == full


def test_a_task_of_ecs_without_sizes_declares_none(tmp_path):
    assert levels(put(tmp_path, {"task.json": json.dumps(TASK)}), "resource_requests") == {"resource_requests": "none"}


REDIS = "apiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {selector: {app: redis}}\n"
INIT = "initContainers: [{name: own, image: 'busybox:1.36', command: [chown, '-R', '10001', /data], securityContext: {runAsUser: 0}}]"
PROXY = "{name: proxy, image: 'proxy:1', ports: [{containerPort: 9444}], livenessProbe: {tcpSocket: {port: 9444}}}"
HELD = {"manifests": "complete", "rollout_strategy": "declared", "infrastructure_as_code": "code", "autoscaling_policy": "bounded"}
HELD |= {"nonroot_process": "nonroot"}


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        (DEPLOYMENT, "maxUnavailable: 0", "maxUnavailable: 25%"),
        (DEPLOYMENT, "maxUnavailable: 0", "maxUnavailable: 1"),
        (DEPLOYMENT, "maxUnavailable: 0, ", ""),
        (DEPLOYMENT, "fraud-scoring:1.0.0", "fraud-scoring@sha256:" + "ab" * 32),
        (DEPLOYMENT, "image: ghcr.io/example/fraud-scoring:1.0.0", "imagePullPolicy: IfNotPresent\n          image: fraud-scoring:latest"),
        (DEPLOYMENT, "image: ghcr.io/example/fraud-scoring:1.0.0", "image: $(IMAGE)"),
        (DEPLOYMENT, LIVENESS, LIVENESS.replace("/healthz", "/healthz?full=0")),
        (DEPLOYMENT, LIVENESS, LIVENESS.replace("port: http", "port: 8090")),
        (DEPLOYMENT, LIVENESS, "tcpSocket: {port: http}\n            periodSeconds: 10"),
        (DEPLOYMENT, LIVENESS, LIVENESS.replace("/healthz", "/actuator/health/liveness")),
        (DEPLOYMENT, "{path: /readyz, port: http}", "{path: /readyz, port: '${PORT}'}"),
        (DEPLOYMENT, "{path: /readyz, port: http}", "{path: /readyz, port: 9901, host: 10.0.0.1}"),
        (DEPLOYMENT, "      volumes:", f"        - {PROXY}\n      volumes:"),
        (DEPLOYMENT, READINESS, "args: ['--admin-port=8091']\n          " + READINESS.replace("port: http", "port: 8091")),
        (DEPLOYMENT, '{name: PORT, value: "8090"}', "{name: PORT, valueFrom: {configMapKeyRef: {name: c, key: port, optional: true}}}"),
        (DEPLOYMENT, '{name: PORT, value: "8090"}', '{name: PORT, value: "$(HTTP_PORT)"}'),
        (DEPLOYMENT, '{name: PORT, value: "8090"}', '{name: PORT, value: "8080"}\n            - {name: BIND, value: "0.0.0.0:8090"}'),
        (SERVICE, "targetPort: http", "targetPort: 8090"),
        (SERVICE, "selector: {app: fraud-scoring}", "selector: {app: fraud-scoring, track: stable}"),
        (SERVICE, "apiVersion: v1\n", f"{REDIS}---\napiVersion: v1\n"),
        (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml, 'https://github.com/a/b//deploy?ref=v1', secrets.enc.yaml]"),
        (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml]\nnamePrefix: prod-\ncommonLabels: {team: risk}"),
        (HPA, "apiVersion: apps/v1, ", ""),
        (DEPLOYMENT, "        - name: tmp\n", "        {{- toYaml .Values.more | nindent 8 }}\n        - name: cache\n"),
        (DEPLOYMENT, "        - name: data     #", "        - name: ${DATA_VOLUME}     #"),
        (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml]\nlabels: [{pairs: {track: live}, includeTemplates: true}]"),
        (DEPLOYMENT, PRE_STOP, "preStop: {exec: {command: [sh, -c, 'sleep 60 & curl -X POST localhost:8090/drain']}}"),
        (DEPLOYMENT, PRE_STOP, "preStop: {exec: {command: [sh, -c, 'echo sleep 60; sleep $SECONDS']}}"),
        (HPA, "    scaleDown:\n", "    scaleDown:\n      selectPolicy: Disabled\n"),
        (HPA, "    scaleUp:\n", "    scaleUp:\n      selectPolicy: Min\n"),
        (DEPLOYMENT, PRE_STOP, "preStop: {httpGet: {path: /drain, port: http}}"),
        (DEPLOYMENT, GRACE, "terminationGracePeriodSeconds: '${GRACE}'"),
        (DEPLOYMENT, f"      {GRACE}", "      dnsPolicy: ClusterFirst"),
        (DEPLOYMENT, "      containers:", f"      {INIT}\n      containers:"),
        (DEPLOYMENT, "runAsUser: 10001\n", "runAsUser: {{ .Values.user }}\n"),
        (DEPLOYMENT, "        runAsUser: 10001\n", ""),
        (DEPLOYMENT, "capabilities: {drop: [ALL]}", "capabilities: {drop: [ALL]}\n            runAsUser: 10002"),
    ],
)
def test_a_sound_way_of_another_kind_is_not_blamed(oracle, file, before, after):
    text = (oracle / file).read_text()
    assert before in text
    (oracle / file).write_text(text.replace(before, after))
    assert levels(oracle, *HELD) == HELD


def test_a_pod_that_starts_only_when_it_predicts_may_ask_for_no_more_than_life_afterwards(oracle):
    text = (oracle / DEPLOYMENT).read_text().replace("path: /readyz", "path: /healthz").replace("path: /healthz", "path: /readyz", 1)
    assert text.index("startupProbe") < text.index("path: /readyz") < text.index("readinessProbe")
    (oracle / DEPLOYMENT).write_text(text)
    assert levels(oracle, "manifests") == {"manifests": "complete"}


def test_a_tag_that_something_else_sets_moves_nothing(oracle):
    for file, before, after in ((DEPLOYMENT, ":1.0.0", ":latest"), (KUSTOMIZATION, "pdb.yaml]", IMAGES)):
        (oracle / file).write_text((oracle / file).read_text().replace(before, after))
    assert levels(oracle, "rollout_strategy") == {"rollout_strategy": "declared"}


IMAGES = "pdb.yaml]\nimages: [{name: ghcr.io/example/fraud-scoring, newTag: 1.4.2}]"


def test_a_chart_whose_default_sizes_are_empty_declares_none(tmp_path):
    files = STYLES["a chart with resources as a block, and bounds from its values"]
    put(tmp_path, {path: text for path, text in files.items() if not path.startswith("environments")})
    assert levels(tmp_path, "resource_requests", "autoscaling_policy") == {"resource_requests": "none", "autoscaling_policy": "none"}


@pytest.mark.parametrize("submission", SOUND)
def test_the_sound_submissions_keep_full_marks(submission):
    full = FULL | HELD | {"scaling_policy": "reasoned", "base_image_pin": "pinned", "cost_statement": "reasoned", "ci_pipeline": "complete"}
    assert levels(SUBMISSIONS / submission, *full) == full


COPIES = "COPY fraud fraud\nCOPY models models\n"


@pytest.mark.parametrize(
    ("expected", "ignored", "copies"),
    [
        ("half", "**/__pycache__\n*.pyc\n", "COPY . .\n"),
        ("half", ".git\n!.git\n.venv\n", "COPY . /srv/\n"),
        ("half", ".gitignore\n.venv\n", 'COPY ["./", "./"]\n'),
        ("tidy", ".git\n.venv\n", "COPY . .\n"),
        ("tidy", "/.git/\n", "COPY . .\n"),
        ("tidy", "**/.git\n", "COPY . .\n"),
        ("tidy", ".*\n", "COPY . .\n"),
        ("tidy", ".git\n!.git/HEAD\n.venv\n", "COPY . .\n"),
        ("tidy", "**\n!fraud\n!models\n!requirements.lock\n", "COPY . .\n"),
        ("tidy", "**/__pycache__\n", COPIES),
        ("tidy", "**/__pycache__\n", "COPY --exclude=.git . .\n"),
        ("tidy", "**/__pycache__\n", "COPY --from=dependencies . .\n"),
    ],
)
def test_what_is_given_the_whole_context_needs_the_history_kept_out(oracle, expected, ignored, copies):
    (oracle / ".dockerignore").write_text(f"{ignored}data\n")  # the training data are another matter
    (oracle / "Dockerfile").write_text((oracle / "Dockerfile").read_text().replace(COPIES, copies))
    assert levels(oracle, "build_context") == {"build_context": expected}


def test_an_earlier_stage_may_have_everything(oracle):
    (oracle / ".dockerignore").write_text("**/__pycache__\n")
    (oracle / "Dockerfile").write_text((oracle / "Dockerfile").read_text().replace("AS dependencies\n", "AS dependencies\nCOPY . .\n"))
    assert levels(oracle, "build_context") == {"build_context": "tidy"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("README.md", "    kubectl apply -f deploy/k8s/hpa.yaml\n"),
        ("deploy.sh", "kubectl apply -f deploy/\n"),
        ("deploy.sh", "for f in $FILES; do kubectl apply -f $f; done\n"),
        ("skaffold.yaml", "manifests: {rawYaml: [deploy/k8s/*.yaml]}\n"),
        ("deploy/prod/kustomization.yaml", "resources: [../k8s, ../k8s/hpa.yaml]\n"),
    ],
)
def test_what_is_applied_in_another_way_is_not_left_out(oracle, file, text):
    put(oracle, {KUSTOMIZATION: (oracle / KUSTOMIZATION).read_text().replace("hpa.yaml, ", ""), file: text})
    assert levels(oracle, "infrastructure_as_code") == {"infrastructure_as_code": "code"}


def test_a_canary_may_be_applied_by_hand(oracle):
    put(oracle, {KUSTOMIZATION: (oracle / KUSTOMIZATION).read_text().replace("canary.yaml, ", "")})
    assert levels(oracle, "infrastructure_as_code") == {"infrastructure_as_code": "code"}


def in_namespaces(oracle: Path, **told: str) -> None:
    """Writes a namespace into each of the manifests that are named."""
    for name, namespace in told.items():
        file = oracle / f"deploy/k8s/{name}.yaml"
        file.write_text(file.read_text().replace("metadata:\n", f"metadata:\n  namespace: {namespace}\n", 1))


APART = {
    "hpa": {"autoscaling_policy": "none", "scaling_policy": "none", "manifests": "complete"},
    "service": {"autoscaling_policy": "bounded", "scaling_policy": "reasoned", "manifests": "idle"},
}


@pytest.mark.parametrize("file", APART)
@pytest.mark.parametrize("own", ["payments", "default"])
def test_a_scaler_or_a_service_of_another_namespace_sees_nothing(oracle, file, own):
    in_namespaces(oracle, deployment=own, **{file: "web"})
    assert levels(oracle, *APART[file]) == APART[file]


@pytest.mark.parametrize(
    ("told", "kustomized"),
    [
        ({"deployment": "payments", "canary": "payments", "service": "payments", "hpa": "payments"}, ""),
        ({"deployment": "payments"}, ""),  # the others go to wherever they are applied
        ({"service": "default", "hpa": "default"}, ""),
        ({"deployment": "payments", "service": "'{{ .Release.Namespace }}'", "hpa": "${NAMESPACE}"}, ""),
        ({"deployment": "payments", "service": "web", "hpa": "web"}, "namespace: fraud\n"),
    ],
)
def test_namespaces_that_agree_or_are_set_later_are_not_blamed(oracle, told, kustomized):
    in_namespaces(oracle, **told)
    (oracle / KUSTOMIZATION).write_text((oracle / KUSTOMIZATION).read_text() + kustomized)
    sound = {"autoscaling_policy": "bounded", "scaling_policy": "reasoned", "manifests": "complete"}
    assert levels(oracle, *sound) == sound


def test_the_same_workload_in_two_namespaces_has_a_scaler_in_each(tmp_path):
    def placed(text: str, namespace: str) -> str:
        return text.replace("metadata: {name: api}", f"metadata: {{name: api, namespace: {namespace}}}")

    one = workload("Deployment", "api", SERVED) + hpa("api")
    put(tmp_path, {f"{where}/api.yaml": placed(one, where) for where in ("staging", "production")})
    assert levels(tmp_path, *FULL) == FULL


def test_a_port_that_the_program_opens_without_declaring_it_may_be_asked(oracle):
    text = (oracle / DEPLOYMENT).read_text()
    (oracle / DEPLOYMENT).write_text(text.replace("{path: /readyz, port: http}", "{path: /readyz, port: 9900}"))
    assert levels(oracle, "manifests") == {"manifests": "partial"}
    (oracle / "fraud/admin.py").write_text("ADMIN_PORT = 9900\n")
    assert levels(oracle, "manifests") == {"manifests": "complete"}
