"""Which ports a pod may listen on, as far as a repository tells: those that it declares, and every number that its program or settings hold.

A declared port is a label and opens nothing, so that a number is only called wrong when it stands nowhere else at all.
"""

from __future__ import annotations

import re
from typing import Any

from harness.source.probes.workloads import Workload, known, resources
from harness.source.safe_yaml import TEMPLATED
from harness.source.view import View

_PROSE = re.compile(r"\.(?:md|rst|adoc|csv|ipynb|lock)$", re.I)
_ELSEWHERE = re.compile(r"://(?!0\.0\.0\.0|127\.|localhost)[\w.-]+:\d+")
"""In an address the number is the port of another host."""
_OPENS_ITS_OWN = re.compile(
    r"torchserve|mlserver|triton|tensorflow[/_]serving|tensorflow_model_server|seldon|kserve|bentoml|\bray\b|istio|linkerd|envoy|dapr|"
    r"actuator|spring|quarkus|micronaut|dropwizard|uvicorn|gunicorn|hypercorn|flask|fastapi|django|streamlit|gradio|mlflow",
    re.I,
)
"""Servers and sidecars that listen on ports of their own choice without a word in the repository."""
_TOLD_HERE = re.compile(
    r"(?:^|/)(?:[^/]*dockerfile[^/]*|requirements[^/]*|pyproject\.toml|pom\.xml|build\.gradle\S*|package\.json|environment\.ya?ml)$", re.I
)
MAX_ASKED = 12


def may_listen(view: View, workload: Workload, container: dict[str, Any], port: str) -> bool | None:
    """Whether anything in a pod may listen on a port that is a number; None where that cannot be told.

    Containers of one pod share their network: a port of any of them is a port of all.
    """
    declared = [item for one in workload.containers for item in _listed(one.get("ports"))]
    if not _listed(container.get("ports")) or any(not known(str(item.get("containerPort"))) or TEMPLATED in item for item in declared):
        return None
    if any(str(item.get("containerPort")) == port for item in declared):
        return True
    # arguments and settings beside the image may open another one
    beside = [one.get(key) for one in workload.containers for key in ("command", "args", "env")]
    if any(TEMPLATED in str(part) or _holds(str(part)[:20_000], port) for part in beside):
        return True
    return True if _is_written(view, port) else None if _has_server_of_its_own(view, workload) else False


def told_otherwise(workload: Workload, container: dict[str, Any]) -> str | None:
    """The value of PORT where a container is told to listen there, and every port that it declares is another one.

    Nothing is told where a declared port stands in a command or a setting beside it, or another container of the pod may pass requests on.
    """
    ports, settings = _listed(container.get("ports")), _listed(container.get("env"))
    declared = [str(item.get("containerPort")) for item in ports]
    told = [str(item.get("value")) for item in settings if item.get("name") == "PORT" and "value" in item]
    if len(told) != 1 or not told[0].isdigit() or not declared or not all(port.isdigit() for port in declared) or told[0] in declared:
        return None
    beside = [container.get("command"), container.get("args"), [item for item in settings if item.get("name") != "PORT"]]
    passed_on = len(workload.containers) > 1 or TEMPLATED in container or any(TEMPLATED in str(part) for part in (*beside, container.get("envFrom")))
    return None if passed_on or any(_holds(str(part)[:20_000], port) for part in beside for port in declared) else told[0]


def _is_written(view: View, port: str) -> bool:
    """Whether the number stands in a file beside the manifests; of the first few numbers, since every file is looked through."""
    asked = view.memo.setdefault("ports_written", {})
    assert isinstance(asked, dict)
    if port not in asked:
        manifests = {path for path, _ in resources(view)}
        files = (path for path in view.paths if path not in manifests and not _PROSE.search(path))
        asked[port] = len(asked) >= MAX_ASKED or any(_holds(text, port) for path in files if port in (text := view.text(path) or ""))
    return bool(asked[port])


def _holds(text: str, port: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(port)}(?!\w|\.\d)", _ELSEWHERE.sub("", text)))


def _has_server_of_its_own(view: View, workload: Workload) -> bool:
    images = " ".join(str(container.get("image")) for container in workload.containers)
    if "server_of_its_own" not in view.memo:
        texts = (view.text(path) or "" for path in view.paths if _TOLD_HERE.search(path))
        view.memo["server_of_its_own"] = any(_OPENS_ITS_OWN.search(text) for text in texts)
    return bool(view.memo["server_of_its_own"]) or bool(_OPENS_ITS_OWN.search(images))


def _listed(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)][:100] if isinstance(value, list) else []
