"""Tests that assert something, and whether they touch what serves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.schema.evidence import Probe
from harness.source.probes.imports import Imports, call_name, dotted, graph_of, strings
from harness.source.probes.view import View, basename, no_subject, probe

_ASSERTING = re.compile(r"^(?:assert\w*|raises|warns|fail|raise_for_status)$")
_CLIENTS = re.compile(r"\b(?:TestClient|test_client|AsyncClient|httpx|requests|urllib|http\.client|aiohttp)\b")
_ROUTE = re.compile(r"/predict|/score|/invocations")
_SCRIPT, _SPEC = re.compile(r"\.(?:[cm]?js|[cm]?ts|jsx|tsx)$"), re.compile(r"\.(?:test|spec)\.\w+$")
_CASE = re.compile(r"""^\s*(?:(?:test|it)(?:\.\w+)?|\w+\.test)\s*\(\s*[\'"`]""")
_EXPECTS = re.compile(r"\b(?:assert(?:\.\w+)*|expect)\s*\(\s*(?!true\s*\))")
_FETCHES = re.compile(r"\b(?:fetch|https?\.(?:request|get)|undici|supertest|axios|inject)\b")
_IMPORTS_OWN = re.compile(r"""(?:from|require\()\s*[\'"]\.\.?/[^\'"]*(?:server|serve|app|service|predict|scor|main)[^\'"]*[\'"]""", re.I)


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
    if path not in view.python:
        script = view.text(path) or ""
        return bool(_ROUTE.search(script) and _FETCHES.search(script)) or bool(_IMPORTS_OWN.search(script))
    imports_server = bool(graph.reach([path]) & graph.servers)
    calls_route = any(_ROUTE.search(text) for text in strings(view.python[path]))
    return imports_server or (calls_route and any(_CLIENTS.search(view.text(file) or "") for file in [path, *_fixtures(view, path)]))


def _fixtures(view: View, path: str) -> list[str]:
    """The conftest.py files whose fixtures a test file can use: the client is often made there."""
    return [other for other in view.python if basename(other) == "conftest.py" and path.startswith(other.removesuffix("conftest.py"))]


def _tests(view: View) -> dict[str, list[int]]:
    """File -> lines of its test functions with an assertion."""
    files = {path: list(_functions(module)) for path, module in view.python.items() if view.is_test(path)}
    files |= {path: _cases(view.text(path) or "") for path in view.paths if _SCRIPT.search(path) and (view.is_test(path) or _SPEC.search(path))}
    return {path: lines for path, lines in files.items() if lines}


def _cases(script: str) -> list[int]:
    """Lines of a JavaScript or TypeScript test file that begin a case, as node:test, jest, mocha and vitest write them; none without an assertion."""
    return [n for n, line in enumerate(script.splitlines(), 1) if _CASE.search(line[:500])] if _EXPECTS.search(script) else []


def _functions(module: ast.Module) -> Iterator[int]:
    functions = [node for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    functions = [node for node in functions if not any(map(_skips, node.decorator_list)) and not _is_skip(node.body[0])]
    if any(isinstance(node, ast.Assign) and "pytestmark" in map(dotted, node.targets) and _skips(node.value) for node in module.body):
        return
    helpers = {node.name for node in functions if not node.name.startswith("test") and _asserts(node)}
    for node in functions:
        if node.name.startswith("test") and (_asserts(node) or _uses(node, helpers)):
            yield node.lineno


def _skips(mark: ast.expr) -> bool:
    """A mark that keeps a test from running, or lets it fail: `pytest.mark.skip`, `unittest.skip`, `pytest.mark.xfail` that is not strict."""
    for part in mark.elts if isinstance(mark, (ast.List, ast.Tuple)) else [mark]:
        told = part.keywords if isinstance(part, ast.Call) else []
        name = dotted(part.func if isinstance(part, ast.Call) else part).rpartition(".")[2]
        strict = any(keyword.arg == "strict" and isinstance(keyword.value, ast.Constant) and keyword.value.value for keyword in told)
        if name == "skip" or (name == "xfail" and not strict):
            return True
    return False


def _is_skip(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and call_name(statement.value) in ("skip", "skipTest")


def _asserts(function: ast.AST) -> bool:
    """An assertion that can fail: `assert True` cannot."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and any(isinstance(part, (ast.Name, ast.Attribute, ast.Call)) for part in ast.walk(node.test)):
            return True
        if isinstance(node, ast.Call) and _ASSERTING.search(call_name(node)) and not all(isinstance(a, ast.Constant) for a in node.args):
            return True
    return False


def _uses(function: ast.AST, helpers: set[str]) -> bool:
    return any(isinstance(node, ast.Call) and call_name(node) in helpers for node in ast.walk(function))


PROBES = {"tests_present": tests_present, "tests_cover_serving": tests_cover_serving}
