"""Pods that are killed, held fast or left without something by what is declared, and sound ones of other kinds, through scan and checks."""

from __future__ import annotations

import json
import textwrap

import pytest

from checks.scanned import SOUND, SUBMISSIONS, levels, put, scanned

DEPLOYMENT, HPA, BUDGET, KUSTOMIZATION, CANARY = (f"deploy/k8s/{name}.yaml" for name in ("deployment", "hpa", "pdb", "kustomization", "canary"))
MAIN, SETTINGS, FEATURES = "fraud/__main__.py", "fraud/settings.py", "fraud/store.py"
FULL = {"manifests": "complete", "rollout_strategy": "declared"}
FEWEST, GRACE = "minAvailable: 1", "terminationGracePeriodSeconds: 15"
LIVE = "periodSeconds: 10\n            timeoutSeconds: 2\n            failureThreshold: 3"
START = "periodSeconds: 1\n            failureThreshold: 30"
HEALTH = "httpGet: {path: /healthz, port: http}"
PORT = '- {name: PORT, value: "8090"}'
STORE = '            - {name: FEATURE_STORE_URL, value: "http://feature-store:8080"}\n'
STATE = "{name: DATA_DIR, value: /data}"
MOUNT = "            - {name: data, mountPath: /data}\n            - {name: tmp"
READ = 'env.get("FEATURE_STORE_URL", "")'
SELECTOR = "matchLabels: {app: fraud-scoring, track: stable}"
PAUSE, DRAIN = "await asyncio.sleep(settings.drain_s)", "drain_s: float = 1.0"
CONFIG = "envFrom: [{configMapRef: {name: settings}}]\n          env:"
PATCH = "[{op: replace, path: /spec/minAvailable, value: 2}]"
ROOM = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: fraud-scoring}\nspec: {maxUnavailable: 1}\n"
WAITS = "exec: {command: [sh, -c, 'until curl -f localhost:8090/healthz; do sleep 1; done']}"
NO_HOOK = (DEPLOYMENT, 'preStop: {exec: {command: ["sleep", "3"]}}', "postStart: {exec: {command: ['true']}}")
HANDLER = (MAIN, "    service = Service", "    def on_signal():\n        stop.set()\n        time.sleep(20)\n\n    service = Service")
Change = tuple[str, str, str]


def changed(root, *changes: Change) -> None:
    for file, before, after in changes:
        text = (root / file).read_text() if (root / file).exists() else ""
        assert before in text
        put(root, {file: text.replace(before, after, 1) if before else after})


@pytest.mark.parametrize(
    "changes",
    [
        [(BUDGET, FEWEST, "minAvailable: 100%")],
        [(BUDGET, FEWEST, "minAvailable: '100%'")],
        [(BUDGET, FEWEST, "minAvailable: 2")],
        [(BUDGET, FEWEST, "minAvailable: 5")],
        [(BUDGET, FEWEST, "minAvailable: 51%")],  # of two that is both
        [(BUDGET, FEWEST, "maxUnavailable: 0")],
        [(BUDGET, FEWEST, "maxUnavailable: 0%")],
        [(BUDGET, FEWEST, "maxUnavailable: 0"), (HPA, "minReplicas: 2", "minReplicas: '${MIN}'")],
        [(BUDGET, FEWEST, "maxUnavailable: 0"), (BUDGET, SELECTOR, "matchExpressions: [{key: track, operator: In, values: [stable]}]")],
        [(HPA, "minReplicas: 2", "minReplicas: 1")],
        [(HPA, "  minReplicas: 2\n", "")],
        [(HPA, "name: fraud-scoring}", "name: fraud}"), (BUDGET, FEWEST, "minAvailable: 2")],
        [(KUSTOMIZATION, "pdb.yaml]", f"pdb.yaml]\npatches: [{{target: {{kind: PodDisruptionBudget}}, patch: '{PATCH}'}}]")],
        [(KUSTOMIZATION, "pdb.yaml", "budget.yml"), ("deploy/k8s/budget.yml", "", json.dumps({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"},
            "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "fraud-scoring"}}},
        })), (BUDGET, "minAvailable: 1", "minAvailable: 100%")],
        [(DEPLOYMENT, "maxUnavailable: 0, maxSurge: 1", "maxUnavailable: 0, maxSurge: 0")],
        [(DEPLOYMENT, "maxUnavailable: 0, maxSurge: 1", "maxUnavailable: 0%, maxSurge: 0%")],
    ],
)  # fmt: skip
def test_pods_that_may_never_leave_are_stuck(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, *FULL) == {"manifests": "complete", "rollout_strategy": "stuck"}


@pytest.mark.parametrize(
    "changes",
    [
        [(BUDGET, FEWEST, "minAvailable: 50%")],
        [(BUDGET, FEWEST, "maxUnavailable: 1")],
        [(BUDGET, FEWEST, "maxUnavailable: 1%")],  # which is rounded up
        [(BUDGET, FEWEST, "maxUnavailable: '0'")],  # no cluster takes that one
        [(BUDGET, FEWEST, "minAvailable: '{{ .Values.fewest }}'")],
        [(BUDGET, FEWEST, "maxUnavailable: 0"), (BUDGET, SELECTOR, "matchLabels: {app: warehouse}")],
        [(BUDGET, FEWEST, "maxUnavailable: 0"), (BUDGET, SELECTOR, "matchExpressions: [{key: track, operator: NotIn, values: [stable]}]")],
        [(BUDGET, FEWEST, "maxUnavailable: 0"), (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml]\npatches: [{path: more.yaml}]"),
         ("deploy/k8s/more.yaml", "", ROOM)],
        [(BUDGET, FEWEST, "minAvailable: 3"), (HPA, "minReplicas: 2", "minReplicas: 4")],
        [(BUDGET, FEWEST, "minAvailable: 2"), (HPA, "minReplicas: 2", "minReplicas: '${MIN}'")],
        [(HPA, "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler", "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject")],
        [(HPA, "name: fraud-scoring}", "name: fraud}"), (DEPLOYMENT, "  replicas: 2 ", "  #")],  # scaled by hand
        [(BUDGET, FEWEST, "minAvailable: 2"), (BUDGET, SELECTOR, "matchLabels: {app: fraud-scoring}"), (CANARY, "replicas: 0", "replicas: 1")],
        [(DEPLOYMENT, "maxUnavailable: 0, maxSurge: 1", "maxUnavailable: 0, maxSurge: 50%")],
        [(DEPLOYMENT, "maxUnavailable: 0, maxSurge: 1", "maxUnavailable: 1, maxSurge: 0")],
        [(DEPLOYMENT, "maxUnavailable: 0, maxSurge: 1", "maxUnavailable: 0")],
    ],
)  # fmt: skip
def test_pods_of_which_one_may_leave_are_not_stuck(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, "rollout_strategy") == {"rollout_strategy": "declared"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LIVE, "periodSeconds: 1\n            timeoutSeconds: 1\n            failureThreshold: 1"),
        (LIVE, "periodSeconds: 30\n            failureThreshold: 1"),
        (LIVE, "periodSeconds: 1\n            failureThreshold: 2"),
        ("httpGet: {path: /healthz, port: http}\n            " + LIVE, "exec: {command: [cat, /tmp/alive]}\n            failureThreshold: 1"),
        (START, "periodSeconds: 1\n            failureThreshold: 1"),
        (START, "initialDelaySeconds: 0\n            failureThreshold: 1"),
    ],
)
def test_a_probe_that_kills_at_once_is_none(oracle, before, after):
    changed(oracle, (DEPLOYMENT, before, after))
    assert levels(oracle, *FULL) == FULL | {"manifests": "partial"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LIVE, "initialDelaySeconds: 20"),
        (LIVE, "periodSeconds: 1\n            timeoutSeconds: 1\n            failureThreshold: 3"),
        (LIVE, "periodSeconds: 5\n            timeoutSeconds: 5\n            failureThreshold: 1"),
        (LIVE, "failureThreshold: '${THRESHOLD}'"),
        (LIVE, "failureThreshold: {{ .Values.threshold }}\n            periodSeconds: 1"),
        ("periodSeconds: 2\n            timeoutSeconds: 1\n            failureThreshold: 2", "periodSeconds: 1\n            failureThreshold: 1"),
        (START, "initialDelaySeconds: 20\n            failureThreshold: 1"),
        (START, "periodSeconds: 5\n            failureThreshold: 2"),
        (f"{HEALTH}\n            {START}", f"{WAITS}\n            timeoutSeconds: 60\n            failureThreshold: 1"),
    ],
)  # fmt: skip
def test_a_probe_with_patience_keeps_its_credit(oracle, before, after):
    changed(oracle, (DEPLOYMENT, before, after))
    assert levels(oracle, *FULL) == FULL


def test_the_one_look_of_a_serverless_platform_waits_by_itself(tmp_path):
    text = """\
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata: {name: api}
        spec:
          template:
            spec:
              containers:
                - image: api:1.2
                  startupProbe: {tcpSocket: {port: 8090}, timeoutSeconds: 240, periodSeconds: 240, failureThreshold: 1}
                  livenessProbe: {httpGet: {path: /healthz, port: 8090}}
                  resources: {limits: {cpu: '1', memory: 512Mi}}
        """
    assert levels(put(tmp_path, {"service.yaml": textwrap.dedent(text)}), "manifests") == {"manifests": "complete"}


@pytest.mark.parametrize(
    "changes",
    [
        [(DEPLOYMENT, GRACE, "terminationGracePeriodSeconds: 4")],
        [(DEPLOYMENT, GRACE, "terminationGracePeriodSeconds: 0")],
        [(SETTINGS, DRAIN, "drain_s: float = 20")],
        [(MAIN, PAUSE, "await asyncio.sleep(12)")],
        [(MAIN, PAUSE, "await asyncio.sleep(PAUSE_S)"), (MAIN, "LOG = ", "PAUSE_S = 12.5\nLOG = ")],
        [(MAIN, PAUSE, "try:\n        time.sleep(14)\n    finally:\n        LOG.info('late')")],
        [(MAIN, "sign, stop.set)", "sign, lambda: stop.set())"), (DEPLOYMENT, GRACE, "terminationGracePeriodSeconds: 4")],
        [(MAIN, "sign, stop.set)", "sign, on_signal)"), HANDLER],
        [NO_HOOK, (SETTINGS, DRAIN, "drain_s: float = 15.0")],
    ],
)  # fmt: skip
def test_a_program_that_goes_on_for_longer_than_its_grace_is_cut_off(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, *FULL) == FULL | {"rollout_strategy": "cut"}


SHORT = (DEPLOYMENT, GRACE, "terminationGracePeriodSeconds: 4")


@pytest.mark.parametrize(
    "changes",
    [
        [(DEPLOYMENT, GRACE, "terminationGracePeriodSeconds: 5")],
        [SHORT, (SETTINGS, '            git_commit=env', '            drain_s=float(env.get("DRAIN", "0")),\n            git_commit=env')],
        [SHORT, (DEPLOYMENT, PORT, PORT + '\n            - {name: DRAIN_S, value: "0.2"}')],
        [SHORT, ("settings.toml", "", "drain_s = 0.1\n")],
        [SHORT, (MAIN, PAUSE, "if service.busy:\n        await asyncio.sleep(settings.drain_s)")],
        [SHORT, (MAIN, PAUSE, "while service.in_flight:\n        await asyncio.sleep(0.05)")],
        [SHORT, (MAIN, PAUSE, "await asyncio.wait_for(service.idle(), timeout=settings.drain_s)")],
        [SHORT, (MAIN, "import uvloop", "import uvicorn\nimport uvloop")],  # it has let its requests go by then
        [SHORT, (MAIN, "sign, stop.set)", "sign, service_stop)")],
        [(DEPLOYMENT, GRACE, "terminationGracePeriodSeconds: '${GRACE}'"), (SETTINGS, DRAIN, "drain_s: float = 60")],
    ],
)
def test_a_program_that_may_be_done_in_time_is_not_blamed(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, "rollout_strategy") == {"rollout_strategy": "declared"}


VOLUME = (DEPLOYMENT, "      volumes:\n", "      volumes:\n        - {name: more, configMap: {name: settings}}\n")
PROJECTED = (DEPLOYMENT, "      volumes:\n", "      volumes:\n        - {name: more, projected: {sources: [{configMap: {name: settings}}]}}\n")
KEY = (DEPLOYMENT, PORT, PORT + "\n            - {name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}")
FIRST = "initContainers: [{name: i, image: 'i:1', envFrom: [{configMapRef: {name: settings}}]}]"
INIT = (DEPLOYMENT, "      containers:", f"      {FIRST}\n      containers:")
ASKED = (DEPLOYMENT, "env:", CONFIG)


MADE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {LEVEL: info}\n"
LONG = "settings-of-the-service-that-scores-card-payments-before-they-are-approved"
CLAIM = (DEPLOYMENT, "emptyDir: {sizeLimit: 256Mi}", "persistentVolumeClaim: {claimName: fraud-data}")
ACCOUNT = (DEPLOYMENT, "      securityContext:", "      serviceAccountName: scoring\n      securityContext:")
BINDING = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\nsubjects: [{kind: ServiceAccount, name: scoring}]\n"


@pytest.mark.parametrize("changes", [
    [ASKED], [VOLUME], [PROJECTED], [KEY], [INIT], [CLAIM], [ACCOUNT], [ACCOUNT, ("deploy/rbac.yaml", "", BINDING)],
    [KEY, ("deploy/k8s/settings.yaml", "", MADE)],
])  # fmt: skip
def test_a_pod_that_asks_for_what_nothing_makes_is_never_started(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, *FULL) == FULL | {"manifests": "idle"}


def test_a_config_map_of_another_name_is_another_one(oracle):
    other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dashboards}\ndata: {a: b}\n"
    generated = (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml]\nconfigMapGenerator: [{name: rules, literals: [a=b]}]")
    changed(oracle, ASKED, generated, ("deploy/k8s/more.yaml", "", other))
    assert levels(oracle, "manifests") == {"manifests": "idle"}



@pytest.mark.parametrize(
    "change",
    [
        ("deploy/k8s/settings.yaml", "", MADE),
        ("deploy/settings.json", "", json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}})),
        (DEPLOYMENT, "apiVersion", f"{MADE}---\napiVersion"),
        (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml]\nconfigMapGenerator: [{name: settings, literals: [LEVEL=info]}]"),
        (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml, 'https://github.com/a/b//settings?ref=v1']"),
        (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml, local/settings.yaml]"),  # it may be the one
        (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml]\nhelmCharts: [{name: settings, repo: https://example.com, version: 1.0.0}]"),
        ("RUNBOOK.md", "## Rollout\n", "## Rollout\n0. `kubectl create configmap settings --from-env-file=prod.env`\n"),
        ("Makefile", "test:\n", "deploy:\n\tkubectl create cm $(NAME) --from-file=conf\n\ntest:\n"),
        ("infra/main.tf", "", 'resource "kubernetes_config_map_v1" "settings" {\n  metadata { name = var.name }\n}\n'),
        ("infra/main.py", "", 'k8s.core.v1.ConfigMap("settings")\n'),
        ("deploy/app.yaml", "", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {source: {chart: c}}\n"),
        ("deploy/bundle.yaml", "", "apiVersion: trust.cert-manager.io/v1alpha1\nkind: Bundle\nmetadata: {name: settings}\n"),
        ("chart/templates/c.yaml", "", MADE.replace("settings", "{{ .Release.Name }}-settings")),
        (DEPLOYMENT, "kind:", "# the platform's ConfigMap: ask risk-platform\nkind:"),
        (".gitignore", "", "deploy/k8s/configmap.yaml\n"),
        (DEPLOYMENT, "{name: settings}", "{name: settings, optional: true}"),
        (DEPLOYMENT, "{name: settings}", "{name: '${CONFIG}'}"),
        (DEPLOYMENT, "configMapRef: {name: settings}", "secretRef: {name: settings}"),
        (DEPLOYMENT, "{name: settings}", "{name: kube-root-ca.crt}"),
    ],
)
def test_a_config_map_that_may_be_made_is_not_missed(oracle, change):
    if change[0] == ".gitignore":
        (oracle / change[0]).unlink()
    changed(oracle, ASKED, change)
    assert levels(oracle, "manifests") == {"manifests": "complete"}


@pytest.mark.parametrize(
    "changes",
    [
        [KEY, ("deploy/k8s/settings.yaml", "", MADE.replace("LEVEL: info", "level: info"))],
        [KEY, ("deploy/k8s/settings.yaml", "", MADE), ("deploy/prod/settings.yaml", "", MADE.replace("LEVEL", "level"))],
        [KEY, (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml]\nconfigMapGenerator: [{name: settings, envs: [prod.env]}]")],
        [KEY, ("deploy/k8s/settings.yaml", "", MADE.replace("LEVEL", "x")), (KUSTOMIZATION, "pdb.yaml]", "pdb.yaml]\npatches: [{path: more.yaml}]")],
        [(*KEY[:2], KEY[2].replace("settings", LONG)), ("deploy/k8s/settings.yaml", "", MADE.replace("settings", LONG))],
        [CLAIM, ("deploy/k8s/claim.yaml", "", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: fraud-data}\n")],
        [CLAIM, ("infra/volumes.tf", "", 'resource "kubernetes_persistent_volume_claim" "data" {\n  metadata { name = "fraud-data" }\n}\n')],
        [CLAIM, ("RUNBOOK.md", "## Rollout\n", "## Rollout\nThe PVC is the platform's: ask for it first.\n")],
        [(DEPLOYMENT, CLAIM[1], CLAIM[2].replace("fraud-data", "'$CLAIM'"))],
        [ACCOUNT, ("deploy/k8s/account.yaml", "", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: scoring}\n")],
        [ACCOUNT, ("Makefile", "test:\n", "cluster:\n\teksctl create iamserviceaccount --name scoring\n\ntest:\n")],
        [(DEPLOYMENT, ACCOUNT[1], ACCOUNT[2].replace("scoring", "default"))],
    ],
)
def test_a_claim_or_an_account_that_may_be_made_is_not_missed(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, "manifests") == {"manifests": "complete"}


@pytest.mark.parametrize(
    "changes",
    [
        [(DEPLOYMENT, STATE, "{name: DATA_DIR, value: /var/lib/fraud}")],
        [(DEPLOYMENT, STATE, "{name: DATA_DIR, value: /database}")],
        [(DEPLOYMENT, MOUNT, "            - {name: data, mountPath: /var/lib/data}\n            - {name: tmp")],
        [(DEPLOYMENT, MOUNT, "            - {name: tmp")],
        [(DEPLOYMENT, f"            - {STATE}\n", ""), (DEPLOYMENT, "mountPath: /data", "mountPath: /srv/data")],
        [(DEPLOYMENT, STATE, "{name: DATA_DIR, value: /state}"), (DEPLOYMENT, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")],
        [(DEPLOYMENT, "mountPath: /data}", "mountPath: /data, readOnly: true}")],
        [(DEPLOYMENT, 'value: "http://feature-store:8080"', "value: ''")],
        [(DEPLOYMENT, STORE, "")],
        [(DEPLOYMENT, STORE, ""), (SETTINGS, READ, 'env["FEATURE_STORE_URL"]')],
        [(DEPLOYMENT, STORE, ""), (SETTINGS, READ, 'os.getenv("FEATURE_STORE_URL", default="")')],
        [(DEPLOYMENT, STORE, ""), ("docker-compose.yml", "", "services: {api: {build: ., environment: {FEATURE_STORE_URL: 'http://store:1'}}}\n")],
    ],
)
def test_a_pod_that_is_left_without_what_it_needs_is_unfurnished(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, *FULL) == FULL | {"manifests": "unfurnished"}


@pytest.mark.parametrize(
    "changes",
    [
        [(DEPLOYMENT, STATE, "{name: DATA_DIR, value: /data/fraud/}")],
        [(DEPLOYMENT, MOUNT, f"            - {{name: tmp, mountPath: /, readOnly: true}}\n{MOUNT}")],
        [(DEPLOYMENT, STATE, "{name: DATA_DIR, value: /tmp/state}")],
        [(DEPLOYMENT, STATE, "{name: DATA_DIR, value: '$(STATE)'}")],
        [(DEPLOYMENT, STATE, "{name: DATA_DIR, valueFrom: {secretKeyRef: {name: c, key: d}}}")],
        [(DEPLOYMENT, f"            - {STATE}\n", "")],
        [(DEPLOYMENT, "mountPath: /data}", "mountPath: {{ .Values.data }}}")],
        [(DEPLOYMENT, MOUNT, "            - {name: tmp"), (DEPLOYMENT, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")],
        [(DEPLOYMENT, STORE, STORE.replace('value: "http://feature-store:8080"', "valueFrom: {secretKeyRef: {name: s, key: u}}"))],
        [(DEPLOYMENT, STORE, ""), (SETTINGS, READ, 'env.get("FEATURE_STORE_URL", "http://feature-store:8080")')],
        [(DEPLOYMENT, STORE, ""), (SETTINGS, READ, '(env.get("FEATURE_STORE_URL") or "http://feature-store:8080")')],
        [(DEPLOYMENT, STORE, ""), (SETTINGS, READ, 'env.get("FEATURE_STORE_URL", URL)'), (SETTINGS, "@dataclass", "URL = 'features:80'\n@dataclass")],
        [(DEPLOYMENT, STORE, ""), ("Dockerfile", "EXPOSE 8090", "ENV FEATURE_STORE_URL=http://feature-store:8080\nEXPOSE 8090")],
        [(DEPLOYMENT, STORE, ""), ("start.sh", "", "export FEATURE_STORE_URL=${FEATURE_STORE_URL:-http://features}\nexec python -m fraud\n")],
        [(DEPLOYMENT, STORE, ""), ("config.yaml", "", "feature_store: {url: 'http://features:8080'}\n")],
        [(DEPLOYMENT, STORE, ""), (DEPLOYMENT, "env:", "envFrom: [{secretRef: {name: addresses}}]\n          env:")],
        [(DEPLOYMENT, STORE, ""), ("RUNBOOK.md", "## Rollout\n", "## Rollout\n`kubectl set env deploy/fraud-scoring FEATURE_STORE_URL=http://x`\n")],
        [(DEPLOYMENT, STORE, ""), (KUSTOMIZATION, "pdb.yaml]", textwrap.dedent("""\
            pdb.yaml]
            patches:
              - target: {kind: Deployment, name: fraud-scoring}
                patch: |-
                  - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: FEATURE_STORE_URL, value: 'http://features'}}
            """))],
    ],
)  # fmt: skip
def test_a_pod_that_may_have_what_it_needs_is_not_blamed(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, "manifests") == {"manifests": "complete"}


WORDS = ["  paused: true\n", "  template:\n    spec: {restartPolicy: Never}\n", "  minReadySeconds: 120\n"]


@pytest.mark.parametrize("word", WORDS)
def test_a_deployment_whose_pods_are_never_made_serves_nothing(oracle, word):
    files = {KUSTOMIZATION: (oracle / KUSTOMIZATION).read_text() + "patches: [{path: halt.yaml}]\n"}
    patch = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: fraud-scoring}}\nspec:\n{word}"
    assert levels(put(oracle, files | {"deploy/k8s/halt.yaml": patch}), "manifests") == {"manifests": "idle"}


USER, NAMED = ("Dockerfile", "USER 10001:10001", "USER fraud"), (DEPLOYMENT, "        runAsUser: 10001\n", "")


@pytest.mark.parametrize("changes", [[USER, NAMED], [(*USER[:2], "USER fraud:fraud"), NAMED]])
def test_a_user_that_no_cluster_can_check_starts_nothing(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, *FULL) == FULL | {"manifests": "idle"}


@pytest.mark.parametrize(
    "changes",
    [
        [USER],
        [NAMED],
        [USER, NAMED, (DEPLOYMENT, "runAsNonRoot: true", "runAsNonRoot: false")],
        [USER, NAMED, (DEPLOYMENT, "allowPrivilegeEscalation: false", "runAsUser: 10001")],
        [(*USER[:2], "USER $FRAUD_UID"), NAMED],
        [USER, NAMED, ("deploy/train.Dockerfile", "", "FROM python:3.11-slim\nUSER 10001\n")],
        [USER, NAMED, ("RUNBOOK.md", "## Rollout\n", "## Rollout\nOn OpenShift: `oc apply -k deploy/k8s`.\n")],
    ],
)
def test_a_user_that_a_cluster_can_check_is_not_blamed(oracle, changes):
    changed(oracle, *changes)
    assert levels(oracle, "manifests") == {"manifests": "complete"}


@pytest.mark.parametrize("submission", SOUND)
def test_the_sound_submissions_lack_nothing(submission):
    facts = [sight.facts for sight in scanned(SUBMISSIONS / submission).probes["kubernetes_manifests"].sightings]
    assert not [told for told in facts if {"unmade", "state", "unset", "halted"} & set(told)]


def test_what_is_told_names_the_place(oracle):
    changed(oracle, (BUDGET, FEWEST, "maxUnavailable: 0"), (DEPLOYMENT, "env:", CONFIG))
    probes = scanned(oracle).probes
    budget = next(sight for sight in probes["manifest_rollout"].sightings if "told" in sight.facts)
    lacking = next(sight for sight in probes["kubernetes_manifests"].sightings if "unmade" in sight.facts)
    assert (budget.place.file, budget.place.line, budget.facts["told"]) == (BUDGET, 6, "maxUnavailable 0")
    assert (lacking.place.file, lacking.facts["unmade"]) == (DEPLOYMENT, "ConfigMap settings")
    assert "settings" in (oracle / DEPLOYMENT).read_text().splitlines()[(lacking.place.line or 0) - 1]
