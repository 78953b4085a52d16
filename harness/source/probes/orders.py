"""Rows that a training path picks in the order of a set of texts: Python salts their hashes anew in every run, so that no seed repeats the pick.

Whole numbers hash to themselves; where they are seen to be in the set, or where the salt is fixed, nothing is told.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.source.probes.imports import graph_of
from harness.source.probes.syntax import FUNCTIONS, call_name, last_name
from harness.source.probes.uses import uses
from harness.source.view import View, walk

_PICKS = frozenset({"shuffle", "sample", "choice", "choices", "permutation", "train_test_split"})
_KEEPS_ORDER = frozenset({"list", "tuple", "array", "asarray", "Series", "Index", "reversed", "enumerate"})
_SETS = frozenset({"set", "frozenset"})
_NUMBERS = frozenset({"int", "float", "len", "round", "range", "arange", "nonzero", "where", "hash"})
MAX_STEPS = 4


def unordered(view: View) -> Iterator[tuple[str, int, str]]:
    """(file, line, name of the pick) of every pick in reached training code from what is in a set's order."""
    graph = graph_of(view)
    files = sorted(graph.training & set(view.python))
    pieces = uses(view, files, graph.training_entries).pieces
    for path in files:
        text = view.text(path) or ""
        if ("set(" not in text and "{" not in text) or _is_salted(view):
            continue
        for piece in (node for node in view.nodes(path) if id(node) in pieces):
            inside = list(ast.walk(piece))
            made = _made(inside)
            for node in inside:
                if isinstance(node, ast.Call) and call_name(node) in _PICKS and node.args and _is_in_set_order(view, node.args[0], made):
                    yield path, node.lineno, call_name(node)


def _made(nodes: list[ast.AST]) -> dict[str, list[ast.expr]]:
    """Name -> all that it is given here; names that are sorted in place, or bound in another way as well, are left out."""
    made: dict[str, list[ast.expr]] = {}
    lost: set[str] = set()
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    made.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sort":
            lost.add(last_name(node.func.value))
        elif isinstance(node, FUNCTIONS):
            lost |= {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
        elif isinstance(node, (ast.For, ast.comprehension, ast.AugAssign)):
            lost |= {name.id for name in ast.walk(node.target) if isinstance(name, ast.Name)}
    return {name: values for name, values in made.items() if name not in lost}


def _is_in_set_order(view: View, value: ast.expr, made: dict[str, list[ast.expr]], depth: int = 0) -> bool:
    if depth > MAX_STEPS:
        return False
    if isinstance(value, ast.Name):
        return value.id in made and all(_is_in_set_order(view, one, made, depth + 1) for one in made[value.id])
    if isinstance(value, ast.Call) and call_name(value) in _KEEPS_ORDER and len(value.args) == 1:
        return _is_in_set_order(view, value.args[0], made, depth + 1)
    if isinstance(value, (ast.ListComp, ast.GeneratorExp)):
        return _is_in_set_order(view, value.generators[0].iter, made, depth + 1)
    if isinstance(value, ast.SetComp):
        return not _holds_numbers(view, value.elt)
    return isinstance(value, ast.Call) and call_name(value) in _SETS and len(value.args) == 1 and not _holds_numbers(view, value.args[0])


def _holds_numbers(view: View, value: ast.expr) -> bool:
    """Whether numbers are seen in it: made by a call, or under a key that a committed example gives a number."""
    nodes = list(ast.walk(value))
    if any(isinstance(node, ast.Call) and call_name(node) in _NUMBERS for node in nodes):
        return True
    keys = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    keys |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return bool(keys & _numeric(view))


def _numeric(view: View) -> frozenset[str]:
    """Keys that some committed JSON gives a number; looked through once per scan."""
    if "numeric_keys" not in view.memo:
        told = (pair for document in view.json.values() for pair in walk(document))
        view.memo["numeric_keys"] = frozenset(key for key, item in told if isinstance(item, (int, float)) and not isinstance(item, bool))
    found = view.memo["numeric_keys"]
    assert isinstance(found, frozenset)
    return found


def _is_salted(view: View) -> bool:
    """Whether anything in the repository fixes the salt of hashes."""
    if "hash_seed" not in view.memo:
        view.memo["hash_seed"] = any("PYTHONHASHSEED" in (view.text(path) or "") for path in view.paths)
    return bool(view.memo["hash_seed"])
