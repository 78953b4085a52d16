"""What a workload says of its pods: whom they run as, how they end, and whether a cluster would take them: mounts, and the labels they are known by.

Where a template or a later hand fills something in, nothing is told about it.
"""

from __future__ import annotations

import re
from typing import Any

from harness.source.probes.patches import kustomizations
from harness.source.probes.platforms import PLATFORM
from harness.source.probes.workloads import Workload, known, number, spec_of
from harness.source.safe_yaml import TEMPLATED
from harness.source.view import View, walk

DEFAULT_GRACE_S = 30.0
_USUAL = {"initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3}
"""What Kubernetes puts in for the times of a probe that are left out."""
_KUBERNETES_ONLY = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Pod"})
_HANDLERS = ("httpGet", "exec", "tcpSocket", "grpc")
_SLEEP = re.compile(r"(?:^|[;&|({\n]|\b(?:then|do|else|exec)\s)\s*(?:/(?:usr/)?bin/)?sleep\s+(\d{1,6}(?:\.\d{1,6})?)([smh]?)(?![\w.])(?!\s*&(?!&))")
_UNIT_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def runs_as_root(workload: Workload, container: dict[str, Any]) -> float | None:
    """Whether the container is given user 0, by its own security context or by the pod's; without either the image says who runs."""
    contexts = [_dict(part.get("securityContext")) for part in (container, pod_of(workload.document))]
    for context in contexts:
        user = context.get("runAsUser")
        if TEMPLATED in context or isinstance(user, str):
            return None
        if user is not None:
            return float(isinstance(user, int) and not isinstance(user, bool) and user == 0)
    return 0.0


def grace_s(view: View, workload: Workload) -> float | None:
    """Seconds from the first word of the end (the hook before SIGTERM counts) to SIGKILL."""
    told = pod_of(workload.document).get("terminationGracePeriodSeconds")
    return number(told) if told is not None else DEFAULT_GRACE_S if _as_written(view, workload) else None


def slept_before_term_s(container: dict[str, Any]) -> float | None:
    """Seconds that the hook before SIGTERM sleeps at least: its longest sleep."""
    hook = _dict(_dict(container.get("lifecycle")).get("preStop"))
    words = _dict(hook.get("exec")).get("command")
    command = [word if isinstance(word, str) else f"{number(word) or ''}" for word in words[:20]] if isinstance(words, list) else []
    script = command[-1] if len(command) > 2 and command[1] in ("-c", "-ec") else " ".join(command)
    slept = [float(match[1]) * _UNIT_S[match[2]] for match in _SLEEP.finditer(script[:2000])]
    own = number(_dict(hook.get("sleep")).get("seconds"))
    return max([*slept, *([own] if own is not None else [])], default=None)


def lost_volume(view: View, workload: Workload, container: dict[str, Any]) -> str | None:
    """A volume that the container mounts and the pod does not have. Those that a stateful set claims for each pod count."""
    pod = pod_of(workload.document)
    parts = [pod.get("volumes"), spec_of(workload.document).get("volumeClaimTemplates"), container.get("volumeMounts")]
    if not _as_written(view, workload) or any(part is not None and not isinstance(part, list) for part in parts):
        return None
    volumes, claims, mounts = ([item for item in part or [] if isinstance(item, dict)] for part in parts)
    there = [item.get("name") for item in volumes] + [_dict(item.get("metadata")).get("name") for item in claims]
    wanted = [mount["name"] for mount in mounts if "name" in mount]
    names = [name for name in (*there, *wanted) if isinstance(name, str) and known(name)]
    lost = [name for name in wanted if name not in there]
    return str(lost[0]) if lost and len(names) == len(there) + len(wanted) else None


def selects_itself(view: View, workload: Workload) -> float | None:
    """Whether the pods carry the labels by which their workload looks for them; a cluster refuses one whose pods do not."""
    spec = spec_of(workload.document)
    wanted = _dict(spec.get("selector")).get("matchLabels")
    labels = _dict(_dict(_dict(spec.get("template")).get("metadata")).get("labels"))
    if not isinstance(wanted, dict) or not _as_written(view, workload):
        return None
    as_they_are = all(isinstance(value, str) and known(value) for value in (*wanted.values(), *labels.values()))
    if TEMPLATED in wanted or TEMPLATED in labels or not as_they_are:
        return None
    lacking = {str(key) for key, value in wanted.items() if labels.get(key) != value}
    return None if lacking & labels_added(view) else float(not lacking)


def halted(view: View, workload: Workload) -> str | None:
    """What keeps a cluster from making the pods of a deployment: it is paused from the beginning, or says what no cluster takes."""
    if workload.kind != "Deployment" or not _as_written(view, workload):
        return None
    spec, again = spec_of(workload.document), pod_of(workload.document).get("restartPolicy")
    ready, deadline = number(spec.get("minReadySeconds", 0)), number(spec.get("progressDeadlineSeconds", 600))
    if spec.get("paused") is True:
        return "paused: true"
    if again in ("Never", "OnFailure"):
        return f"restartPolicy: {again}"
    late = ready is not None and deadline is not None and ready >= deadline
    return f"minReadySeconds: {ready:g}, which is not below progressDeadlineSeconds: {deadline:g}" if late else _unchecked_user(view, workload)


def _unchecked_user(view: View, workload: Workload) -> str | None:
    """A user that has to be none of root, and that the image gives as a name: a cluster knows no names, and starts nothing.

    OpenShift gives every pod a number of its own. With several images in the repository it is not known which one runs.
    """
    image, files = view.dockerfile, view.named(r"(?:^|/)[^/]*(?:docker|container)file[^/]*$")
    told = image.last("USER") if image is not None and len([file for file in files if not file.endswith("ignore")]) == 1 else None
    user = told.value.split(":")[0].strip() if told is not None else ""
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", user) or any("openshift" in text.lower() for text in view.prose.values()):
        return None
    pod = _dict(pod_of(workload.document).get("securityContext"))
    for container in workload.containers:
        context = {**pod, **_dict(container.get("securityContext"))}
        if len(workload.containers) == 1 and TEMPLATED not in context and context.get("runAsNonRoot") is True and context.get("runAsUser") is None:
            return f"runAsNonRoot: true without a runAsUser, while the image's user {user} is a name, of which no cluster knows the number"
    return None


def patience(view: View, workload: Workload, container: dict[str, Any]) -> dict[str, float]:
    """For how long the service may be silent before a probe kills it, at the least: to the timeout of the last look that it is given.

    Of the probe of the start: the time up to its last look; a command may wait inside of that look. What a template fills in is not counted, and
    serverless platforms count in another way.
    """
    found: dict[str, float] = {}
    if workload.kind not in _KUBERNETES_ONLY or not _as_written(view, workload):
        return found
    live, start = (_dict(container.get(f"{kind}Probe")) for kind in ("liveness", "startup"))
    if any(key in live for key in _HANDLERS) and (times := _times(live)):
        found["liveness_patience_s"] = (times["failureThreshold"] - 1) * times["periodSeconds"] + times["timeoutSeconds"]
    if any(key in start for key in _HANDLERS) and (times := _times(start)):
        waits = times["timeoutSeconds"] if "exec" in start and times["timeoutSeconds"] > 1 else 0
        found["startup_patience_s"] = times["initialDelaySeconds"] + (times["failureThreshold"] - 1) * times["periodSeconds"] + waits
    return found


def _times(probe: dict[str, Any]) -> dict[str, float] | None:
    """With what a cluster puts in for those that are left out; None where one is no number, or none that a cluster takes."""
    told = {key: probe.get(key, usual) for key, usual in _USUAL.items()}
    whole = {key: float(value) for key, value in told.items() if isinstance(value, int) and not isinstance(value, bool) and value >= 0}
    lacking = TEMPLATED in probe or len(whole) < len(told) or any(not value for key, value in whole.items() if key != "initialDelaySeconds")
    return None if lacking else whole


def as_written(view: View, path: str, document: dict[str, Any]) -> bool:
    """Whether a cluster would be given what stands there: no template, no other platform, no patch of a kind that is not laid over it."""
    if document["apiVersion"] == PLATFORM or any(mark in (view.text(path) or "{{") for mark in ("{{", "{%")):
        return False
    return not _kustomized(view)[1]


def _as_written(view: View, workload: Workload) -> bool:
    return as_written(view, workload.path, workload.document)


def labels_added(view: View) -> frozenset[str]:
    """The labels that a kustomization puts on what it names."""
    return _kustomized(view)[0]


def _kustomized(view: View) -> tuple[frozenset[str], bool]:
    """(labels that kustomizations add, whether one changes manifests in a way that is not followed); looked for once per scan."""
    if "kustomized" not in view.memo:
        every = [document for _, document in kustomizations(view)]
        added = frozenset(key for document in every for part in ("commonLabels", "labels") for key, _ in walk(document.get(part)))
        inline = any(isinstance(item, str) and "\n" in item for document in every for _, item in walk(document.get("patchesStrategicMerge")))
        view.memo["kustomized"] = added, inline or any(document.get("transformers") for document in every)
    found = view.memo["kustomized"]
    assert isinstance(found, tuple)
    return found


def pod_of(document: dict[str, Any]) -> dict[str, Any]:
    """The specification of a workload's pods."""
    spec = spec_of(document)
    return spec if document["kind"] == "Pod" else _dict(_dict(spec.get("template")).get("spec"))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
