"""Objects without which no pod of what serves is started, and that nothing in the repository could have made.

Secrets are made out of sight, and rightly so: they are left alone. Whatever else may bring an object along (a word about its kind in a document, a
script or a comment, a remote base, a delivery tool, a custom resource that names it) means that nothing is told.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.source.probes.patches import kustomizations
from harness.source.probes.pods import as_written, pod_of
from harness.source.probes.wording import worded
from harness.source.probes.workloads import Workload, known, name_of, resources
from harness.source.safe_yaml import TEMPLATED
from harness.source.view import View, walk

_BROUGHT = frozenset({"Application", "ApplicationSet", "HelmRelease", "HelmChart", "GitRepository", "OCIRepository", "Kustomization"})
"""Kinds by which a delivery tool brings in manifests of another place; kustomize's own are looked at by themselves."""
_CHANGING = ("configMapGenerator", "patches", "patchesJson6902", "patchesStrategicMerge", "replacements", "components")
"""By which a kustomization may put a key into a ConfigMap."""
MAX_NAME = 60
"""Characters of a name that are compared: more of it is not kept."""
_REMOTE = re.compile(r"://|^git@|^[\w.-]+\.(?:com|org|io|dev)/|\?ref=")


@dataclass(frozen=True)
class Wanted:
    """A kind of object. `named`: the names that a pod asks for; `word`: how people and tools speak of it; `asks`: what a manifest says that only
    asks for one; `given`: names that every cluster has."""

    kind: str
    named: Callable[[dict[str, Any]], Iterator[object]]
    word: re.Pattern[str]
    asks: re.Pattern[str]
    given: re.Pattern[str]


def unmade(view: View, workload: Workload) -> str | None:
    """Kind and name of the first one."""
    documents = [document for _, document in resources(view)]
    for wanted in WANTED:
        names = [name[:MAX_NAME] for name in wanted.named(pod_of(workload.document)) if isinstance(name, str) and name]
        made = [name_of(document) for document in documents if document["kind"] == wanted.kind] + _generated(view, wanted)
        lost = [name for name in names if name not in made and not wanted.given.match(name)]
        lost = [name for name in lost if known(name) and not any(_speaks_of(document, name) for document in documents)]
        if lost and all(map(known, made)) and not _comes_from_elsewhere(view, wanted):
            return f"{wanted.kind} {lost[0]}"
    return _lost_key(view, pod_of(workload.document))


def _lost_key(view: View, pod: dict[str, Any]) -> str | None:
    """A key that none of the ConfigMaps of its name has, all of which stand in the repository as they are."""
    if any(document.get(part) for _, document in kustomizations(view) for part in _CHANGING):
        return None
    for ref in _keys(pod):
        name, key = ref.get("name"), ref.get("key")
        own = [(path, document) for path, document in resources(view) if document["kind"] == "ConfigMap" and name_of(document) == name]
        held = {str(key) for _, document in own for part in ("data", "binaryData") for key in _dict(document.get(part))}
        whole = bool(own) and all(as_written(view, path, document) for path, document in own)
        if whole and isinstance(key, str) and known(key) and key not in held and TEMPLATED not in held and not ref.get("optional"):
            return f"key {key[:253]} of ConfigMap {name}"
    return None


def _keys(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """What single settings are taken from."""
    inside = [container for key in ("initContainers", "containers") for container in _listed(pod.get(key))]
    refs = [_dict(setting.get("valueFrom")).get("configMapKeyRef") for container in inside for setting in _listed(container.get("env"))]
    return [ref for ref in refs if isinstance(ref, dict)]


def _generated(view: View, wanted: Wanted) -> list[str]:
    parts = [item for _, document in kustomizations(view) for item in _listed(document.get("configMapGenerator"))]
    return [str(item.get("name", TEMPLATED))[:MAX_NAME] for item in parts] if wanted.kind == "ConfigMap" else []


def _speaks_of(document: dict[str, Any], name: str) -> bool:
    """Whether a custom resource, which may make anything, holds a name."""
    group = str(document["apiVersion"]).partition("/")[0]
    return "." in group and not group.endswith(".k8s.io") and any(isinstance(value, str) and value[:MAX_NAME] == name for _, value in walk(document))


def _comes_from_elsewhere(view: View, wanted: Wanted) -> bool:
    """Whether such objects may be made by what is not followed: remote or generated manifests, a tool, a command, a person who is told to."""
    for path, kustomization in kustomizations(view):
        named = [entry for key in ("resources", "bases", "components") for _, entry in walk(kustomization.get(key)) if isinstance(entry, str)]
        places = [posixpath.normpath(posixpath.join(posixpath.dirname(path), entry)) for entry in named]
        lost = [place for place in places if place not in view.known and not any(other.startswith(f"{place}/") for other in view.paths)]
        remote = lost or any(_REMOTE.search(entry) for entry in named)
        if remote or any(kustomization.get(key) for key in ("generators", "transformers", "helmCharts")):
            return True
    if any(document["kind"] in _BROUGHT and "kustomize.config" not in document["apiVersion"] for _, document in resources(view)):
        return True
    return any(_is_spoken_of(view, path, wanted) for path in worded(view))


def _is_spoken_of(view: View, path: str, wanted: Wanted) -> bool:
    """Beside what asks for one; in a file that is no manifest (it may be too large for one) an object counts too."""
    text = view.text(path) or ""
    if not wanted.word.search(text):
        return False
    parsed = path in view.yaml or path in view.json
    return bool(wanted.word.search(wanted.asks.sub("", text) if parsed else text))


def _configs(pod: dict[str, Any]) -> Iterator[object]:
    inside = [container for key in ("initContainers", "containers") for container in _listed(pod.get(key))]
    refs = [source.get("configMapRef") for container in inside for source in _listed(container.get("envFrom"))]
    refs += _keys(pod)
    volumes = _listed(pod.get("volumes"))
    refs += [volume.get("configMap") for volume in volumes]
    refs += [source.get("configMap") for volume in volumes for source in _listed(_dict(volume.get("projected")).get("sources"))]
    yield from (ref.get("name") for ref in refs if isinstance(ref, dict) and not ref.get("optional"))


def _claims(pod: dict[str, Any]) -> Iterator[object]:
    yield from (_dict(volume.get("persistentVolumeClaim")).get("claimName") for volume in _listed(pod.get("volumes")))


def _accounts(pod: dict[str, Any]) -> Iterator[object]:
    yield pod.get("serviceAccountName") or pod.get("serviceAccount")


def _asks(keys: str, kind: str) -> re.Pattern[str]:
    return re.compile(rf"[\"']?\b(?:{keys})[\"']?\s*:|[\"']?\bkind[\"']?\s*:\s*[\"']?{kind}\b")


WANTED = (
    Wanted(
        "ConfigMap", _configs, re.compile(r"config[-_ ]?map|\bcm/|\b(?:create|apply|get)\s+cm\b", re.I),
        _asks("configMapRef|configMapKeyRef|configMap|configMapGenerator", "ConfigMap"),
        re.compile(r"kube-root-ca\.crt$|(?:openshift|istio|linkerd)-"),
    ),
    Wanted(
        "PersistentVolumeClaim", _claims, re.compile(r"persistent[-_ ]?volume[-_ ]?claim|\bpvcs?\b", re.I),
        _asks("persistentVolumeClaim", "PersistentVolumeClaim"), re.compile(r"(?!)"),
    ),
    Wanted(
        "ServiceAccount", _accounts, re.compile(r"service[-_ ]?account|\bcreate\s+sa\b|\bIRSA\b", re.I),
        _asks("serviceAccountName|serviceAccount|automountServiceAccountToken", "ServiceAccount"), re.compile(r"default$"),
    ),
)  # fmt: skip


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)][:100] if isinstance(value, list) else []
