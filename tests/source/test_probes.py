"""The repository scan on tiny trees: what it finds, and what does not fool it."""

from __future__ import annotations

import textwrap
from itertools import pairwise

import pytest

from harness.source.probes import TABLE, scan
from harness.source.safe_yaml import documents
from harness.source.view import View

DOCKERFILE = (
    "FROM python:3.11-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    'USER 1000\nHEALTHCHECK CMD x\nCMD ["python", "-m", "svc"]\n'
)
SERVE = "from fastapi import FastAPI\nfrom svc.features import build\napp = FastAPI()\n@app.post('/predict')\ndef predict(x): return build(x)\n"
FEATURES = "def build(x):\n    y = x\n    return [y]\n"
TRAIN = (
    "import joblib\nfrom svc.features import build\n"
    "if __name__ == '__main__':\n    m = Model(random_state=7).fit(build([]))\n    joblib.dump(m, 'm')\n"
)
SERVICE = {"Dockerfile": DOCKERFILE, "requirements.txt": "a==1\n", "svc/__main__.py": SERVE, "svc/features.py": FEATURES, "train.py": TRAIN}
DEPLOYMENT = textwrap.dedent("""\
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec:
      strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0}}
      template:
        spec:
          containers:
            - name: a
              image: a:1
              readinessProbe: {httpGet: {path: /readyz, port: 80}}
              livenessProbe: {httpGet: {path: /healthz, port: 80}}
              resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}
    """)
HPA = (
    "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
    "spec: {scaleTargetRef: {name: a}, minReplicas: 2, maxReplicas: 8, metrics: [{type: Resource}]}\n"
)
HPA_V1 = (
    "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\n"
    "spec: {scaleTargetRef: {name: a}, minReplicas: 2, maxReplicas: 8, targetCPUUtilizationPercentage: 55}\n"
)


def scaled(scaler: str) -> dict[str, str]:
    return {"k8s/a.yaml": DEPLOYMENT + "---\n" + scaler}


def cpu_hpa(target: str) -> str:
    return HPA.replace("{type: Resource}", "{type: Resource, resource: {name: cpu, " + target + "}}")


def keda(triggers: str) -> str:
    return f"apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nspec: {{scaleTargetRef: {{name: a}}, maxReplicaCount: 9, triggers: [{triggers}]}}\n"


REQUESTS_HPA = HPA.replace("{type: Resource}", "{type: Pods, pods: {metric: {name: fraud_in_flight}, target: {averageValue: 20}}}")
KNATIVE = (
    "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\nspec:\n  template:\n"
    "    metadata: {annotations: {autoscaling.knative.dev/maxScale: '5', NOTE}}\n    spec: {containers: [{image: a:1}]}\n"
)
KSERVE = (
    "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a}\n"
    "spec: {predictor: {maxReplicas: 5, NOTE, sklearn: {storageUri: x}}}\n"
)
WORKFLOW = (
    "on: push\njobs:\n  t:\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          pip install .\n          pytest -q\n"
    "      - run: docker build .\n"
)
CARD = """\
# Model card
## Intended use
Scores card payments online so that an analyst can review those with a high probability; not for credit decisions.
## Training data
Six thousand synthetic payments drawn in January with labels after ninety days; nulls are kept where devices are unknown.
## Evaluation metrics
Held-out average precision reaches point four two while the base rate lies near three percent; Brier score shows calibration.
## Limitations
Merchants that appear first after training are underestimated and unseen countries fall back towards an average.
"""
RUNBOOK = """\
# Runbook

## Incident: error rate

Look at the dashboard first, then decide whether the feature store or this service is the culprit; page the platform team
when the store answers slowly for longer than five minutes, otherwise follow these steps and write down what happened
afterwards in the shared log book.

1. `kubectl get pods`
2. `kubectl logs deploy/fraud`

## Rollback

Return to the previous image and watch the error rate fall:

```
kubectl rollout undo deployment/fraud
```
"""
RULES = "groups:\n- name: a\n  rules:\n  - alert: Drift\n    expr: fraud_drift_score > 0.2\n    for: 1m\n"
METADATA = '{"model_version": "3", "data": {"sha256": "%s"}, "metrics": {"auc": 0.9}, "git_commit": "abc", "params": {"depth": 3}}' % ("ab" * 32)

CONFTEST = {
    "tests/conftest.py": "import httpx\ndef client():\n    return httpx.Client()\n",
    "tests/test_a.py": "def test_a(client):\n    assert client.post('/predict').status_code == 200\n",
}

FOUND: list[tuple[str, dict[str, str], float | None]] = [
    ("training_dependencies_pinned", SERVICE | {"requirements-train.txt": "b==1\n"}, 1.0),
    ("base_image_pinned", {"Dockerfile": "FROM python:3.11-slim\n"}, 1),
    ("base_image_pinned", {"Dockerfile": f"FROM python@sha256:{'a' * 64}\n"}, 2),
    ("dependencies_pinned", SERVICE, 1),
    ("dependencies_pinned", {"Dockerfile": "FROM a:1\nRUN pip install --no-cache-dir flask==3.0 'numpy==2.*'\nCMD x"} | {"x": ""}, None),
    ("lock_file", {"uv.lock": "a\n" * 9, "pyproject.toml": "[project]\ndependencies = ['a']\n"}, None),
    ("lock_file", {"requirements.txt": "# autogenerated by pip-compile\na==1\nb==2\n    # via a\n"}, None),
    ("dockerignore", SERVICE | {".dockerignore": "# x\n.git\n"}, None),
    ("dockerignore", SERVICE | {".dockerignore": "**/__pycache__\n"}, None),
    ("dockerignore", SERVICE | {".dockerignore": "*\n!svc\n"}, None),
    ("base_image_pinned", {"Dockerfile": "FROM python:3.11 AS b\nFROM python:3.11\nCOPY --from=b /a /a\nCOPY --from=0 /b /b\n"}, 1),
    ("multi_stage_build", {"Dockerfile": "FROM a:1 AS b\nFROM a:1\nCOPY --from=b /x /x\n"}, 2),
    ("nonroot_user_declared", SERVICE, None),
    ("healthcheck_declared", SERVICE, None),
    ("kubernetes_manifests", {"k8s/a.yaml": DEPLOYMENT}, 1),
    ("kubernetes_manifests", {"chart/templates/a.yaml": DEPLOYMENT.replace("image: a:1", 'image: "{{ .Values.image }}"')}, 1),
    ("manifest_probes", {"k8s/a.yaml": DEPLOYMENT}, None),
    ("manifest_resources", {"k8s/a.yaml": DEPLOYMENT}, None),
    ("manifest_rollout", {"k8s/a.yaml": DEPLOYMENT}, None),
    ("autoscaler", {"k8s/a.yaml": DEPLOYMENT + "---\n" + HPA}, 8),
    ("declared_cpu_request", {"k8s/a.yaml": DEPLOYMENT}, 1),
    ("declared_cpu_request", {"k8s/a.yaml": DEPLOYMENT.replace("cpu: 1,", "cpu: 250m,")}, 0.25),
    ("declared_cpu_request", {"k8s/a.yaml": DEPLOYMENT.replace("requests: {cpu: 1, memory: 1Gi}, limits: {", "limits: {cpu: 0.5, ")}, 0.5),
    ("declared_cpu_limit", {"k8s/a.yaml": DEPLOYMENT.replace("limits: {", 'limits: {cpu: "2", ')}, 2),
    ("declared_memory_request", {"k8s/a.yaml": DEPLOYMENT}, 1024),
    ("declared_memory_request", {"k8s/a.yaml": DEPLOYMENT.replace("requests: {cpu: 1, memory: 1Gi}", "requests: {memory: 134217728}")}, 128),
    ("declared_memory_limit", {"k8s/a.yaml": DEPLOYMENT.replace("limits: {memory: 1Gi}", "limits: {memory: 268435456}")}, 256),
    ("declared_memory_limit", {"k8s/a.yaml": DEPLOYMENT.replace("limits: {memory: 1Gi}", "limits: {memory: 2e9}")}, 2e9 / 2**20),
    ("autoscaler_cpu_target", scaled(cpu_hpa("target: {type: Utilization, averageUtilization: 60}")), 60),
    ("autoscaler_cpu_target", scaled(cpu_hpa("target: {type: AverageValue, averageValue: 300m}")), 30),
    ("autoscaler_cpu_target", scaled(cpu_hpa("targetAverageUtilization: 70")), 70),
    ("autoscaler_cpu_target", scaled(HPA_V1), 55),
    ("autoscaler_cpu_target", scaled(keda("{type: cpu, metricType: Utilization, metadata: {value: '65'}}")), 65),
    ("autoscaler_cpu_target", scaled(keda("{type: cpu, metadata: {type: AverageValue, value: 500m}}")), 50),
    ("autoscaler_cpu_target", {"a.yml": KNATIVE.replace("NOTE", "autoscaling.knative.dev/metric: cpu, autoscaling.knative.dev/target: 75")}, 75),
    ("autoscaler_cpu_target", {"k8s/a.yaml": KSERVE.replace("NOTE", "scaleMetric: cpu, scaleTarget: 80")}, 80),
    ("autoscaler_other_metric", scaled(REQUESTS_HPA), 1),
    ("autoscaler_other_metric", scaled(keda("{type: prometheus, metadata: {query: x}}, {type: cpu, metadata: {}}")), 1),
    ("autoscaler_other_metric", {"k8s/a.yaml": KNATIVE.replace("NOTE", "autoscaling.knative.dev/target: '20'")}, 1),
    ("autoscaler_other_metric", {"k8s/a.yaml": KSERVE.replace("NOTE", "scaleMetric: rps")}, 1),
    ("infrastructure_as_code", {"k8s/a.yaml": DEPLOYMENT, "main.tf": 'resource "a" "b" {}\n'}, 2),
    ("ci_workflow", {".github/workflows/ci.yml": WORKFLOW}, None),
    ("ci_runs_tests", {".github/workflows/ci.yml": WORKFLOW}, None),
    ("ci_builds_image", {".github/workflows/ci.yml": WORKFLOW}, None),
    ("training_script", SERVICE, None),
    ("training_command", SERVICE | {"Makefile": "train:\n\tpython train.py\n"}, None),
    ("training_command", SERVICE | {"MLproject": "entry_points:\n  main:\n    command: \"python train.py\"\n"}, None),
    ("training_command", SERVICE | {"dvc.yaml": "stages: {t: {cmd: python -m train}}"}, None),
    ("pipeline_definition", SERVICE | {"dvc.yaml": "stages: {a: {cmd: x}, b: {cmd: y}}"}, 2),
    ("pipeline_definition", SERVICE | {"Makefile": "data:\n\tcurl x\nmodel: data\n\tpython train.py\n"}, 2),
    ("shared_preprocessing", SERVICE, None),
    ("seeds_fixed", SERVICE, None),
    ("tests_present", {"tests/test_a.py": "def test_a():\n    assert f() == 1\n"}, 1),
    ("tests_present", {"tests/test_a.py": "@pytest.mark.skipif(WINDOWS, reason='x')\ndef test_a():\n    assert f()\n"}, 1),
    ("tests_present", {"tests/test_a.py": "@pytest.mark.parametrize('x', [1])\ndef test_a(x):\n    assert x\n"}, 1),
    ("pipeline_definition", SERVICE | {"dvc.yaml": "stages: {a: {cmd: [echo a, python x.py]}, b: {foreach: [1], do: {cmd: y}}}"}, 2),
    ("manifest_probes", {"k8s/a.yaml": DEPLOYMENT.replace("{httpGet: {path: /readyz, port: 80}}", "{exec: {command: [test, -f, /tmp/ok]}}")}, None),
    ("tests_cover_serving", SERVICE | {"tests/test_a.py": "from svc.__main__ import app\ndef test_a():\n    assert app.x\n"}, 1),
    ("tests_present", {"test/a.test.mjs": "import assert from 'node:assert'\ntest('a', () => { assert.equal(f(), 1) })\n"}, 1),
    ("tests_cover_serving", SERVICE | CONFTEST, 1),
    ("tests_cover_serving", {"test/a.test.mjs": "test('a', async () => { const r = await fetch(url + '/predict'); assert.ok(r.ok) })\n"}, 1),
    ("data_validation", SERVICE | {"train.py": TRAIN + "def check_rows(r):\n    if not r:\n        raise ValueError\ncheck_rows([])\n"}, None),
    ("data_versioned", SERVICE | {"data/train.csv.dvc": "outs:\n- md5: 0123456789abcdef\n  path: train.csv\n"}, None),
    ("data_versioned", SERVICE | {"data/manifest.json": '{"sha256": "%s"}' % ("ab" * 32)}, None),
    ("data_versioned", SERVICE | {"models/model.json": '{"lineage": {"data": {"sha256": "%s"}}}' % ("ab" * 32)}, None),
    ("experiment_tracking", SERVICE | {"train.py": "import mlflow\n" + TRAIN + "    mlflow.log_metric('a', 1)\n"}, None),
    ("artifact_metadata", SERVICE | {"model/metadata.json": METADATA}, None),
    ("lineage_metadata", SERVICE | {"model/metadata.json": METADATA}, None),
    ("lineage_metadata", SERVICE | {"model/metadata.json": '{"data_sha256": "ab", "code_sha256": "cd", "params": {"rate": 1}}'}, None),
    ("model_card", {"MODEL_CARD.md": CARD}, 4),
    ("runbook", {"docs/RUNBOOK.md": RUNBOOK}, None),
    ("rollback_documented", {"docs/RUNBOOK.md": RUNBOOK}, None),
    ("cost_statement", {"README.md": "# Cost\n\nOne core serves it for about **$0.31 per million predictions** on a small instance.\n"}, 0.31),
    ("cost_statement", {"README.md": "It costs 4 cents per 1,000 predictions.\n"}, 40),
    ("cost_statement", {"COST.md": "- EUR 2 per million at 100/s\n- at the SLO: EUR 0.05 per million\n"}, 0.05),
    ("sizing_rationale", {"README.md": "Measured: one replica with 1 CPU sustains 240 rps at p99 31 ms, so two replicas leave headroom.\n"}, None),
    ("alert_rules", {"alerts.yml": RULES}, 1),
    ("dashboard", {"grafana/d.json": '{"panels": [{"targets": [{"expr": "up"}]}, {"type": "text"}]}'}, 1),
    ("secrets_absent", SERVICE, None),
    ("notebooks_only", {"a.ipynb": '{"cells": ["m.fit(x)"]}'}, None),
]

LOCKED = {
    "Dockerfile": "FROM python:3.11\nCOPY requirements.lock .\nRUN pip install --require-hashes -r requirements.lock\n",
    "requirements.lock": "aiohttp==3.1 --hash=sha256:ab\n",
}
"""Sound by itself."""

FOOLED: list[tuple[str, dict[str, str], bool]] = [
    ("base_image_pinned", {"Dockerfile": "FROM python\n"}, True),
    ("base_image_pinned", {"README.md": "x"}, False),
    ("dependencies_pinned", SERVICE | {"requirements.txt": "a==1\nb>=2\n"}, True),
    ("training_dependencies_pinned", SERVICE | {"requirements-train.txt": "b\n"}, True),
    ("lock_file", {"uv.lock": "", "requirements.txt": "a\n"}, True),
    ("dockerignore", SERVICE | {".dockerignore": "# nothing\n"}, True),
    ("dockerignore", SERVICE | {".dockerignore": "*.tmp\nno-such-folder\n"}, True),
    ("dockerignore", SERVICE | {".dockerignore": "*\n!**\n"}, True),
    ("base_image_pinned", {"Dockerfile": "FROM python:3.11\nCOPY --from=tools:latest /a /a\n"}, True),
    ("multi_stage_build", {"Dockerfile": "FROM a:1 AS b\nFROM a:1\n"}, True),
    ("nonroot_user_declared", {"Dockerfile": "FROM a:1\nUSER app\nUSER root\n"}, True),
    ("healthcheck_declared", {"Dockerfile": "FROM a:1\nHEALTHCHECK NONE\n"}, True),
    ("kubernetes_manifests", {"k8s/deployment.yaml": "# kind: Deployment\n", "k8s/b.yaml": "apiVersion: v1\nkind: Deployment\nspec: {}\n"}, True),
    ("manifest_probes", {"k8s/a.yaml": DEPLOYMENT.replace("{httpGet: {path: /readyz, port: 80}}", "{}")}, True),
    ("manifest_probes", {"README.md": "readinessProbe livenessProbe"}, False),
    ("manifest_resources", {"k8s/a.yaml": DEPLOYMENT.replace("limits: {memory: 1Gi}", "limits: {}")}, True),
    ("manifest_rollout", {"k8s/a.yaml": DEPLOYMENT.replace("strategy", "other")}, True),
    ("autoscaler", {"k8s/a.yaml": DEPLOYMENT + "---\n" + HPA.replace("maxReplicas: 8", "maxReplicas: 2")}, True),
    ("declared_cpu_request", {"k8s/a.yaml": DEPLOYMENT.replace("cpu: 1,", "cpu: plenty,")}, True),
    ("declared_cpu_request", {"k8s/a.yaml": DEPLOYMENT.replace("cpu: 1,", "cpu: -1,")}, True),
    ("declared_cpu_request", {"README.md": "requests: {cpu: 1}"}, False),
    ("declared_cpu_limit", {"k8s/a.yaml": DEPLOYMENT}, True),
    ("declared_memory_request", {"k8s/a.yaml": DEPLOYMENT.replace("memory: 1Gi", "memory: {of: [1]}")}, True),
    ("declared_memory_limit", {"k8s/a.yaml": DEPLOYMENT.replace("limits: {memory: 1Gi}", "limits: {memory: 1 GB}")}, True),
    ("autoscaler_cpu_target", {"k8s/a.yaml": DEPLOYMENT + "---\n" + HPA}, True),
    ("autoscaler_cpu_target", scaled(cpu_hpa("target: {averageUtilization: lots}")), True),
    ("autoscaler_cpu_target", scaled(REQUESTS_HPA), True),
    ("autoscaler_cpu_target", {"k8s/a.yaml": KNATIVE.replace("NOTE", "autoscaling.knative.dev/target: '20'")}, True),
    ("autoscaler_cpu_target", {"k8s/a.yaml": DEPLOYMENT}, True),
    ("autoscaler_other_metric", scaled(HPA_V1), True),
    ("autoscaler_other_metric", {"README.md": "scales on requests in flight"}, False),
    ("ci_workflow", {".github/workflows/ci.yml": ""}, True),
    ("ci_runs_tests", {".github/workflows/ci.yml": "jobs: {a: {steps: [{run: 'echo pytest'}]}, b: {steps: [{run: ls}]}}"}, True),
    ("ci_runs_tests", {"README.md": "pytest"}, False),
    ("ci_runs_tests", {".gitlab-ci.yml": "a: {script: [pip install pytest && ruff check]}"}, True),
    ("training_script", {"train.py": ""}, True),
    ("training_script", {"train.ipynb": '{"cells": ["m.fit(x)"]}'}, True),
    ("training_command", SERVICE | {"Makefile": "train:\n\t# python train.py\n\techo python train.py\n"}, True),
    ("pipeline_definition", SERVICE | {"Makefile": "lint:\n\truff\ntrain:\n\tpython train.py\n"}, True),
    ("shared_preprocessing", SERVICE | {"svc/features.py": "X = 1\n"}, True),
    ("shared_preprocessing", SERVICE | {"train.py": TRAIN.replace("from svc.features", "from elsewhere")}, True),
    ("seeds_fixed", SERVICE | {"train.py": TRAIN.replace("7", "None")}, True),
    ("tests_present", {"tests/test_a.py": "def test_a():\n    assert True\ndef test_b():\n    pass\n"}, True),
    ("tests_present", {"tests/test_a.py": "def test_a():\n    assert 1 == 1\n"}, True),
    ("tests_present", {"tests/test_a.py": "@pytest.mark.skip(reason='x')\ndef test_a():\n    assert f()\n"}, True),
    ("tests_present", {"tests/test_a.py": "@pytest.mark.xfail\ndef test_a():\n    assert f()\n"}, True),
    ("tests_present", {"tests/test_a.py": "def test_a():\n    pytest.skip('later')\n    assert f()\n"}, True),
    ("tests_present", {"tests/test_a.py": "pytestmark = [pytest.mark.skip]\ndef test_a():\n    assert f()\n"}, True),
    ("pipeline_definition", SERVICE | {"dvc.yaml": "stages: {a: {cmd: echo prepare}, b: {cmd: python train.py}}"}, True),
    ("pipeline_definition", SERVICE | {"Makefile": "data:\n\t@echo data\nmodel: data\n\tpython train.py\n"}, True),
    ("manifest_probes", {"k8s/a.yaml": DEPLOYMENT.replace("{httpGet: {path: /readyz, port: 80}}", "{exec: {command: [sh, -c, 'exit 0']}}")}, True),
    ("manifest_probes", {"k8s/a.yaml": DEPLOYMENT.replace("{httpGet: {path: /healthz, port: 80}}", "{exec: {command: ['true']}}")}, True),
    ("tests_cover_serving", SERVICE | {"tests/test_a.py": "def test_a():\n    assert 1 + x == 2\n"}, True),
    ("tests_present", {"test/a.test.mjs": "test('a', () => { run() })\ntest('b', () => { assert(true) })\n"}, True),
    ("tests_cover_serving", {"test/a.test.mjs": "test('a', () => { assert.equal(1 + x, 2) })\n"}, True),
    ("dependencies_pinned", LOCKED | {"Dockerfile": LOCKED["Dockerfile"] + "RUN pip install pandas\n"}, True),
    ("data_validation", SERVICE | {"train.py": TRAIN + "def check_rows(r):\n    pass\ncheck_rows([])\n"}, True),
    ("data_versioned", SERVICE | {"data/train.csv.dvc": ""}, True),
    ("experiment_tracking", SERVICE | {"train.py": "import mlflow\n" + TRAIN}, True),
    ("artifact_metadata", SERVICE | {"model/metadata.json": '{"model_version": "", "data_version": "", "metrics": {}}'}, True),
    ("model_card", {"MODEL_CARD.md": "## Intended use\n## Data\n## Metrics\n## Limitations\n"}, True),
    ("model_card", {"MODEL_CARD.md": "".join(f"## {t}\n" + "word " * 50 + "\n" for t in ("Use", "Data", "Metrics", "Limits"))}, True),
    ("runbook", {"RUNBOOK.md": "# Runbook\nTODO\n"}, True),
    ("rollback_documented", {"README.md": "# Rollback\nto do\n"}, True),
    ("cost_statement", {"README.md": "State the cost per million predictions.\n"}, True),
    ("sizing_rationale", {"README.md": "# Sizing\n1 CPU\n"}, True),
    ("alert_rules", {"alerts.yml": "groups:\n- rules:\n  - alert: A\n    expr: ''\n"}, True),
    ("dashboard", {"grafana/d.json": '{"panels": [{"type": "text"}]}'}, True),
    ("secrets_absent", {"a.py": "K = 'AKIA" + "ABCDEFGHIJKLMNOP'\n"}, True),
    ("secrets_absent", {".env": "API_TOKEN=q8Zr2LkT9vXw4Yp7Nd3Hs6Bf\n"}, True),
    ("notebooks_only", SERVICE | {"a.ipynb": '{"cells": ["m.fit(x)"]}'}, True),
]


@pytest.mark.parametrize(("id", "files", "value"), FOUND)
def test_it_is_found_where_it_is(id: str, files: dict[str, str], value: float | None, make_tree) -> None:
    probe = scan(make_tree(files)).probes[id]
    if id == "dependencies_pinned" and "x" in files:
        assert (probe.found, probe.value) == (False, 0.5)
        return
    assert probe.subject and probe.found, probe.detail
    assert value is None or probe.value == value
    assert probe.places or id in ("secrets_absent", "dependencies_pinned")


@pytest.mark.parametrize(("id", "files", "subject"), FOOLED)
def test_an_imitation_does_not_pass(id: str, files: dict[str, str], subject: bool, make_tree) -> None:
    probe = scan(make_tree(files)).probes[id]
    assert (probe.subject, probe.found) == (subject, False), probe.detail


def test_what_a_gunicorn_configuration_serves_is_what_serves(make_tree) -> None:
    started = {"Dockerfile": 'FROM python:3.11\nCMD ["gunicorn", "-c", "gunicorn.conf.py"]\n'}
    files = SERVICE | started | {"gunicorn.conf.py": 'wsgi_app = "svc.__main__:app"\n'}
    assert scan(make_tree(files)).probes["shared_preprocessing"].found


def test_a_lock_file_excuses_what_is_installed_from_it_and_nothing_beside_it(make_tree) -> None:
    assert scan(make_tree(LOCKED)).probes["dependencies_pinned"].found
    chained = LOCKED | {"Dockerfile": LOCKED["Dockerfile"].rstrip() + " && pip install pandas\n"}
    probe = scan(make_tree(chained)).probes["dependencies_pinned"]
    assert (probe.found, probe.value) == (False, 0.5), probe.detail


def test_every_probe_has_a_true_and_a_false_example() -> None:
    assert {id for id, _, _ in FOUND} == set(TABLE)
    assert {id for id, _, _ in FOOLED} | {"ci_builds_image", "infrastructure_as_code", "lineage_metadata"} == set(TABLE)


def test_an_empty_tree_scans_without_error_and_finds_nothing(make_tree) -> None:
    assert not any(probe.found for probe in scan(make_tree({})).probes.values())


def test_evidence_never_holds_a_secret_or_control_characters(make_tree) -> None:
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    ci = f"on: push\njobs: {{t: {{steps: [{{run: 'API_TOKEN=hunter2 KEY={key} pytest -q && docker login -p hunter2 && docker build .'}}]}}}}\n"
    readme = "# Rollback \x1b[31m\u202e\n`roll` back to the previous version and look at the errors\n"
    evidence = scan(make_tree({"a.py": f"K = '{key}'", "README.md": readme, ".github/workflows/a.yml": ci}))
    text = evidence.model_dump_json()
    assert "docker build ." in text and "hunter2" not in text
    assert key not in text and "\\u001b" not in text and "\u202e" not in text
    assert [(place.file, place.line) for place in evidence.probes["secrets_absent"].places] == [(".github/workflows/a.yml", 2), ("a.py", 1)]


def test_vendored_folders_count_for_nothing(make_tree) -> None:
    files = {f"{folder}/tests/test_a.py": "def test_a():\n    assert f()\n" for folder in ("node_modules", "venv/lib", "x/site-packages")}
    assert not scan(make_tree(files)).probes["tests_present"].found


def test_text_that_every_candidate_is_given_earns_nothing(make_tree, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "It serves for $0.30 per million predictions on one small core."
    view = View(make_tree({"README.md": f"# A\n\n{sentence}\n"}), frozenset({"it serves for 0 30 per million predictions on one small core"}))
    assert not TABLE["cost_statement"](view).found


def _levels(item: str, names: str) -> str:
    """YAML where each level refers nine times to the one before."""
    return "".join(f"{name}: &{name} " + item.replace("@", ", ".join([f"*{before}"] * 9)) + "\n" for before, name in pairwise(names))


BOMBS = {
    "aliases": "a: &a [x]\n" + _levels("[@]", "abcdefghijklmnopq") + "r: [" + "*q, " * 200 + "]",
    "merges": "a: &a {x: 1}\n" + _levels("{<<: [@]}", "abcdefghi"),
    "aliases of aliases": "a: &a [x]\n" + _levels("[@, @]", "abcdefghi"),
    "aliases of keys": "a: &a {x: 1}\n" + "".join(f"{b}: &{b} {{{', '.join(f'k{n}: *{a}' for n in range(20))}}}\n" for a, b in pairwise("abcdefgh")),
    "itself": "a: &a [*a]",
    "itself, deeper": "a: &a {b: [{c: *a}]}",
    "a long text": "a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 20 + "]",
    "a long number": "a: 0x" + "f" * 9000,
    "depth": "[" * 5000,
    "objects": "a: !!python/object/apply:os.system ['touch /tmp/x']",
    "size": "a: 1\n" * 300_000,
    "a date that is none": "a: 2024-99-99",
    "an unhashable key": "? [a]\n: 1",
}


@pytest.mark.parametrize("what", BOMBS)
def test_hostile_yaml_is_refused_quickly(what: str) -> None:
    assert documents(BOMBS[what]) is None


def test_aliases_that_stand_for_little_are_read() -> None:
    text = "x: &x {image: a:1, env: &e [A, B]}\n" + "".join(f"s{n}: {{<<: *x, more: *e}}\n" for n in range(90)) + "---\nx: &x 1\ny: *x\n"
    found = documents(text)
    assert found is not None and found[0]["s89"] == {"image": "a:1", "env": ["A", "B"], "more": ["A", "B"]} and found[1]["y"] == 1


def test_numbers_that_nobody_can_write_down_do_not_break_the_scan(make_tree) -> None:
    digits = "9" * 4000
    files = {
        "tests/test_a.py": f"def test_a():\n    assert 0x{digits} == 0x{digits}\n", "m.json": f'{{"auc": {digits}}}', "n.json": '{"auc": 0.8}',
        "MODEL_CARD.md": "# Model card\n\nAUC 0.9\n", "k/a.yaml": f"{{apiVersion: v1, kind: Pod, spec: {{replicas: 0x{digits}}}}}",
        "a.tf": f'resource "kubernetes_deployment" "a" {{\n  replicas = {digits}\n}}\n',
        "c.tf": f'resource "aws_ecs_task_definition" "b" {{\n  cpu = {digits}\n}}\n',
        "b.tf": 'resource "kubernetes_deployment" "a" {\n  replicas = \u00b2\n}\n', "Dockerfile": f"FROM a\nEXPOSE {digits}9999\n",
        "kustomization.yaml": "patches: [{target: {kind: Pod}, patch: '[{op: add, path: /spec/\u00b2, value: 1}]'}]",
    }  # fmt: skip
    assert set(scan(make_tree(files)).probes) == set(TABLE)


def test_hostile_files_do_not_break_the_scan(make_tree) -> None:
    files = {
        "a.py": "(" * 50_000, "b.py": "-" * 100_000 + "1", "c.py": "x = 1\0", "d.json": "[" * 100_000, "e.json": "9" * 100_000, "f.md": "#" * 100_000,
        "g.md": "$1 " * 50_000, "h.md": "# x\n" * 20_000, "Makefile": "a: " + "b " * 50_000, "i.env": "token=" * 20_000,
        "requirements.txt": "a" * 200_000, "j.md": "1 cpu " * 20_000, "k.yaml": "groups: [[[]]]", "l.yaml": "- " * 30_000,
        "Dockerfile": "FROM a\nRUN " + "pip install " * 20_000, "dvc.yaml": "stages: 3", "docker-compose.yml": "services: []",
        "k8s/a.yaml": DEPLOYMENT.replace("cpu: 1,", f"cpu: 0x{'f' * 9000},").replace("limits: {memory: 1Gi}", "limits: [a]") + "---\n" + HPA,
        "k8s/b.yaml": _levels("[@]", "abcdefg").replace("@", "") + "apiVersion: apps/v1\nkind: Deployment\n"
        "spec: {x: {containers: [{image: a, resources: {requests: {cpu: *g, memory: .inf}}}]}}\n",
        "k8s/c.yaml": HPA.replace("maxReplicas: 8", "maxReplicas: .inf"), "COST.md": "1," * 60_000, "RATES.md": "$1 per million " * 8_000,
        "main.tf": 'resource "aws_ecs_task_definition" "a" {\n' * 10_000, "vars.tf": 'variable "a" {' * 30_000,
        "TODO.md": "- TODO x\n" * 14_000,
        "SUMS.md": "$1 per million 1 x " * 60 + "= $1 " * 20_000, "<!--.md": "<!--" * 30_000,
        "chart/Chart.yaml": "a: b", "chart/values.yaml": "a: {b: 1}",
        "chart/templates/a.yaml": "{{- if .Values.a }}\n" * 5_000 + "a: {{ .Values.a.b | default " * 4_000, "data/SHA256SUMS": "0" * 200_000,
        "k8s/kustomization.yaml": "patches: [" + "{target: {kind: Service}, patch: '[{op: add, path: /a/b}]'}, " * 5_000 + "]",
        "k8s/d.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {a: b}}\n---\n" * 3_000,
        ".gitlab-ci.yml": "a: {extends: a}",
        ".github/workflows/b.yml": "on: push\njobs: {a: {steps: [" + "{uses: ./.github/a}, " * 3_000 + "]}}", "submission.toml": "train_command = 3",
        ".github/a/action.yml": "runs: {steps: [" + "{uses: ./.github/a}, " * 3_000 + "]}", "a.sh": "./a.sh\n" * 5_000, "train.dvc": "md5: [",
        ".github/workflows/a.yml": "jobs: [1]", "pyproject.toml": "[project]\ndependencies = 3",
    }  # fmt: skip
    assert set(scan(make_tree(files)).probes) == set(TABLE)
