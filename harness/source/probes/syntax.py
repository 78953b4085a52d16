"""Small questions about Python's syntax trees that several probes ask."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

MAX_STRING = 400
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Definition = Function | ast.ClassDef
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)


@dataclass(frozen=True)
class Words:
    """Of one module: names of imported modules, whole and first part; the last parts of the names of everything that is called; string
    constants, with the names of keywords."""

    imported: frozenset[str]
    called: frozenset[str]
    strings: frozenset[str]


def words_of(nodes: Iterable[ast.AST]) -> Words:
    """Of all nodes of a module."""
    modules: set[str] = set()
    calls: set[str] = set()
    strings: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call):
            calls.add(call_name(node))
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str) and len(node.value) < MAX_STRING:
                strings.add(node.value)
        elif isinstance(node, ast.keyword):
            strings.add(node.arg or "")
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    modules |= {name.split(".")[0] for name in modules}
    return Words(frozenset(modules), frozenset(calls - {""}), frozenset(strings - {""}))


def last_name(node: ast.expr) -> str:
    """`c` of `a.b.c`, also where `a` is no name; else an empty string."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def call_name(node: ast.Call) -> str:
    return last_name(node.func)


def dotted(node: ast.expr) -> str:
    """`a.b.c` for such an expression, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(isinstance(inner, ast.Name) and inner.id == "__name__" for inner in ast.walk(node.test))


def has_main(module: ast.Module) -> bool:
    return any(is_main_guard(node) for node in module.body)


def holds_functions(module: ast.Module) -> bool:
    """Whether functions or calls stand at the top level: a file of classes alone is for others to use."""
    return any(isinstance(node, FUNCTIONS) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)) for node in module.body)


def runs_itself(module: ast.Module) -> bool:
    """A script without a main guard: a call of its own function stands at its top level."""
    own = {node.name for node in module.body if isinstance(node, FUNCTIONS)}
    return any(isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and call_name(node.value) in own for node in module.body)
