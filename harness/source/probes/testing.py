"""Tests that assert something, and whether they touch what serves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.schema.evidence import Probe
from harness.source.probes.imports import Imports, graph_of
from harness.source.probes.syntax import FUNCTIONS, Definition, call_name, dotted
from harness.source.view import View, basename, no_subject, probe

_ASSERTING = re.compile(r"^(?:assert\w*|raises|warns|fail|raise_for_status)$")
_BY_ITSELF = re.compile(r"^(?:assert_(?:called|not_called|any_call|has_calls|awaited|any_await|not_awaited)\w*|fail)$")
"""What a mock asserts of itself, and what fails where it is reached: constants are no sign of nothing there."""
_CLIENTS = re.compile(r"\b(?:TestClient|test_client|AsyncClient|httpx|requests|urllib|http\.client|aiohttp)\b")
_ROUTE = re.compile(r"/predict|/score|/invocations")
_SCRIPT, _SPEC = re.compile(r"\.(?:[cm]?js|[cm]?ts|jsx|tsx)$"), re.compile(r"\.(?:test|spec)\.\w+$")
_CASE = re.compile(r"""^\s*(?:(?:test|it)(?:\.(?!skip|todo)\w+)?|\w+\.test)\s*\(\s*[\'"`]""")
_SKIPPED_SUITE = re.compile(r"""^(?:describe|suite)\.skip\s*\(|^xdescribe\s*\(""", re.M)
_SKIPS = re.compile(r"(?:^|\.)(?:skip|skipTest)$")
_EXPECTS = re.compile(r"\b(?:assert(?:\.\w+)*|expect)\s*\(\s*(?!true\s*\))")
_FETCHES = re.compile(r"\b(?:fetch|https?\.(?:request|get)|undici|supertest|axios|inject)\b")
_IMPORTS_OWN = re.compile(r"""(?:from|require\()\s*[\'"]\.\.?/[^\'"]{0,200}(?:server|serve|app|service|predict|scor|main)[^\'"]{0,200}[\'"]""", re.I)


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
    calls_route = any(_ROUTE.search(text) for text in graph.words(path).strings)
    return imports_server or (calls_route and any(_CLIENTS.search(view.text(file) or "") for file in [path, *_fixtures(view, path)]))


def _fixtures(view: View, path: str) -> list[str]:
    """The conftest.py files whose fixtures a test file can use: the client is often made there."""
    return [other for other in view.python if basename(other) == "conftest.py" and path.startswith(other.removesuffix("conftest.py"))]


def _tests(view: View) -> dict[str, list[int]]:
    """File -> lines of its test functions with an assertion."""
    files = {path: list(_functions(module, view.nodes(path))) for path, module in view.python.items() if view.is_test(path)}
    files |= {path: _cases(view.text(path) or "") for path in view.paths if _SCRIPT.search(path) and (view.is_test(path) or _SPEC.search(path))}
    return {path: lines for path, lines in files.items() if lines}


def _cases(script: str) -> list[int]:
    """Lines of a JavaScript or TypeScript test file that begin a case, as node:test, jest, mocha and vitest write them; none without an
    assertion, and none where a whole suite is skipped."""
    if not _EXPECTS.search(script) or _SKIPPED_SUITE.search(script):
        return []
    return [n for n, line in enumerate(script.splitlines(), 1) if _CASE.search(line[:500])]


def _functions(module: ast.Module, nodes: list[ast.AST]) -> Iterator[int]:
    """Lines of the test functions that run and can fail."""
    if any(_skips_module(node) for node in module.body):
        return
    functions = [node for node in nodes if isinstance(node, FUNCTIONS)]
    helpers = {node.name for node in functions if not node.name.startswith("test") and _asserts(node)}
    skipped = {id(inner) for node in nodes if isinstance(node, ast.ClassDef) and _is_skipped(node) for inner in ast.walk(node)}
    for node in functions:
        runs = id(node) not in skipped and not _is_skipped(node)
        if node.name.startswith("test") and runs and (_asserts(node) or _uses(node, helpers)):
            yield node.lineno


def _skips_module(node: ast.stmt) -> bool:
    """`pytestmark = pytest.mark.skip`, or `pytest.skip(allow_module_level=True)` that nothing guards."""
    if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets):
        marks = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else [node.value]
        return any(_is_skip_mark(mark) for mark in marks)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and dotted(node.value.func) == "pytest.skip"


def _is_skipped(node: Definition) -> bool:
    """By a decorator without a condition, by a class attribute, or by the first statement that does something."""
    if any(_is_skip_mark(decorator) for decorator in node.decorator_list):
        return True
    if isinstance(node, ast.ClassDef):
        return any(_skips_module(inner) for inner in node.body)
    body = [inner for inner in node.body if not (isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant))]
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Call):
        return bool(_SKIPS.search(dotted(first.value.func)))
    return isinstance(first, ast.Return)


def _is_skip_mark(mark: ast.expr) -> bool:
    """A mark that keeps a test from running, or lets it fail: `skip`, `xfail` that is not strict. One with a condition may mean it."""
    name = dotted(mark.func if isinstance(mark, ast.Call) else mark).split(".")[-1].lower()
    if not isinstance(mark, ast.Call):
        return name in ("skip", "xfail", "expectedfailure")
    conditions = [value.value if isinstance(value, ast.Constant) else None for value in mark.args[:1]]
    told = {keyword.arg: keyword.value.value for keyword in mark.keywords if isinstance(keyword.value, ast.Constant)}
    if name == "xfail":
        return told.get("run") is False or (not told.get("strict") and conditions in ([], [True]))
    return name == "skip" or (name == "skipif" and conditions == [True]) or (name == "skipunless" and conditions == [False])


def _asserts(function: ast.AST) -> bool:
    """An assertion that can fail: `assert True` cannot."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and _can_fail(node.test):
            return True
        if isinstance(node, ast.Call) and _ASSERTING.search(call_name(node)) and _compares(node):
            return True
    return False


def _can_fail(test: ast.expr) -> bool:
    """Not so: a constant, constants compared with each other, a thing compared with itself, a tuple, `... or True`."""
    if isinstance(test, ast.Tuple):
        return not test.elts
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return all(_can_fail(value) for value in test.values)
    if isinstance(test, ast.Compare) and len({ast.dump(side) for side in (test.left, *test.comparators)}) == 1:
        return any(isinstance(node, ast.Call) for node in ast.walk(test))
    return any(isinstance(node, (ast.Name, ast.Call, ast.Attribute)) for node in ast.walk(test))


def _compares(call: ast.Call) -> bool:
    """Whether an assertion written as a call can fail: `pytest.raises(Error)` can; `assertEqual(1, 1)`, `assertTrue(True)` and a thing held
    against itself cannot."""
    if _BY_ITSELF.search(call_name(call)):
        return True
    sides = [ast.dump(argument) for argument in call.args[:2]]
    itself = len(sides) == 2 and sides[0] == sides[1] and not any(isinstance(node, ast.Call) for node in ast.walk(call.args[0]))
    return not itself and not (call.args and all(isinstance(argument, ast.Constant) for argument in call.args))


def _uses(function: ast.AST, helpers: set[str]) -> bool:
    return any(isinstance(node, ast.Call) and call_name(node) in helpers for node in ast.walk(function))


PROBES = {"tests_present": tests_present, "tests_cover_serving": tests_cover_serving}
