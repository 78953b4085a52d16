"""The import graph of a submission's own Python files, and which of them serve and which train."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import islice

from harness.source.preflight import MAX_DEPTH
from harness.source.probes.recipes import recipe
from harness.source.probes.syntax import Words, has_main, holds_functions, runs_itself, words_of
from harness.source.view import View, basename

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
_SAYS_ONLY = frozenset({"print", "exit", "SystemExit", "print_help", "ArgumentParser", "add_argument", "parse_args", "main"})
"""A program that calls nothing else does nothing."""
# A word is tried once, from its beginning: from every point in it, a line of `a.a.a.` would be read as often as it has points.
_TARGET = re.compile(r"(?<![\w.])(?:(?:[^\WA-Za-z_]\w*+)?\.)*+([A-Za-z_][\w.]*+):(?:[A-Za-z_]\w*)(?:\(\))?")
_WSGI_APP = re.compile(r"""^wsgi_app\s*=\s*["']([A-Za-z_][\w.]*):""", re.M)
"""What a gunicorn configuration file serves."""
_DASH_M = re.compile(r"-m\s+([A-Za-z_][\w.]*)")
_SCRIPT = re.compile(r"(?<![\w./-])([\w./-]+\.py)\b")
_SHELL = re.compile(r"(?<![\w./-])([\w./-]+\.sh)\b")
MAX_ALIKE = 20
"""Shell scripts of one name that are looked into."""
_RUNNERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "flask", "pip", "venv", "pytest", "waitress", "granian"})


class Imports:
    """Resolves imports between tracked files; package roots are the repository's root, `src`, and every folder above the importer."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._known = set(view.python)
        self._words: dict[str, Words] = {}
        self._by_shell: dict[tuple[str, int], list[str]] = {}

    @cached_property
    def edges(self) -> dict[str, set[str]]:
        return {path: set(self._targets(path)) for path in self.view.python}

    def words(self, path: str) -> Words:
        """What a file imports, calls and says; read once."""
        if path not in self._words:
            self._words[path] = words_of(self.view.nodes(path))
        return self._words[path]

    def is_server(self, path: str) -> bool:
        """Whether a file uses a framework that answers requests."""
        return bool(self.words(path).imported & _FRAMEWORKS)

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
        return [path for path in self.view.python if not self.view.is_test(path) and self._serves(path)]

    @cached_property
    def training_entries(self) -> list[str]:
        """Files outside of tests that can be run, fit a model and save something: what `submission.toml` starts, if it does; else those that
        fit by themselves, or are named for it and lead there; else all that lead there and serve nothing.

        What `submission.toml` starts and fits in a way of its own is one as well.
        """
        told = [path for path in self._told() if not self.view.is_test(path)]
        if leading := [path for path in told if self._leads_to_training(path)]:
            return leading
        runnable = [path for path, module in self.view.python.items() if self._is_runnable(path, module) and self._leads_to_training(path)]
        fitting = [path for path in runnable if fits(self.words(path).called) or self._is_trainer(path)]
        found = fitting or [path for path in runnable if not self.words(path).imported & _SERVERS]
        return list(dict.fromkeys([*found, *(path for path in told if self.words(path).called - _SAYS_ONLY)]))

    @cached_property
    def serving(self) -> set[str]:
        return self.reach(self.serving_entries)

    @cached_property
    def servers(self) -> set[str]:
        """What a test must reach to have touched the service: its entries, and modules behind them that hold the routes."""
        behind = (path for path in self.serving if path in self._known)
        return {*self.serving_entries, *(path for path in behind if self.is_server(path) and self._serves(path))}

    @cached_property
    def training(self) -> set[str]:
        return self.reach(self.training_entries)

    def _told(self) -> list[str]:
        """Files that `train_command` starts, also by way of a make target or another script."""
        command = self.view.train_command
        return self.files_named("\n".join([command, *(recipe(self.view, command) or [])]))

    def files_named(self, text: str) -> list[str]:
        """Local files that a command line names: `path.py`, `-m module`, `module:app`, or a shell script that does."""
        return list(dict.fromkeys(self._started(text)))

    def _started(self, command: str, depth: int = 0) -> Iterator[str]:
        for script in dict.fromkeys(_SCRIPT.findall(command)):
            for path in self._ending(script):
                yield path
                for target in _WSGI_APP.findall(self.view.text(path) or ""):
                    yield from self._as_module(target, "")
        for module in dict.fromkeys([*_DASH_M.findall(command), *_TARGET.findall(command)]):
            if module.split(".")[0] not in _RUNNERS:
                yield from self._as_module(module, "")
        for shell in dict.fromkeys(map(basename, _SHELL.findall(command))) if depth < 2 else []:
            for path in self.view.by_name.get(shell, [])[:MAX_ALIKE]:
                yield from self._started_in(path, depth + 1)

    def _started_in(self, path: str, depth: int) -> list[str]:
        """Of a shell script; read once for each depth, though each of hundreds may call all others."""
        if (path, depth) not in self._by_shell:
            self._by_shell[path, depth] = list(dict.fromkeys(self._started(self.view.text(path) or "", depth)))
        return self._by_shell[path, depth]

    def _ending(self, script: str) -> Iterator[str]:
        """Files whose path ends like `script`, image folders in front of it ignored."""
        parts = [part for part in script.split("/") if part not in ("", ".")][-MAX_DEPTH:]
        tails = ("/".join(parts[start:]) for start in range(len(parts)))
        yield from islice((self._by_tail[tail] for tail in tails if tail in self._by_tail), 1)

    @cached_property
    def _by_tail(self) -> dict[str, str]:
        """End of a path -> the uppermost file with it."""
        found: dict[str, str] = {}
        for path in sorted(self._known, key=lambda path: (path.count("/"), path)):
            parts = path.split("/")
            for start in range(len(parts)):
                found.setdefault("/".join(parts[start:]), path)
        return found

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

    def _targets(self, path: str) -> Iterator[str]:
        for node in self.view.nodes(path):
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

    def _serves(self, path: str) -> bool:
        return bool(self.words(path).imported & _SERVERS) and "predict" in (self.view.text(path) or "").lower()

    def _is_runnable(self, path: str, module: ast.Module) -> bool:
        return has_main(module) or runs_itself(module) or ("train" in basename(path).lower() and holds_functions(module))

    def _is_trainer(self, path: str) -> bool:
        return "train" in basename(path).lower() and not self.words(path).imported & _SERVERS

    def _leads_to_training(self, path: str) -> bool:
        """Whether this file and what it imports fit and save."""
        calls = set().union(*(self.words(other).called for other in self.reach([path]) if other in self._known))
        return not self.view.is_test(path) and fits(calls) and any(_SAVE_CALL.search(name) for name in calls)


def graph_of(view: View) -> Imports:
    """The import graph of a view, made once."""
    graph = view.memo.setdefault("imports", Imports(view))
    assert isinstance(graph, Imports)
    return graph


def fits(calls: Collection[str]) -> bool:
    """Whether names of calls are those of a training."""
    return any(_TRAIN_CALL.search(name) for name in calls) or {"backward", "step"} <= set(calls)


def _above(folder: str) -> list[str]:
    found: list[str] = []
    while folder := posixpath.dirname(folder):
        found.append(folder)
    return found
