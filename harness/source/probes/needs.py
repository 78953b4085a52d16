"""What the pods of what serves need and are not given: an object that nothing makes, a volume where DATA_DIR is, the address of the feature store."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from grader.schema.evidence import Sighting
from harness.source.probes.imports import graph_of
from harness.source.probes.pods import as_written
from harness.source.probes.syntax import call_name, last_name
from harness.source.probes.unmade import unmade
from harness.source.probes.wording import worded
from harness.source.probes.workloads import Serving, known, resources, serving
from harness.source.safe_yaml import TEMPLATED
from harness.source.sightings import sighting
from harness.source.view import View

STATE, STORE = "DATA_DIR", "FEATURE_STORE_URL"
USUAL_STATE = "/data"
"""What every challenge says that DATA_DIR is."""
_ADDRESS = re.compile(r"^\w+://|^[\w.-]+:\d{2,5}(?:/|$)|^(?:localhost|feature[-_]?store)(?![\w-])", re.I)
_SETTINGS = re.compile(r"\.(?:ya?ml|toml|json|ini|cfg|conf|properties)$|(?:^|/)\.env[^/]*$", re.I)
_ANOTHER_PLACE = re.compile(r"compose[^/]*\.ya?ml$|(?:^|/)\.(?:github|gitlab|circleci)|\.example$", re.I)
"""Files that speak of another environment than a cluster."""


def needs(view: View) -> Iterator[Sighting]:
    """One for each thing that is lacking: `unmade`, an object; `state`, a folder that is kept nowhere; `unset`, a variable without a default."""
    main = serving(view)
    if main is None or not as_written(view, main.workload.path, main.workload.document):
        return
    lacking = {"unmade": unmade(view, main.workload), "state": _unmounted(view, main), "unset": _untold(view, main)}
    for kind, name in lacking.items():
        if name:
            path = main.workload.path
            words = {"unmade": name.rpartition(" ")[2], "state": STATE}.get(kind, "env")
            yield sighting(f"{main.workload.kind} {main.workload.name}", path, {kind: name}, view.line_of(path, words))


def _unmounted(view: View, main: Serving) -> str | None:
    """DATA_DIR where no volume is mounted to be written to, though the pod is made for one: its root is read-only, or a volume is where the image
    keeps its state, or is mounted to be read only.

    A program that never asks for the variable keeps nothing there.
    """
    container = main.container
    settings, mounts = container.get("env"), _listed(container.get("volumeMounts"))
    own = view.dockerfile.variables().get(STATE) if view.dockerfile else None
    told = [item.get("value") for item in _listed(settings) if item.get("name") == STATE]
    place = told[0] if len(told) == 1 else None if told or container.get("envFrom") else own
    paths = [mount.get("mountPath") for mount in mounts]
    if not isinstance(place, str) or not place.startswith("/") or not known(place) or TEMPLATED in str(settings):
        return None
    if not all(isinstance(path, str) and known(path) for path in paths) or place.startswith("/dev/shm"):
        return None
    at = {posixpath.normpath(str(mount["mountPath"])): mount.get("readOnly") is True for mount in mounts}
    above = max((path for path in at if _is_below(place, path)), key=len, default=None)
    if above is not None and not at[above]:
        return None
    moved = above is not None or any(path in at for path in (own, USUAL_STATE))
    sealed = _dict(container.get("securityContext")).get("readOnlyRootFilesystem") is True
    return place[:200] if (sealed or moved) and _is_asked_for(view, STATE) else None


def _is_below(place: str, above: str) -> bool:
    return f"{posixpath.normpath(place)}/".startswith(f"{above.rstrip('/')}/")


def _is_asked_for(view: View, variable: str) -> bool:
    manifests = {path for path, _ in resources(view)}
    files = (path for path in worded(view) if path not in manifests and path not in view.prose and not view.is_test(path))
    return any(variable in (view.text(path) or "") for path in files)


def _untold(view: View, main: Serving) -> str | None:
    """FEATURE_STORE_URL where the manifest does not set it, every reader of it in the program has nothing else, and no address stands anywhere."""
    container = main.container
    settings = _listed(container.get("env"))
    told = any(item.get("name") == STORE and item.get("value", True) != "" for item in settings)
    if told or container.get("envFrom") or TEMPLATED in str(container.get("env")):
        return None
    beside = [container.get(key) for key in ("command", "args")]
    if any(beside) or (view.dockerfile and STORE in view.dockerfile.variables()) or any("set env" in text for text in view.prose.values()):
        return None
    skipped = {path for path, _ in resources(view)} | set(view.prose)
    files = [path for path in worded(view) if path not in skipped and not view.is_test(path) and not _ANOTHER_PLACE.search(path)]
    if any(re.search(r"feature_?store", text, re.I) and "://" in text for path in files if _SETTINGS.search(path) and (text := view.text(path))):
        return None
    naming = [path for path in files if STORE in (view.text(path) or "")]
    program = graph_of(view).serving & set(view.python)
    if not naming or not set(naming) <= program or not all(_has_no_default(view, path) for path in naming):
        return None
    texts = (node.value for path in program for node in view.nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return None if any(_ADDRESS.search(text.strip()) for text in texts) else STORE


def _has_no_default(view: View, path: str) -> bool:
    """Whether every mention of the variable in a file is a look into the environment that knows no other value."""
    bare: set[int] = set()
    for node in view.nodes(path):
        if isinstance(node, ast.Call) and node.args and call_name(node) in ("get", "getenv"):
            rest = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
            if all(isinstance(value, ast.Constant) and value.value in ("", None) for value in rest):
                bare.add(id(node.args[0]))
        elif isinstance(node, ast.Subscript) and last_name(node.value) in ("environ", "env"):
            bare.add(id(node.slice))
    named = [node for node in view.nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str) and STORE in node.value]
    return bool(named) and all(node.value == STORE and id(node) in bare for node in named)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)][:100] if isinstance(value, list) else []
