"""The templates of dvc.yaml: `${train.script}` stands for a value of params.yaml, or of what `vars` names or holds."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from harness.source.view import View, basename

_PLACE = re.compile(r"\$\{\s*([\w.\[\]-]{1,200})\s*\}")
MAX_PLACES, MAX_FILES, MAX_VALUE = 50, 20, 500


def filled(view: View, path: str, text: str) -> str:
    """A text of a dvc.yaml with its templates filled in; what nothing tells stays as it is."""
    if basename(path) != "dvc.yaml" or "${" not in text:
        return text
    known = view.memo.setdefault("dvc_values", {})
    assert isinstance(known, dict)
    if path not in known:
        known[path] = list(_values(view, path))
    return _PLACE.sub(lambda place: _told(known[path], place[1]) or place[0], text, count=MAX_PLACES)


def _values(view: View, path: str) -> Iterator[dict[str, Any]]:
    """What may hold a value, the nearest first: `vars` of the file itself, the files that it names, params.yaml beside it."""
    files = []
    for document in view.yaml.get(path, []):
        for item in (document.get("vars") or [] if isinstance(document, dict) else [])[:MAX_FILES]:
            if isinstance(item, dict):
                yield item
            elif isinstance(item, str):
                files.append(item.split(":")[0])
    for name in (*files, "params.yaml", "params.json"):
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        held = [*view.yaml.get(beside, []), *([view.json[beside]] if beside in view.json else [])]
        yield from (document for document in held if isinstance(document, dict))


def _told(values: list[dict[str, Any]], name: str) -> str | None:
    keys = [key for key in re.split(r"[.\[\]]+", name) if key]
    for found in values:
        value: Any = found
        for key in keys:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                value = None
        if isinstance(value, str | int | float):
            return str(value)[:MAX_VALUE]
    return None
