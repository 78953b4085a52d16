"""Bars that a training holds its model against, and whether anything comes of a model that misses one.

A verdict is followed through names, returns and the calls of its function. Only one that ends in words for people is told to be unheeded: what is
written to a file, raised, or handed to what is not known, may stop the model.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from harness.source.probes.imports import graph_of
from harness.source.probes.steps import quiet, steps_with_training
from harness.source.probes.syntax import FUNCTIONS, Function, call_name, last_name
from harness.source.probes.uses import is_quiet, is_said
from harness.source.view import View

_METRIC = re.compile(
    r"(?:^|_)(?:auc|auroc|roc|ap|f1|f_score|accuracy|acc|precision|recall|brier|log_?loss|rmse|mae|mse|ks|gini|r2|metrics?|lift)(?:$|_)", re.I
)
_BAR = re.compile(
    r"(?:^|_)(?:min|max|minimum|maximum|least|most|threshold|thresholds|gate|gates|floor|ceiling|required?|target|targets|bar|bars|limit|limits|"
    r"lower|upper|bound|acceptable|quality_gate|criteria)(?:$|_)",
    re.I,
)
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_COLLECTS = frozenset({"append", "extend", "add", "insert", "update"})
_LEAVES = frozenset({"exit", "_exit", "SystemExit"})
_ENDS = frozenset({"SystemExit", "BaseException"})
_HARMLESS = frozenset({
    "str", "len", "any", "all", "bool", "int", "float", "list", "tuple", "dict", "set", "sorted", "sum", "round", "join", "format", "items", "values",
    "enumerate", "zip", "filter", "repr", "not_", "min", "max", "strip", "upper", "dumps",
})  # fmt: skip
MAX_STEPS = 12


@dataclass(frozen=True)
class Gate:
    """A comparison of a metric with a bar; `heeded`: something may come of it."""

    path: str
    line: int
    text: str
    heeded: bool


def gates(view: View) -> list[Gate]:
    """All bars in the training and the steps beside it; looked for once per scan."""
    if "gates" not in view.memo:
        graph = graph_of(view)
        entries = {*graph.training_entries, *steps_with_training(view)} if graph.training_entries else set()
        files = quiet(view, graph.reach(sorted(entries))) | (entries & set(view.python))
        view.memo["gates"] = list(_Followed(view, sorted(files)).gates())
    found = view.memo["gates"]
    assert isinstance(found, list)
    return found


class _Followed:
    """What comes of values, in some files."""

    def __init__(self, view: View, files: list[str]) -> None:
        self.view, self.files = view, files
        edges = graph_of(view).edges
        self.users = {path: [path, *(other for other, named in edges.items() if path in named and not view.is_test(other))] for path in files}
        self.parents: dict[int, ast.AST] = {}
        self.homes: dict[int, str] = {}
        self.calls: dict[tuple[str, str], list[ast.Call]] = {}
        self.named: Counter[tuple[str, str]] = Counter()
        for path in sorted(set().union(*self.users.values())):
            self._read(path)

    def _read(self, path: str) -> None:
        for node in self.view.nodes(path):
            for child in ast.iter_child_nodes(node):
                self.parents[id(child)] = node
            if isinstance(node, FUNCTIONS):
                self.homes[id(node)] = path
            elif isinstance(node, ast.Call):
                self.calls.setdefault((path, call_name(node)), []).append(node)
            elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                self.named[path, last_name(node)] += 1

    def _calls_of(self, function: Function) -> list[ast.Call] | None:
        """In its own file and in those that import it; None where it is handed over, or nothing is known to call it."""
        users = self.users.get(self.homes[id(function)], [])
        calls = [call for path in users for call in self.calls.get((path, function.name), [])]
        handed_over = sum(self.named[path, function.name] for path in users) > len(calls)
        return calls if calls and not handed_over and not self._is_told_elsewhere(function.name) else None

    def gates(self) -> Iterator[Gate]:
        for path in self.files:
            for node in self.view.nodes(path):
                if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], _ORDERS) and _is_gate(node):
                    yield Gate(path, node.lineno, ast.unparse(node)[:120], self._counts(node, MAX_STEPS, set()))

    def _counts(self, node: ast.AST, steps: int, seen: set[object]) -> bool:
        """Whether something may come of the value of an expression; the statement that it stands in tells."""
        child, parent = node, self.parents.get(id(node))
        while parent is not None and not isinstance(parent, ast.stmt):
            if isinstance(parent, ast.Lambda) or (isinstance(parent, ast.IfExp) and child is parent.test and _same(parent.body, parent.orelse)):
                return isinstance(parent, ast.Lambda)
            if isinstance(parent, ast.Call) and child is not parent.func and isinstance(parent.func, ast.Attribute) and parent.func.attr in _COLLECTS:
                return self._name_counts(parent.func.value, parent, steps, seen)
            if isinstance(parent, ast.Call) and child is not parent.func and not (call_name(parent) in _HARMLESS | _LEAVES or is_said(parent)):
                return True  # what it does with a verdict is not known
            child, parent = parent, self.parents.get(id(parent))
        if steps <= 0 or parent is None:
            return True
        if isinstance(parent, ast.Expr):
            return parent.value is not node and not is_said(parent.value) and (not _leaves(parent.value) or self._escapes(parent, _ENDS))
        if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return any(self._name_counts(target, parent, steps, seen) for target in targets)
        if isinstance(parent, ast.Return):
            return self._function_counts(parent, steps, seen)
        if isinstance(parent, ast.Raise):
            return self._raise_counts(parent)
        if isinstance(parent, (ast.If, ast.For)) and child in (getattr(parent, "test", None), getattr(parent, "iter", None)):
            return self._block_counts(parent, steps, seen)
        return True

    def _name_counts(self, target: ast.AST, at: ast.AST, steps: int, seen: set[object]) -> bool:
        """Of a plain name in its scope: whether something comes of any reading of it."""
        if not isinstance(target, ast.Name):
            return True
        scope = self._scope(at)
        if (id(scope), target.id) in seen:
            return False
        seen.add((id(scope), target.id))
        inside = list(ast.walk(scope)) if scope is not None else []
        if not inside or any(isinstance(node, (ast.Global, ast.Nonlocal)) for node in inside):
            return True
        loads = [node for node in inside if isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)]
        return any(not self._is_collector(node) and self._counts(node, steps - 1, seen) for node in loads)

    def _is_collector(self, node: ast.Name) -> bool:
        """`found` in `found.append(...)`: adding to it is no reading."""
        held = self.parents.get(id(node))
        return isinstance(held, ast.Attribute) and held.attr in _COLLECTS

    def _function_counts(self, node: ast.AST, steps: int, seen: set[object]) -> bool:
        """Of what a function returns: whether something comes of it in any place that calls it."""
        scope = self._scope(node)
        if not isinstance(scope, FUNCTIONS) or scope.decorator_list or isinstance(self.parents.get(id(scope)), ast.ClassDef):
            return True
        if scope in seen:
            return False
        seen.add(scope)
        calls = self._calls_of(scope)
        return calls is None or any(self._counts(call, steps - 1, seen) for call in calls)

    def _is_told_elsewhere(self, name: str) -> bool:
        """Whether a file of settings names a function, as entry points do: its value is an exit code then."""
        return any(f":{name}" in (self.view.text(path) or "") for path in ("pyproject.toml", "setup.cfg", "setup.py"))

    def _block_counts(self, block: ast.If | ast.For, steps: int, seen: set[object]) -> bool:
        """Whether a block that a verdict leads to does more than say something or add to a list of which nothing comes."""
        after = self._after(block)
        return any(self._statement_counts(inner, after, steps, seen) for inner in [*block.body, *block.orelse])

    def _statement_counts(self, node: ast.stmt, after: list[ast.stmt], steps: int, seen: set[object]) -> bool:
        if isinstance(node, (ast.Pass, ast.Continue)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return False
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Attribute) and call.func.attr in _COLLECTS:
                return self._name_counts(call.func.value, node, steps, seen)
            if call_name(call) in _LEAVES:
                fine = _is_fine(call.args[0] if call.args else None) and all(map(_says_only, after))
                return not fine and self._escapes(node, _ENDS)
            return not is_said(call)
        if isinstance(node, ast.Assign):
            return any(self._name_counts(target, node, steps, seen) for target in node.targets)
        if isinstance(node, (ast.If, ast.For)):
            return self._block_counts(node, steps, seen)
        if isinstance(node, ast.Return):
            unlike = not _is_fine(node.value) or not all(map(_says_only, after))
            return unlike and (not all(map(_says_only, after)) or self._function_counts(node, steps, seen))
        if isinstance(node, ast.Raise):
            return self._raise_counts(node)
        if isinstance(node, ast.Try) and all(map(is_quiet, node.handlers)):
            return any(self._statement_counts(inner, after, steps, seen) for inner in [*node.body, *node.orelse, *node.finalbody])
        return True

    def _raise_counts(self, node: ast.Raise) -> bool:
        """Not so where what is raised is caught by what only writes it down, here or around every call of the function."""
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        names = {last_name(raised) if raised is not None else "", "Exception", "BaseException"} | (_ENDS if _leaves(node.exc) else set())
        return self._escapes(node, names)

    def _escapes(self, node: ast.AST, names: Collection[str]) -> bool:
        if self._is_caught(node, names):
            return False
        scope = self._scope(node)
        calls = self._calls_of(scope) if isinstance(scope, FUNCTIONS) else None
        return calls is None or not all(self._is_caught(call, names) for call in calls)

    def _is_caught(self, node: ast.AST, names: Collection[str]) -> bool:
        """Whether an exception ends in a handler that only says something, and nothing that matters is left out on the way there."""
        child, parent = node, self.parents.get(id(node))
        while parent is not None and not isinstance(parent, FUNCTIONS):
            if isinstance(parent, ast.Try) and child in parent.body:
                behind = [*parent.body[parent.body.index(child) + 1 :], *parent.orelse]
                quiet_ones = [handler for handler in parent.handlers if _catches(handler, names)][:1]
                if quiet_ones:
                    return is_quiet(quiet_ones[0]) and all(map(_says_only, behind))
            elif isinstance(parent, ast.stmt) and any(not _says_only(after) for after in self._siblings(child, parent)):
                return False
            child, parent = parent, self.parents.get(id(parent))
        return False

    def _siblings(self, child: ast.AST, parent: ast.AST) -> list[ast.stmt]:
        """The statements behind one in its block."""
        blocks = [block for name in ("body", "orelse", "finalbody") if isinstance(block := getattr(parent, name, None), list)]
        return [after for block in blocks if child in block for after in block[block.index(child) + 1 :]]

    def _after(self, block: ast.stmt) -> list[ast.stmt]:
        """The statements behind one in its own block; of a nested one those behind the outer ones too."""
        found: list[ast.stmt] = []
        node: ast.AST = block
        while (parent := self.parents.get(id(node))) is not None:
            found += self._siblings(node, parent)
            if isinstance(parent, FUNCTIONS):
                break
            node = parent
        return found

    def _scope(self, node: ast.AST) -> Function | ast.AST | None:
        while (parent := self.parents.get(id(node))) is not None:
            if isinstance(parent, (*FUNCTIONS, ast.Module)):
                return parent
            node = parent
        return None


def _is_gate(node: ast.Compare) -> bool:
    """Whether a metric stands on one side, and on the other what is named as a bar."""
    sides = [_words(node.left), _words(node.comparators[0])]
    return any(any(map(_METRIC.search, one)) and any(map(_BAR.search, other)) for one, other in (sides, sides[::-1]))


def _words(side: ast.expr) -> list[str]:
    inside = list(ast.walk(side))
    return [last_name(node) for node in inside if isinstance(node, (ast.Name, ast.Attribute))] + [
        node.value for node in inside if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _leaves(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and call_name(value) in _LEAVES


def _catches(handler: ast.ExceptHandler, names: Collection[str]) -> bool:
    """Whether a handler is for one of these; one without a type is for all."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or last_name(kind) in names for kind in kinds)


def _same(one: ast.expr, other: ast.expr) -> bool:
    return isinstance(one, ast.Constant) and isinstance(other, ast.Constant) and one.value == other.value


def _is_fine(value: ast.expr | None) -> bool:
    """The exit code of a program that all went well with."""
    return value is None or (isinstance(value, ast.Constant) and value.value in (0, None) and value.value is not False)


def _says_only(node: ast.stmt) -> bool:
    """What makes no difference behind a verdict: words for people, and the end of the program as if all went well."""
    if isinstance(node, ast.Return):
        return _is_fine(node.value)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and call_name(node.value) in _LEAVES:
        return _is_fine(node.value.args[0] if node.value.args else None)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or is_said(node.value)))
