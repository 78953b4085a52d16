"""Tests that assert something, and whether they touch what serves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.schema.evidence import Probe
from harness.source.probes.imports import Imports, call_name, graph_of, strings
from harness.source.probes.view import View, no_subject, probe

_ASSERTING = re.compile(r"^(?:assert\w*|raises|warns|fail|raise_for_status)$")
_CLIENTS = re.compile(r"\b(?:TestClient|test_client|AsyncClient|httpx|requests|urllib|http\.client|aiohttp)\b")


def tests_present(view: View) -> Probe:
    """value: number of test functions that assert something."""
    found = _tests(view)
    count = sum(len(lines) for lines in found.values())
    return probe(count > 0, f"{count} test functions with an assertion", [(path, lines[0]) for path, lines in found.items()], value=float(count))


def tests_cover_serving(view: View) -> Probe:
    """Tests that call the prediction route, or import what the server is made of. value: number of their functions."""
    found = _tests(view)
    if not found:
        return no_subject("no tests")
    graph = graph_of(view)
    hits = {path: lines for path, lines in found.items() if _covers(view, graph, path)}
    value = float(sum(len(lines) for lines in hits.values()))
    return probe(bool(hits), "" if hits else "no test touches the serving code", [(path, lines[0]) for path, lines in hits.items()], value=value)


def _covers(view: View, graph: Imports, path: str) -> bool:
    imports_server = bool(graph.reach([path]) & set(graph.serving_entries))
    calls_route = any("/predict" in text or "/score" in text or "/invocations" in text for text in strings(view.python[path]))
    return imports_server or (calls_route and bool(_CLIENTS.search(view.text(path) or "")))


def _tests(view: View) -> dict[str, list[int]]:
    """File -> lines of its test functions with an assertion."""
    files = {path: list(_functions(module)) for path, module in view.python.items() if view.is_test(path)}
    return {path: lines for path, lines in files.items() if lines}


def _functions(module: ast.Module) -> Iterator[int]:
    functions = [node for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    helpers = {node.name for node in functions if not node.name.startswith("test") and _asserts(node)}
    for node in functions:
        if node.name.startswith("test") and (_asserts(node) or _uses(node, helpers)):
            yield node.lineno


def _asserts(function: ast.AST) -> bool:
    """An assertion that can fail: `assert True` cannot."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Call) and _ASSERTING.search(call_name(node)) and not all(isinstance(a, ast.Constant) for a in node.args):
            return True
    return False


def _uses(function: ast.AST, helpers: set[str]) -> bool:
    return any(isinstance(node, ast.Call) and call_name(node) in helpers for node in ast.walk(function))


PROBES = {"tests_present": tests_present, "tests_cover_serving": tests_cover_serving}
