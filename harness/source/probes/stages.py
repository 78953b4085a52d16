"""Stages of DVC that run code, or read data, which they do not depend on: a change of it does not run them again.

What a stage depends on counts as well for those that use its outputs. Nothing is told of stages with templates, without any dependency (they
always run), and of code that holds no part of the training.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grader.schema.evidence import Sighting
from harness.source.probes.imports import graph_of
from harness.source.probes.parameters import HOLDER
from harness.source.probes.preprocessing import prepares
from harness.source.probes.recipes import recipe
from harness.source.probes.steps import that_runs
from harness.source.probes.syntax import DEFINITIONS, dotted
from harness.source.probes.uses import uses
from harness.source.sightings import sighting
from harness.source.view import View, basename, walk

_TABLE = re.compile(r"\.(?:csv|parquet|feather|jsonl|arrow|tsv|npz|xlsx|db|sqlite)(?:\.gz|\.zst|\.bz2)?$", re.I)
_OF_TRAINING = re.compile(r"model|train|data|feature|preproc|encod|transform|split|metric|eval|label", re.I)
MAX_STAGES = 60


@dataclass
class Stage:
    """Paths are from the repository's root. `has` is all that it depends on, and `reads` all parameters that it names, by way of
    others too."""

    name: str
    path: str
    line: int | None
    code: list[str]
    deps: set[str]
    outs: set[str]
    params: set[str] = field(default_factory=set)
    has: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)


def lacking(view: View) -> Iterator[Sighting]:
    """`lacks`: what a stage runs or reads and does not depend on."""
    for path, documents in view.yaml.items():
        if basename(path) == "dvc.yaml" and documents and isinstance(documents[0], dict):
            stages = _stages(view, path, documents[0].get("stages"))
            for stage in stages or []:
                for lacks, does in _lacks(view, stage, stages or []):
                    yield sighting(f"stage {stage.name} {does} {lacks}", stage.path, {"lacks": lacks}, stage.line)


def _lacks(view: View, stage: Stage, stages: list[Stage]) -> Iterator[tuple[str, str]]:
    yield from _code(view, stage, stages)
    yield from _data(view, stage, stages)
    yield from _parameters(view, stage)


def _stages(view: View, path: str, told: object) -> list[Stage] | None:
    """None where one of them is made from a template: what leads where is not known then."""
    if not isinstance(told, dict) or len(told) > MAX_STAGES or any("${" in str(text) for _, text in walk(told) if isinstance(text, str)):
        return None
    if any(not isinstance(stage, dict) or "foreach" in stage or "matrix" in stage for stage in told.values()):
        return None
    stages = [_stage(view, path, str(name), stage) for name, stage in told.items()]
    for stage in stages:
        _follow(stage, stages)
    return stages


def _stage(view: View, path: str, name: str, told: dict[str, Any]) -> Stage:
    folder = posixpath.join(posixpath.dirname(path), str(told.get("wdir", "")))
    commands = told.get("cmd")
    lines = [str(line) for line in (commands if isinstance(commands, list) else [commands])]
    plain = all(recipe(view, line) is None for line in lines) and not told.get("always_changed") and not told.get("frozen")
    code = [file for line in lines for file in graph_of(view).files_named(that_runs(line))] if plain else []
    outs = {at for kind in ("outs", "metrics", "plots") for at in _paths(folder, told.get(kind))}
    return Stage(name, path, view.line_of(path, f"{name}:"), code, _paths(folder, told.get("deps")), outs, _keys(told.get("params")))


def _keys(told: object) -> set[str]:
    """The sections of params.yaml that a stage names; another file of parameters is a star, for all."""
    listed = told if isinstance(told, list) else []
    return {str(item).split(".")[0] if isinstance(item, str) else "*" for item in listed}


def _paths(folder: str, told: object) -> set[str]:
    listed = told if isinstance(told, list) else []
    names = [str(next(iter(item), "")) if isinstance(item, dict) else str(item) for item in listed]
    return {posixpath.normpath(posixpath.join(folder, name)) for name in names}


def _follow(stage: Stage, stages: list[Stage]) -> None:
    queue = [stage]
    while queue:
        one = queue.pop()
        deps = one.deps - stage.has
        stage.has |= deps
        stage.reads |= one.params
        queue += [other for other in stages if any(_holds(dep, out) or _holds(out, dep) for dep in deps for out in other.outs)]


def _holds(folder: str, path: str) -> bool:
    return folder in (path, ".") or path.startswith(f"{folder}/")


def _code(view: View, stage: Stage, stages: list[Stage]) -> Iterator[tuple[str, str]]:
    """Files of the repository that its command runs. Those that it imports count where it names others of them, or another stage names them."""
    graph = graph_of(view)
    if not stage.deps or len(stage.code) != 1:
        return
    entry = stage.code[0]
    imported = graph.reach([entry]) & set(view.python) - {entry}
    names_some = any(_holds(dep, path) for dep in stage.deps for path in imported)
    reached = uses(view, {entry, *imported}, [entry])
    for path in [entry, *sorted(imported)]:
        if any(_holds(dep, path) for dep in stage.has) or basename(path) == "__init__.py" or view.is_test(path):
            continue
        if any(basename(dep) == basename(path) for dep in stage.has):
            continue  # the same name in another folder: it may be that one which runs
        named = names_some or any(path in other.deps for other in stages)
        runs = path == entry or any(reached.reaches(node) for node in view.python[path].body if isinstance(node, DEFINITIONS))
        if runs and (path == entry or (named and (_OF_TRAINING.search(basename(path)) or any(prepares(view, path))))):
            yield path, "runs"


def _data(view: View, stage: Stage, stages: list[Stage]) -> Iterator[tuple[str, str]]:
    """The table that another stage depends on, of a training that depends on no table, no folder and no output, though its path is told there."""
    graph = graph_of(view)
    made = set().union(*(other.outs for other in stages))
    if not stage.deps or not set(stage.code) & set(graph.training_entries):
        return
    if any(_TABLE.search(dep) or "." not in basename(dep) or dep in made for dep in stage.has):
        return
    files = graph.reach(stage.code) & set(view.python)
    told = set().union(*(graph.words(path).strings for path in files))
    settings = [found for path, found in view.yaml.items() if re.search(r"param|config|settings", path)]
    told |= {text for found in settings for _, text in walk(found) if isinstance(text, str)}
    tables = sorted({dep for other in stages for dep in other.deps if _TABLE.search(dep)})
    if len(tables) == 1 and (tables[0] in told or basename(tables[0]) in told):
        yield tables[0], "reads"


def _parameters(view: View, stage: Stage) -> Iterator[tuple[str, str]]:
    """Sections of params.yaml that its code looks up by name, of a stage that names others of them."""
    file = posixpath.join(posixpath.dirname(stage.path), "params.yaml")
    told = view.yaml.get(file, [None])[0]
    if not stage.params or "*" in stage.reads or not isinstance(told, dict) or len(stage.code) != 1 or any(_holds(dep, file) for dep in stage.has):
        return
    graph = graph_of(view)
    files = graph.reach(stage.code) & set(view.python)
    looked_up = {
        node.slice.value
        for piece in uses(view, files, stage.code).pieces.values()
        for node in ast.walk(piece)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and HOLDER.search(_name(node.value))
    }
    yield from ((str(key), "reads the parameters") for key in told if key in looked_up and str(key) not in stage.reads)


def _name(node: ast.expr) -> str:
    """`parameters` of `parameters()` too."""
    return dotted(node.func if isinstance(node, ast.Call) else node)
