"""Manifests of what serves that lie beside a kustomization and are named nowhere: they look applied, and never are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, normpath

from harness.source.probes.workloads import SERVING, known, scalers, serving, workloads
from harness.source.view import View

_APPLIES = re.compile(r"kubectl|kustomize|\bk\b|\bapply\b", re.I)
_FILES = re.compile(r"(?:-f|--filename)[ =]+[\"'`]?([^\s\"'`]+)")


def left_out(view: View, path: str) -> list[str]:
    """Files in the folder of the kustomization at `path` that hold the workload that serves, or its only scaler, and that nothing names.

    A canary or a second scaler beside those may be meant to be applied by hand.
    """
    main = serving(view)
    if main is None or not known(main.workload.name):
        return []
    wanted = [workload.path for workload in workloads(view, SERVING) if workload.document is main.workload.document]
    aiming = {scaler.path for scaler in scalers(view) if scaler.aim == main.workload.name}
    wanted += list(aiming) if len(aiming) == 1 else []
    folder = dirname(path)
    return [file for file in wanted if dirname(file) == folder and file != path and not _is_named(view, folder, file)]


def _is_named(view: View, folder: str, file: str) -> bool:
    """Asked once for each file: every other one is looked through."""
    asked = view.memo.setdefault("named_elsewhere", {})
    assert isinstance(asked, dict)
    if file not in asked:
        asked[file] = any(_names(view, folder, file))
    return bool(asked[file])


def _names(view: View, folder: str, file: str) -> Iterator[bool]:
    """Whether another file names this one, or tells to apply its whole folder. Of what is written for people only commands do."""
    word = re.compile(rf"(?<![\w.-]){re.escape(basename(file))}(?![\w.-])")
    for other in view.paths:
        text = view.text(other) or "" if other != file and not view.is_test(other) else ""
        lines = text.splitlines() if basename(file) in text or _APPLIES.search(text) or f"{folder}/*" in text else []
        prose = other in view.prose
        for line in lines:
            if line.lstrip().startswith("#") and not prose:
                continue
            targets = _FILES.findall(line) if _APPLIES.search(line) else []
            yield any(_holds(target, folder) or word.search(target) for target in targets)
            yield f"{folder}/*" in line or (bool(word.search(line)) and not prose)


def _holds(target: str, folder: str) -> bool:
    """Whether a path is the folder or one above it; a variable may be."""
    place = normpath(target)
    return "$" in target or "{" in target or place in (".", folder) or folder.startswith(f"{place}/")
