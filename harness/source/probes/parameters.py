"""Parameters that a file declares and the training does not read: it passes other values, or none of them.

Told only of files that the training reads other keys of, and of keys that stand nowhere in its code. What unpacks or looks up parameters under
names that are not written out may read them all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grader.schema.evidence import Sighting
from harness.source.probes.imports import graph_of
from harness.source.probes.steps import steps
from harness.source.probes.syntax import dotted, last_name
from harness.source.sightings import sighting
from harness.source.view import View, basename

_FILE = re.compile(r"^(?:params|parameters|hparams|hyperparams|hyperparameters|config|training|train_config|train)\.(?:ya?ml|json)$", re.I)
HOLDER = re.compile(r"(?:^|_|\.)(?:params?|parameters|hparams|hp|hps|cfg|conf|config|configuration|settings|options|opts?|args)$", re.I)
_SECTION = re.compile(r"model|estimator|classifier|train|hyper|param|fit|boost|forest|regress|optim|learn", re.I)
_FILE_NAME = re.compile(r"\.(?:json|ya?ml|toml|pkl|joblib|csv|parquet|txt|md|gz|onnx|py|log|html|png|db|lock|bin|pt|cfg|ini)$", re.I)
MAX_LEAVES = 100


@dataclass
class _Read:
    """What the training and the steps beside it mention: `said`, any word but the names of keywords that are given a literal; `keys`, texts and
    attributes of holders; `passed`, (keyword, literal, file, line)."""

    said: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    passed: list[tuple[str, float, str, int]] = field(default_factory=list)
    open_ended: bool = False
    displayed: set[int] = field(default_factory=set)


def unread(view: View) -> Iterator[Sighting]:
    """`unread`: a declared parameter, `says` what the file gives it; `uses` what the training passes in its place, where it does."""
    graph = graph_of(view)
    entries = {*graph.training_entries, *steps(view)} if graph.training_entries else set()
    files = sorted((graph.training | graph.reach(sorted(entries))) & set(view.python))
    declared = [(path, found[0]) for path, found in view.yaml.items() if _FILE.search(basename(path)) and found and isinstance(found[0], dict)]
    declared += [(path, found) for path, found in view.json.items() if _FILE.search(basename(path)) and isinstance(found, dict)]
    if not files or len(declared) != 1:
        return
    read = _read(view, files)
    (path, told), = declared  # fmt: skip
    if read.open_ended or not any(str(key) in read.keys for key in told) or _is_filled_in(view, told):
        return
    for section, leaves in _sections(told):
        if section in read.keys:
            continue
        missed = {name: value for name, value in leaves.items() if name not in read.said}
        for name, uses, file, line in read.passed:
            if name in missed and abs(missed[name] - uses) > 1e-12:
                text = f"{section}.{name} is {missed[name]:g} in {path}, and {uses:g} is passed"
                yield sighting(text, file, {"unread": f"{section}.{name}", "says": missed[name], "uses": uses}, line)
        idle = len(missed) == len(leaves) and not {name for name, *_ in read.passed} & set(leaves)
        if idle and _SECTION.search(section):
            yield sighting(f"{section} ({', '.join(list(leaves)[:3])})", path, {"unread": section}, view.line_of(path, f"{section}:"))


def _sections(told: dict[Any, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """(name, numbers) of the parts of a file of parameters that hold numbers only."""
    for name, part in list(told.items())[:MAX_LEAVES]:
        if isinstance(part, dict) and part and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in part.values()):
            yield str(name), {str(key): float(item) for key, item in list(part.items())[:MAX_LEAVES]}


def _is_filled_in(view: View, told: dict[Any, Any]) -> bool:
    """Whether a command is given values out of the file, by DVC's templates or by a tool that reads YAML."""
    texts = [view.text(path) or "" for path in view.paths if basename(path) in ("dvc.yaml", "Makefile") or path.endswith((".sh", ".yml"))]
    return any("${" + str(name) in text for name in told for text in texts) or any(re.search(r"\byq\b|dvc exp|hydra", text) for text in texts)


def _read(view: View, files: list[str]) -> _Read:
    read = _Read()
    for path in files:
        for node in view.nodes(path):
            if isinstance(node, ast.Call):
                _call(node, path, read)
            elif isinstance(node, ast.Dict):
                _display(node, path, read)
            elif isinstance(node, ast.ClassDef):
                read.said |= {last_name(inner.target) for inner in node.body if isinstance(inner, ast.AnnAssign)}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in read.displayed:
                words = _keys_in(node.value)
                read.said |= words
                read.keys |= words
            elif isinstance(node, ast.Attribute) and id(node) not in read.displayed:
                read.said.add(node.attr)
                read.keys |= {node.attr} if HOLDER.search(dotted(node.value)) else set()
            elif isinstance(node, ast.Subscript) and HOLDER.search(dotted(node.value)) and not isinstance(node.slice, ast.Constant):
                read.open_ended = True
    return read


def _keys_in(text: str) -> set[str]:
    """Of `model.C`, `--max-iter` and the like; the name of a file is no path of keys."""
    dotted_path = re.fullmatch(r"\w+(?:\.\w+)+", text) and not _FILE_NAME.search(text)
    return {text, text.lstrip("-").replace("-", "_"), *(text.split(".") if dotted_path else [])}


def _call(node: ast.Call, path: str, read: _Read) -> None:
    spread = [keyword.value for keyword in node.keywords if keyword.arg is None]
    read.open_ended |= any(not (isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant)) for value in spread)
    func = node.func
    if isinstance(func, ast.Attribute):
        read.displayed.add(id(func))  # a method is no parameter; walked breadth first, so that the call comes before its name
        read.open_ended |= func.attr in ("items", "values") and bool(HOLDER.search(dotted(func.value)))
    for keyword in node.keywords:
        value = _number(keyword.value)
        if keyword.arg and value is not None and not spread:
            read.passed.append((keyword.arg, value, path, node.lineno))


def _display(node: ast.Dict, path: str, read: _Read) -> None:
    """A number behind a key is given, and not read."""
    for key, value in zip(node.keys, node.values, strict=True):
        number = _number(value)
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and number is not None:
            read.displayed.add(id(key))
            read.passed.append((key.value, number, path, node.lineno))


def _number(value: ast.expr) -> float | None:
    given = value.value if isinstance(value, ast.Constant) else None
    return float(given) if isinstance(given, (int, float)) and not isinstance(given, bool) else None
