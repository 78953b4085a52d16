"""What kustomize makes of workloads: patches of overlays, numbers of replicas and tags laid over the manifests that they name.

Of several overlays that set one thing the last counts, of numbers of replicas the highest: some environment is the one that serves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from posixpath import basename, dirname, join, normpath
from typing import Any

from harness.source.view import View

Item = tuple[str, dict[str, Any]]
MAX_PATCHES = 200


def kustomizations(view: View) -> Iterator[Item]:
    """(path, document) of every kustomization."""
    for path, found in view.yaml.items():
        if basename(path) in ("kustomization.yaml", "kustomization.yml"):
            yield from ((path, document) for document in found if isinstance(document, dict))


def patched(view: View, items: list[Item]) -> list[Item]:
    """The items with every patch laid over the one that it names. A patch whose base is not in the repository stays an item of its own."""
    named = [_id(document) for _, document in items]
    whole = {id: n for n, id in reversed(list(enumerate(named))) if _is_whole(items[n][1])}
    merged, gone = [document for _, document in items], set[int]()
    for number, id in enumerate(named):
        if number != whole.get(id) and id in whole and not _is_whole(items[number][1]):
            merged[whole[id]] = over(merged[whole[id]], items[number][1])
            gone.add(number)
    changes = (change for path, document in kustomizations(view) for change in _changes(view, path, document))
    for target, change in islice(changes, MAX_PATCHES):
        for number, id in enumerate(named):
            if number not in gone and _is_meant(target, id):
                merged[number] = change(merged[number])
    return [(path, merged[n]) for n, (path, _) in enumerate(items) if n not in gone]


def over(below: Any, above: Any, depth: int = 0) -> Any:
    """A strategic merge: objects by key, lists of named things by name, the rest replaced."""
    if depth > 20:
        return above
    if isinstance(below, dict) and isinstance(above, dict):
        changed = {key: over(below[key], value, depth + 1) if key in below else value for key, value in above.items()}
        if isinstance(below.get("replicas"), int) and isinstance(above.get("replicas"), int):
            changed["replicas"] = max(below["replicas"], above["replicas"])
        return {**below, **changed}
    if _is_named(below) and _is_named(above):
        news = {item["name"]: item for item in above}
        known = {item["name"] for item in below}
        kept = [over(item, news[item["name"]], depth + 1) if item["name"] in news else item for item in below]
        return kept + [item for item in above if item["name"] not in known]
    return above


def _changes(view: View, path: str, document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """(target, function of a document) for what a kustomization itself says."""
    for patch in _listed(document.get("patches")) + _listed(document.get("patchesJson6902")):
        text = patch.get("patch") if isinstance(patch.get("patch"), str) else _file(view, path, patch.get("path"))
        for part in view.documents(text or "") or []:
            if isinstance(part, list):
                yield _dict(patch.get("target")), lambda whole, part=part: _operated(whole, part)
            elif isinstance(part, dict):
                target = _dict(patch.get("target")) or dict(zip(("kind", "name"), _id(part), strict=True))
                yield target, lambda whole, part=part: over(whole, {"spec": part.get("spec") or {}})
    for count in _listed(document.get("replicas")):
        yield {"name": count.get("name")}, lambda whole, count=count: over(whole, {"spec": {"replicas": count.get("count")}})


def _operated(whole: Any, operations: list[Any]) -> Any:
    for operation in operations[:50]:
        if isinstance(operation, dict) and operation.get("op") in ("add", "replace"):
            steps = [step.replace("~1", "/").replace("~0", "~") for step in str(operation.get("path", "")).split("/")[1:]]
            whole = _placed(whole, steps, operation.get("value"))
    return whole


def _placed(whole: Any, steps: list[str], value: Any) -> Any:
    if not steps or len(steps) > 20:
        return value
    first, rest = steps[0], steps[1:]
    if isinstance(whole, list):
        if first == "-" and not rest:
            return [*whole, value]
        number = int(first) if re.fullmatch(r"[0-9]{1,9}", first) else len(whole)
        return [_placed(item, rest, value) if n == number else item for n, item in enumerate(whole)]
    return {**whole, first: _placed(whole.get(first, {}), rest, value)} if isinstance(whole, dict) else whole


def _file(view: View, path: str, named: object) -> str | None:
    return view.text(normpath(join(dirname(path), named))) if isinstance(named, str) else None


def _is_meant(target: dict[str, Any], id: tuple[str, str]) -> bool:
    return bool(target) and target.get("kind", id[0]) == id[0] and str(target.get("name", id[1])) in (id[1], ".*")


def _is_whole(document: dict[str, Any]) -> bool:
    """Whether a workload says what runs in it; a patch need not. Of other kinds every document is whole."""
    pod = _dict(_dict(_dict(document.get("spec")).get("template")).get("spec"))
    replaced = document["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
    return not replaced or any("image" in container for container in _listed(pod.get("containers")))


def _id(document: dict[str, Any]) -> tuple[str, str]:
    return str(document.get("kind", "")), str(_dict(document.get("metadata")).get("name", ""))


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)][:100] if isinstance(value, list) else []
