"""Where the functions of a submission that training code calls are, and what stands in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from harness.source.probes.imports import graph_of
from harness.source.probes.syntax import DEFINITIONS, FUNCTIONS, Definition, Function, call_name, dotted, last_name
from harness.source.view import View

_TOLD_OUTSIDE = re.compile(r"^(?:parse_args|parse_known_args|getenv|environ|argv|input|random|now|time|uuid4|option|argument|urlopen|urlretrieve)$")
"""What may say another thing in every run."""
_TRAIN, _REST = re.compile(r"train|_tr\b|fit", re.I), re.compile(r"test|val|hold|eval|_te\b", re.I)


class Bodies:
    """Functions and classes at the top level of files, found from where they are called."""

    def __init__(self, view: View, files: Collection[str]) -> None:
        self.view, self.edges = view, graph_of(view).edges
        self.known = [path for path in sorted(files) if path in view.python]
        self.defined: dict[str, dict[str, Definition]] = {
            path: {node.name: node for node in view.python[path].body if isinstance(node, DEFINITIONS)} for path in self.known
        }
        self.top = {path: {name: node for name, node in own.items() if isinstance(node, FUNCTIONS)} for path, own in self.defined.items()}
        self._imported: dict[str, dict[str, str]] = {path: _imported(view.nodes(path)) for path in self.known}
        self._calls: dict[int, frozenset[str]] = {}

    def resolve(self, path: str, func: ast.expr) -> tuple[str, Definition] | None:
        """(file, definition) of what is called: of the same file, imported by name, or of an imported module of the submission."""
        if isinstance(func, ast.Name):
            home, name = self.home_of(path, func.id)
        elif isinstance(func, ast.Attribute) and (base := dotted(func.value)):
            meant = self._imported.get(path, {}).get(base.split(".")[0])
            home, name = (self._file(path, ".".join([meant, *base.split(".")[1:]])) if meant else ""), func.attr
        else:
            return None
        found = self.defined.get(home, {}).get(name)
        return (home, found) if found is not None else None

    def home_of(self, path: str, name: str) -> tuple[str, str]:
        """(file, name there) of a name at the top level of a module."""
        meant = self._imported.get(path, {}).get(name)
        if meant is None or name in self.defined.get(path, {}):
            return path, name
        module, _, own = meant.rpartition(".")
        return (self._file(path, module) or path, own or name)

    def module_of(self, path: str, func: ast.expr) -> str:
        """`xgboost.train` for `xgb.train`; empty where the base is no imported module."""
        if not isinstance(func, ast.Attribute):
            return ""
        base, _, rest = dotted(func).partition(".")
        meant = self._imported.get(path, {}).get(base)
        return f"{meant}.{rest}" if meant else ""

    def sides(self, node: Function) -> list[int]:
        """For every part that a split returns whether it is of the training (0) or of the rest; empty where it cannot be told."""
        returned = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value is not None]
        if len(returned) != 1 or not isinstance(returned[0], ast.Tuple):
            return []
        parts = returned[0].elts
        names = [last_name(part) for part in parts]
        said = [0 if _TRAIN.search(name) else 1 if _REST.search(name) else None for name in names]
        if len(parts) == 2 and (said[0] is None or said[0] != said[1]):
            return [0, 1]
        return [side for side in said if side is not None] if len(parts) == 4 and said.count(0) == said.count(1) == 2 else []

    def calls_of(self, path: str, node: Function) -> frozenset[str]:
        """Last names of what a function calls, by itself or through functions of its own file."""
        if id(node) not in self._calls:
            self._calls[id(node)] = frozenset()  # one that calls itself
            names = {call_name(inner) for inner in ast.walk(node) if isinstance(inner, ast.Call)}
            own = [self.top[path][name] for name in names if name in self.top[path]]
            self._calls[id(node)] = frozenset(names).union(*(self.calls_of(path, other) for other in own))
        return self._calls[id(node)]

    def repeats(self, path: str, node: Function) -> bool:
        """Whether a function gives the same in two programs: nothing in it asks the world outside of the repository."""
        inside = {last_name(inner) for inner in ast.walk(node) if isinstance(inner, (ast.Name, ast.Attribute))} | self.calls_of(path, node)
        return not any(_TOLD_OUTSIDE.search(name) for name in inside)

    def _file(self, path: str, module: str) -> str:
        """The file of a module that a file imports."""
        stem = module.lstrip(".").replace(".", "/")
        names = (f"{stem}.py", f"{stem}/__init__.py")
        return next((target for target in sorted(self.edges.get(path, set())) if stem and any(_ends(target, name) for name in names)), "")


def _ends(path: str, name: str) -> bool:
    return path == name or path.endswith("/" + name)


def _imported(nodes: list[ast.AST]) -> dict[str, str]:
    """Name -> the dotted thing that it stands for."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module or ''}.{alias.name}".lstrip(".") for alias in node.names}
    return names
