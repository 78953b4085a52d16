"""The import graph of a submission's own Python files, and which of them serve and which train."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from functools import cached_property

from grader.schema.causes import Trouble
from harness.source.probes.recipes import recipe
from harness.source.probes.view import View, basename
from harness.source.submission import read

_SERVERS = frozenset({
    "fastapi", "flask", "starlette", "aiohttp", "tornado", "sanic", "litestar", "bentoml", "falcon", "bottle", "quart", "django", "robyn",
    "http.server", "mlserver", "ray.serve", "blacksheep", "uvicorn", "hypercorn", "waitress", "socketserver", "socket", "asyncio",
})  # fmt: skip
_FRAMEWORKS = _SERVERS - {"uvicorn", "hypercorn", "waitress", "socketserver", "socket", "asyncio"}
_TRAIN_CALL = re.compile(r"^(?:fit|train|partial_fit|fit_transform|retrain)$|^(?:fit|train|retrain)_\w+$|_(?:fit|train)$")
_SAVE_CALL = re.compile(
    r"^(?:dump|dumps|save|save_model|write_text|write_bytes|to_json|savez|savez_compressed|to_pickle|export|log_model|save_pretrained)$|"
    r"^(?:save|write|store|publish)_\w+$"
)
_TARGET = re.compile(r"\b([A-Za-z_][\w.]*):(?:[A-Za-z_]\w*)(?:\(\))?")
_WSGI_APP = re.compile(r"""^wsgi_app\s*=\s*["']([A-Za-z_][\w.]*):""", re.M)
"""What a gunicorn configuration file serves."""
_DASH_M = re.compile(r"-m\s+([A-Za-z_][\w.]*)")
_SCRIPT = re.compile(r"([\w./-]+\.py)\b")
_SHELL = re.compile(r"([\w./-]+\.sh)\b")
_PROGRAM = re.compile(r"\.(?:r|jl|js|mjs|cjs|ts|go|rs|java|kt|scala|cc|cpp|cs|ex|exs|rb|php|lua|m|swift)$", re.I)
_RUNNERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "flask", "pip", "venv", "pytest", "waitress", "granian"})


class Imports:
    """Resolves imports between tracked files; package roots are the repository's root, `src`, and every folder above the importer."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._known = set(view.python)

    @cached_property
    def edges(self) -> dict[str, set[str]]:
        return {path: set(self._targets(path, module)) for path, module in self.view.python.items()}

    def reach(self, starts: list[str]) -> set[str]:
        """All local files that the start files import, directly or not, the start files included."""
        seen, queue = set(starts), list(starts)
        while queue:
            fresh = self.edges.get(queue.pop(), set()) - seen
            seen |= fresh
            queue += fresh
        return seen

    @cached_property
    def serving_entries(self) -> list[str]:
        """Files that the image's command starts; failing that, files that import a server library and speak of predictions."""
        started = [path for path in self._started(self._command()) if not self.view.is_test(path)]
        if started:
            return started
        return [path for path, module in self.view.python.items() if not self.view.is_test(path) and self._serves(path, module)]

    @cached_property
    def training_entries(self) -> list[str]:
        """Files outside of tests that fit a model, save something, and can be run: a main guard, or `train` in the name.

        What submission.toml's `train_command` runs is one as well, however it fits.
        """
        found = [path for path, module in self.view.python.items() if not self.view.is_test(path) and self._trains(path, module)]
        told = train_command(self.view)
        lines = [told, *(recipe(self.view, told) or [])] if told else []
        named = [path for line in lines for path in self.files_named(line) if not self.view.is_test(path) and _does_something(self.view.python[path])]
        return list(dict.fromkeys([*found, *named]))

    @cached_property
    def serving(self) -> set[str]:
        return self.reach(self.serving_entries)

    @cached_property
    def servers(self) -> set[str]:
        """What a test must reach to have touched the service: its entries, and modules behind them that hold the routes."""
        behind = ((path, self.view.python[path]) for path in self.serving if path in self.view.python)
        return {*self.serving_entries, *(path for path, module in behind if imported(module) & _FRAMEWORKS and self._serves(path, module))}

    @cached_property
    def training(self) -> set[str]:
        return self.reach(self.training_entries)

    def files_named(self, text: str) -> list[str]:
        """Local files that a command line names: `path.py`, `-m module`, `module:app`, or a shell script that does."""
        return list(dict.fromkeys(self._started(text)))

    def _started(self, command: str, depth: int = 0) -> Iterator[str]:
        for script in _SCRIPT.findall(command):
            for path in self._ending(script):
                yield path
                for target in _WSGI_APP.findall(self.view.text(path) or ""):
                    yield from self._as_module(target, "")
        for module in [*_DASH_M.findall(command), *_TARGET.findall(command)]:
            if module.split(".")[0] not in _RUNNERS:
                yield from self._as_module(module, "")
        for shell in _SHELL.findall(command) if depth < 2 else []:
            for path in self.view.paths:
                if basename(path) == basename(shell):
                    yield from self._started(self.view.text(path) or "", depth + 1)

    def _ending(self, script: str) -> Iterator[str]:
        """Files whose path ends like `script`, image folders in front of it ignored."""
        parts = [part for part in script.split("/") if part not in ("", ".")]
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            found = [path for path in self._known if path == tail or path.endswith("/" + tail)]
            if found:
                yield min(found, key=lambda path: (path.count("/"), path))
                return

    def _as_module(self, module: str, importer: str) -> Iterator[str]:
        stem = module.replace(".", "/")
        folder = posixpath.dirname(importer)
        roots = [folder, *_above(folder), "", "src"]
        for root in dict.fromkeys(roots):
            base = posixpath.join(root, stem)
            for candidate in (base + ".py", base + "/__main__.py", base + "/__init__.py"):
                if candidate in self._known and (importer or candidate != base + "/__init__.py" or base + "/__main__.py" not in self._known):
                    yield candidate
                    return
        if not importer:  # an image may copy a package to another place than it has in the repository
            yield from self._ending(stem + ".py")
            yield from self._ending(stem + "/__main__.py")

    def _targets(self, path: str, module: ast.Module) -> Iterator[str]:
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self._import(alias.name, path)
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node, path)
                if base is None:
                    continue
                for alias in node.names:
                    yield from self._import(f"{base}.{alias.name}" if base else alias.name, path)
                if base:
                    yield from self._import(base, path)

    def _base(self, node: ast.ImportFrom, path: str) -> str | None:
        """The dotted base of a from-import; relative ones are turned into paths from the root."""
        if not node.level:
            return node.module
        folder = posixpath.dirname(path)
        for _ in range(node.level - 1):
            folder = posixpath.dirname(folder)
        return ".".join(part for part in [folder.replace("/", "."), node.module or ""] if part)

    def _import(self, dotted: str, importer: str) -> Iterator[str]:
        stem = dotted.replace(".", "/")
        folder = posixpath.dirname(importer)
        for root in dict.fromkeys([folder, *_above(folder), "", "src"]):
            base = posixpath.join(root, stem)
            for candidate in (base + ".py", base + "/__init__.py"):
                if candidate in self._known and candidate != importer:
                    yield candidate
                    return

    def _command(self) -> str:
        parsed = self.view.dockerfile
        parts = [parsed.last("ENTRYPOINT"), parsed.last("CMD")] if parsed else []
        return " ".join(" ".join(part.words) for part in parts if part is not None)

    def _serves(self, path: str, module: ast.Module) -> bool:
        return bool(imported(module) & _SERVERS) and "predict" in (self.view.text(path) or "").lower()

    def _trains(self, path: str, module: ast.Module) -> bool:
        calls = called(module)
        runnable = has_main(module) or "train" in basename(path).lower()
        fits = any(_TRAIN_CALL.search(name) for name in calls) or ({"backward", "step"} <= calls)
        reached = set().union(*(called(self.view.python[p]) for p in self.reach([path]) if p in self.view.python))
        return runnable and fits and any(_SAVE_CALL.search(name) for name in reached)


def train_command(view: View) -> str | None:
    """What submission.toml says is run to train."""
    try:
        told = read(view.tree)
    except Trouble:
        return None  # an unusable submission.toml is the source stage's to report
    command = told.given.get("train_command") if told is not None else None
    return command if isinstance(command, str) and command.strip() else None


def told_files(view: View) -> list[str]:
    """Programs that are not in Python, and folders of such, that the `train_command` names, by itself or in the recipe that it stands for."""
    told = train_command(view)
    words = [word.strip("\"'") for line in ([told, *(recipe(view, told) or [])] if told else []) for word in line.split()]
    named = [posixpath.normpath(word) for word in words if not word.startswith("-")]
    files = [path for path in view.paths if _PROGRAM.search(path) and (path in named or posixpath.dirname(path) in named)]
    return [path for path in files if (view.text(path) or "").strip()]


def _does_something(module: ast.Module) -> bool:
    """Whether a module calls more than what prints and leaves."""
    return bool(called(module) - {"print", "exit", "SystemExit", "print_help", "ArgumentParser", "add_argument", "parse_args", "main"})


def graph_of(view: View) -> Imports:
    """The import graph of a view, made once."""
    graph = view.memo.setdefault("imports", Imports(view))
    assert isinstance(graph, Imports)
    return graph


def imported(module: ast.Module) -> set[str]:
    """Names of imported modules, whole and first part."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names | {name.split(".")[0] for name in names}


def called(module: ast.AST) -> set[str]:
    """The last parts of the names of everything that is called."""
    return {name for node in ast.walk(module) if isinstance(node, ast.Call) and (name := call_name(node))}


def call_name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""


def dotted(node: ast.expr) -> str:
    """`a.b.c` for such an expression, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def strings(module: ast.AST) -> set[str]:
    """All string constants, keyword names and dictionary keys written as `dict(a=…)` included."""
    found = {node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 400}
    return found | {node.arg for node in ast.walk(module) if isinstance(node, ast.keyword) and node.arg}


def has_main(module: ast.Module) -> bool:
    return any(isinstance(node, ast.If) and "__name__" in {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)} for node in module.body)


def _above(folder: str) -> list[str]:
    found: list[str] = []
    while folder := posixpath.dirname(folder):
        found.append(folder)
    return found
