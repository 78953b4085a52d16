"""Is training data checked by something that runs before the model is made, and that is heeded?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.schema.evidence import Probe
from harness.source.probes.imports import graph_of
from harness.source.probes.steps import NO_TRAINING, steps_with_training
from harness.source.probes.syntax import FUNCTIONS, Function, call_name
from harness.source.probes.uses import Uses, uses
from harness.source.view import View, basename, no_subject, probe

_VALIDATORS = frozenset({
    "pandera", "great_expectations", "pydantic", "jsonschema", "tensorflow_data_validation", "deepchecks", "cerberus", "marshmallow", "frictionless",
})  # fmt: skip
_SETTINGS_FILE = re.compile(r"config|settings", re.I)
"""There pydantic reads the environment; in what only the service imports it reads requests."""
_CHECK_NAME = re.compile(
    r"^_?(?:validate|check|verify|assert|ensure)(?:_\w*)?$|^_?(?:\w+_)?(?:is_valid|valid|validation|errors|problems|violations|complaints|issues)$",
    re.I,
)
_OF_OTHER_THINGS = re.compile(
    r"_(?:drift|models?|metrics?|health|env\w*|config\w*|settings|arg\w*|tokens?|auth\w*|password|login|user|gpu|device|versions?|server|service|"
    r"connection|gates?|fitted|performance|slo)$",
    re.I,
)
"""Checks that say what they look at, and it is not the data."""


def data_validation(view: View) -> Probe:
    """The training path checks its data: a validation library in use, or a check that is reached, can fail, and is heeded.

    Reached from the training, or from another step that something starts by name beside it; one with a target of its own that the training
    gets by without checks what nobody asked for.
    """
    graph = graph_of(view)
    if not graph.training_entries:
        return no_subject(NO_TRAINING)
    entries = {*graph.training_entries, *steps_with_training(view)}
    files = graph.reach(sorted(entries))
    reached = uses(view, files, entries)
    hits: list[tuple[str, int | None]] = []
    for path in sorted(files & set(view.python)):
        nodes = view.nodes(path)
        of_requests = path in graph.serving and path not in graph.training
        library = _library_used(nodes, reached, _VALIDATORS - {"pydantic"} if of_requests or _SETTINGS_FILE.search(basename(path)) else _VALIDATORS)
        if library:
            hits.append((path, library))
        found = ((node, by_value) for node, by_value in _checks(nodes) if reached.reaches(node))
        hits += [(path, node.lineno) for node, by_value in found if not by_value or reached.heeded(node.name)]
    return probe(bool(hits), "" if hits else "no check of the data is reached, can fail and is heeded", hits)


def _library_used(nodes: list[ast.AST], reached: Uses, libraries: frozenset[str]) -> int | None:
    """The line of an import of one of these libraries, if what it binds is used in code that is reached."""
    for node in nodes:
        if isinstance(node, ast.Import):
            bound = [(alias.asname or alias.name.split(".")[0]) for alias in node.names if alias.name.split(".")[0] in libraries]
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] in libraries:
            bound = [alias.asname or alias.name for alias in node.names]
        else:
            continue
        if set(bound) & reached.names:
            return node.lineno
    return None


def _checks(nodes: list[ast.AST]) -> Iterator[tuple[Function, bool]]:
    """(function, whether it complains by its value alone) of those named as checks that can complain: they raise, assert, or say what is wrong."""
    for node in nodes:
        if not isinstance(node, FUNCTIONS) or not _CHECK_NAME.search(node.name) or _OF_OTHER_THINGS.search(node.name):
            continue
        inside = list(ast.walk(node))
        raising = any(isinstance(n, ast.If) and any(_stops(inner) for inner in ast.walk(n)) for n in inside)
        if raising or any(isinstance(n, ast.Assert) and not isinstance(n.test, ast.Constant) for n in inside):
            yield node, False
        elif len([n for n in inside if isinstance(n, ast.Compare)]) >= 2 and any(_collects(n) for n in inside):
            yield node, True


def _stops(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and call_name(node) in ("exit", "_exit", "abort"))


def _collects(node: ast.AST) -> bool:
    """Adds to a list of complaints, yields one, or says whether all is well."""
    told = isinstance(node, ast.Return) and isinstance(node.value, (ast.Compare, ast.BoolOp))
    adds = isinstance(node, ast.Call) and call_name(node) in ("append", "extend")
    return told or adds or isinstance(node, (ast.Yield, ast.ListComp, ast.GeneratorExp))


PROBES = {"data_validation": data_validation}
