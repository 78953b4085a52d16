"""Which functions of a submission's Python files are reached. Names are resolved in their own file first, then by imports; what cannot be
told (a method of some object) is taken for every method of that name, so that nothing that runs is missed."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from harness.source.probes.syntax import DEFINITIONS, Definition, dotted, has_main, is_main_guard, last_name, runs_itself
from harness.source.view import View

_QUIET = frozenset({"print", "debug", "info", "warning", "warn", "error", "exception", "log"})


@dataclass
class Uses:
    """What is reached from the entry files: pieces of code, and the names that they read."""

    names: set[str] = field(default_factory=set)
    pieces: dict[int, ast.AST] = field(default_factory=dict)

    def reaches(self, definition: Definition) -> bool:
        return id(definition) in self.pieces

    def heeded(self, name: str) -> bool:
        """Whether some call of a function that answers by its value uses the answer. One that is handed over, not called, may be."""
        calls = self._calls.get(name, set())
        return not calls or bool(calls - self._dropped)

    @cached_property
    def _calls(self) -> dict[str, set[int]]:
        calls: dict[str, set[int]] = {}
        for node in (node for piece in self.pieces.values() for node in ast.walk(piece)):
            if isinstance(node, ast.Call):
                calls.setdefault(last_name(node.func), set()).add(id(node))
        return calls

    @cached_property
    def _dropped(self) -> set[int]:
        """Calls whose answer goes nowhere, or only to people: standing alone, printed, or held in a name that nobody else reads."""
        inside = [list(ast.walk(piece)) for piece in self.pieces.values() if isinstance(piece, DEFINITIONS)]
        outside = [node for piece in self.pieces.values() if not isinstance(piece, DEFINITIONS) for node in ast.walk(piece)]
        return set().union(*map(_dropped, inside), _dropped(outside, self.names))


_Place = tuple[str, str, str]
"""Where definitions of a name are looked for: kind, file or module, name. Thousands of references lead to one place with thousands of them."""
_TOP, _INNER, _MODULE, _ANYWHERE = "top", "inner", "module", "anywhere"


class _Defined:
    """Where names of the files lead."""

    def __init__(self, view: View, files: Collection[str]) -> None:
        self.homes: dict[int, str] = {}
        self.top: dict[str, dict[str, list[Definition]]] = {}
        self.inner: dict[str, list[Definition]] = {}
        self.imported: dict[str, dict[str, str]] = {}
        self.stems: dict[str, list[str]] = {}
        for path in files:
            self.stems.setdefault(_stem(path), []).append(path)
            own = self.top.setdefault(path, {})
            for definition in _unguarded(view.python[path]):
                own.setdefault(definition.name, []).append(definition)
            outer = {id(node) for nodes in own.values() for node in nodes}
            names = self.imported.setdefault(path, {})
            for node in view.nodes(path):
                if isinstance(node, DEFINITIONS):
                    self.homes[id(node)] = path
                    if id(node) not in outer:
                        self.inner.setdefault(node.name, []).append(node)
                elif isinstance(node, (ast.Import, ast.ImportFrom)):
                    names |= {alias.asname or alias.name.split(".")[0]: alias.name.split(".")[-1] for alias in node.names}

    def of_name(self, path: str, name: str) -> list[_Place]:
        if name in self.top[path]:
            return [(_TOP, path, name)]
        meant = self.imported[path].get(name)
        if meant is None:
            return [(_INNER, "", name), *([(_ANYWHERE, "", name)] if "*" in self.imported[path] else [])]
        return [(_ANYWHERE, "", meant)]

    def of_attribute(self, path: str, base: ast.expr, name: str) -> list[_Place]:
        """`module.function` of an imported module, else any method of this name."""
        root = base
        while isinstance(root, ast.Attribute):
            root = root.value
        meant = self.imported[path].get(root.id) if isinstance(root, ast.Name) else None
        if meant is None:
            return [(_INNER, "", name)]
        return [(_MODULE, base.attr if isinstance(base, ast.Attribute) else meant, name), (_INNER, "", name)]

    def at(self, place: _Place) -> list[Definition]:
        kind, where, name = place
        if kind == _TOP:
            return self.top[where][name]
        if kind == _INNER:
            return self.inner.get(name, [])
        own = [node for path in self.stems.get(where, []) for node in self.top[path].get(name, [])] if kind == _MODULE else []
        return own or [node for top in self.top.values() for node in top.get(name, [])]


def uses(view: View, files: Collection[str], entries: Collection[str], *, whole: bool = False) -> Uses:
    """Everything that running `entries` reaches inside of `files`. A main guard counts in entries alone, and a call whose failure is
    swallowed so that the program goes on leads nowhere.

    `whole`: all of an entry is reached, since a framework calls what it is given (`module:app`). So is all of one that starts nothing by
    itself: a command line or a notebook calls its functions.
    """
    known = sorted(path for path in files if path in view.python)
    defined = _Defined(view, known)
    reached = Uses()
    queue: list[tuple[str, ast.AST]] = []
    looked: set[_Place] = set()
    for path in known:
        module, first = view.python[path], path in entries
        called = first and (whole or not (has_main(module) or runs_itself(module)))
        queue += [(path, piece) for piece in _at_import(module, main=first, whole=called)]
    while queue:
        path, piece = queue.pop()
        if id(piece) in reached.pieces:
            continue
        reached.pieces[id(piece)] = piece
        for node in _references(piece):
            reached.names.add(last_name(node))
            places = defined.of_name(path, node.id) if isinstance(node, ast.Name) else defined.of_attribute(path, node.value, node.attr)
            fresh = [place for place in places if place not in looked]
            looked.update(fresh)
            queue += [(defined.homes[id(definition)], definition) for place in fresh for definition in defined.at(place)]
    return reached


def _unguarded(module: ast.Module) -> Iterator[Definition]:
    """Definitions of a module's top level, those below an `if`, `try` or `with` included. No recursion: a chain of `elif` nests."""
    stack: list[ast.AST] = [*reversed(module.body)]
    while stack:
        node = stack.pop()
        if isinstance(node, DEFINITIONS):
            yield node
        elif isinstance(node, (ast.If, ast.Try, ast.With, ast.ExceptHandler)):
            stack += ast.iter_child_nodes(node)


def _at_import(module: ast.Module, *, main: bool, whole: bool) -> Iterator[ast.AST]:
    """What runs when a module is imported, or with `main` run: of functions and classes those that a decorator may register.

    `whole`: every function and class as well.
    """
    for node in module.body:
        if isinstance(node, DEFINITIONS):
            if whole or node.decorator_list:
                yield node
        elif main or not is_main_guard(node):
            yield node


def _references(piece: ast.AST) -> Iterator[ast.Name | ast.Attribute]:
    """What a piece reads; of a class, what any of its methods reads."""
    deaf = {id(call.func) for call in _swallowed(piece)}
    stack = [piece]
    while stack:
        node = stack.pop()
        read = isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
        if isinstance(node, (ast.Name, ast.Attribute)) and read and id(node) not in deaf:
            yield node
        stack += ast.iter_child_nodes(node)


def _swallowed(piece: ast.AST) -> Iterator[ast.Call]:
    """Calls whose exceptions end in handlers that only write them down, with more of the program behind."""
    for parent in ast.walk(piece):
        for block in (getattr(parent, name, []) for name in ("body", "orelse", "finalbody")):
            for node in block[:-1] if isinstance(block, list) else []:
                if isinstance(node, ast.Try) and node.handlers and all(is_quiet(handler) for handler in node.handlers):
                    yield from (inner for statement in node.body for inner in ast.walk(statement) if isinstance(inner, ast.Call))


def is_quiet(block: ast.ExceptHandler | ast.If) -> bool:
    """Whether a block only says something."""
    said = [node.value for node in block.body if isinstance(node, ast.Expr)]
    return all(isinstance(value, ast.Constant) or is_said(value) for value in said) and all(isinstance(n, (ast.Expr, ast.Pass)) for n in block.body)


def is_said(value: ast.expr) -> bool:
    """`print`, a logger; `parser.error` leaves the program."""
    return isinstance(value, ast.Call) and last_name(value.func) in _QUIET and not re.search(r"parser|^ap\.|click|ctx", dotted(value.func))


def _dropped(nodes: list[ast.AST], read: Collection[str] = ()) -> set[int]:
    """Of one scope. `read`: names that others read."""
    told = {id(inner) for node in nodes for part in _told_to_people(node) for inner in ast.walk(part)}
    loads = (node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    names = {*read, *(node.id for node in loads if id(node) not in told)}
    alone = (node.value for node in nodes if isinstance(node, ast.Expr))
    unread = (node.value for node in nodes if isinstance(node, ast.Assign) and _is_unread(node.targets, names))
    return told | {id(value.value if isinstance(value, ast.Await) else value) for value in (*alone, *unread)}


def _told_to_people(node: ast.AST) -> Iterator[ast.AST]:
    """Expressions that are only said: what is printed, and the condition of a block that only says something."""
    if isinstance(node, ast.Expr) and is_said(node.value):
        yield node.value
    elif isinstance(node, ast.If) and is_quiet(node) and not node.orelse:
        yield node.test


def _is_unread(targets: list[ast.expr], read: set[str]) -> bool:
    """Whether plain names are assigned to, none of which is read."""
    inside = [node for target in targets for node in ast.walk(target) if not isinstance(node, (ast.expr_context, ast.Tuple, ast.List))]
    return all(isinstance(node, ast.Name) and node.id not in read for node in inside)


def _stem(path: str) -> str:
    """The name under which a file is imported."""
    name = posixpath.splitext(posixpath.basename(path))[0]
    return posixpath.basename(posixpath.dirname(path)) if name in ("__init__", "__main__") else name
