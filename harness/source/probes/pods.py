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
    return None if lacking & _kustomized(view)[0] else float(not lacking)


def _as_written(view: View, workload: Workload) -> bool:
    """Whether a cluster would be given what stands there: no template, no other platform, no patch of a kind that is not laid over it."""
    if workload.document["apiVersion"] == PLATFORM or any(mark in (view.text(workload.path) or "{{") for mark in ("{{", "{%")):
        return False
    return not _kustomized(view)[1]


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
