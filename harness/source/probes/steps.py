"""The commands that a repository runs by name, and the files that they start."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

from harness.source.instructions import instructions_of
from harness.source.probes.ci import commands
from harness.source.probes.dvc import filled
from harness.source.probes.imports import graph_of
from harness.source.probes.ini import sections
from harness.source.probes.orchestrators import started
from harness.source.probes.recipes import recipe, whole_targets
from harness.source.submission import FILE
from harness.source.view import View, basename, walk

NO_TRAINING = "no training script"
MAX_COMMANDS, MAX_CALLS = 4000, 100
MAX_TOLD = 1 << 20
"""Characters of all commands together."""
_Told = TypeVar("_Told")
_CALLS_MAKE = re.compile(r"(?:^|[\s`])(?:make|just)\s+[\w-]")
_IMAGE_FILE = re.compile(r"^(?:dockerfile|containerfile)|\.dockerfile$", re.I)
_TASK = re.compile(r"(?m)^\s*[\w.-]+\s*=\s*(?:\{\s*(?:cmd|shell)\s*=\s*)?[\"'](?:[\w.]+:\w+|[^\"'\n]*(?:\.py\b|\s-m\s)[^\"'\n]*)[\"']")
"""A line of pyproject.toml that names an entry point, or the command of a task."""
_RUNS_NOTHING = re.compile(
    r"\s(?:--help|--version|--dry-run)(?=\s|$)|\s-h\s*$|\s-m\s+(?:py_compile|compileall|pytest|unittest|mypy|ruff|pylint|flake8|black|pydoc|ast|tokenize)\b"
)
_ONLY_READS = re.compile(
    r"^[\s@+-]*(?:\w+=\S*\s+|(?:uv|poetry|pdm|pipenv|hatch) run\s+)*(?:ruff|black|mypy|flake8|pylint|isort|bandit|pytest|cat|cp|mv|rm|ls|test|\[|"
    r"chmod|chown|head|tail|wc|grep|sed|awk|touch|git|diff|echo|printf|zip|tar|md5sum|sha\d+sum|stat|file|less|rsync|scp|COPY|ADD)(?=\s|$)"
)
_PROGRAM = re.compile(r"\.(?:r|jl|js|mjs|cjs|ts|go|rs|java|kt|scala|cc|cpp|cs|ex|exs|rb|php|lua|m|swift)$", re.I)
_ELSEWHERE = re.compile(r"\bcd\s|PYTHONPATH|working-directory|\bwdir\b|\s-C\s|--directory|--project|\bchdir\b|WORKDIR|working_dir|--package-path")
"""Signs that a command runs in, or imports from, another folder than its file's."""


def started_by_name(view: View) -> list[tuple[str, str, set[str]]]:
    """(file, command line, Python files that it starts) of every command that starts one; made once per scan."""
    if "started" not in view.memo:
        graph = graph_of(view)
        lines = _first(chain(((*found, True) for found in _in_the_tree(view)), ((*found, False) for found in _elsewhere(view))))
        named = ((path, line, set(graph.files_named(that_runs(line))), here) for path, line, here in lines)
        view.memo["started"] = [(path, line, files) for path, line, files, here in named if files and not (here and _is_stale(view, path, line))]
    found = view.memo["started"]
    assert isinstance(found, list)
    return found


def _first(found: Iterable[tuple[str, str, _Told]]) -> Iterator[tuple[str, str, _Told]]:
    """The first commands, as many as are looked at."""
    room = MAX_TOLD
    for path, line, told in islice(found, MAX_COMMANDS):
        room -= len(line)
        if room < 0:
            return
        yield path, line, told


def _in_the_tree(view: View) -> Iterator[tuple[str, str]]:
    """(file, command line) of what runs in a checkout of the repository."""
    if view.train_command:
        yield FILE, view.train_command
    for path in view.paths:
        name = basename(path).lower()
        if name in ("makefile", "justfile", "gnumakefile") or name.endswith((".mk", ".sh")):
            lines = (line.strip() for line in (view.text(path) or "").splitlines())
            yield from ((path, line) for line in lines if not line.startswith(("#", "echo", "@echo")))
        elif name == "tox.ini":
            yield from ((path, line) for line in _of_tox(view.text(path) or ""))
        elif name == "mlproject":
            yield from ((path, line.strip()) for line in re.findall(r"^\s*command\s*:\s*(.*)$", view.text(path) or "", re.M))
    yield from ((path, line) for path, steps in commands(view).items() for line in steps)
    for path, document in view.json.items():
        scripts = document.get("scripts") if basename(path) == "package.json" and isinstance(document, dict) else None
        yield from ((path, str(line)) for line in (scripts if isinstance(scripts, dict) else {}).values())
    yield from _told_in_yaml(view, ("cmd", "cmds"))


def _of_tox(text: str) -> Iterator[str]:
    for told in sections(text).values():
        lines = "\n".join(told.get(key, "") for key in ("commands_pre", "commands")).splitlines()
        yield from (line.strip(" -") for line in lines if line.strip())


def _elsewhere(view: View) -> Iterator[tuple[str, str]]:
    """(file, command line) of what runs in an image, on a cluster or as installed: paths are not those of the repository there."""
    for path in view.paths:
        name = basename(path).lower()
        if _IMAGE_FILE.search(name):
            yield from ((path, " ".join(i.words)) for i in instructions_of(view.text(path) or "") if i.keyword in ("RUN", "CMD", "ENTRYPOINT"))
        elif name in ("pyproject.toml", "pixi.toml"):
            yield from ((path, line.strip()) for line in re.findall(_TASK, view.text(path) or ""))
    yield from started(view)
    yield from _told_in_yaml(view, ("command", "args", "entrypoint"))


def _told_in_yaml(view: View, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path, found in view.yaml.items():
        for key, value in walk(found):
            if key in keys and isinstance(value, (str, list)):
                yield path, filled(view, path, value if isinstance(value, str) else " ".join(map(str, value[:50])))


def steps(view: View) -> set[str]:
    """Python files that a command starts beside the training, not by an image."""
    return quiet(view, (file for path, _, files in started_by_name(view) if not _IMAGE_FILE.search(basename(path)) for file in files))


def steps_with_training(view: View) -> set[str]:
    """The steps without those that only a Makefile starts, and never together with the training: no target needs both, and no file calls both.

    Where make does not start the training, or it is not known what a target needs, all of them.
    """
    every, targets = steps(view), whole_targets(view)
    apart = every - {file for path, _, files in started_by_name(view) if not _is_make(path) for file in files}
    if not apart or targets is None:
        return every
    lines: dict[str, list[str]] = {}
    for path, line, _ in _first((*found, None) for found in chain(_in_the_tree(view), _elsewhere(view))):
        if not _is_make(path):
            lines.setdefault(path, []).append(line)
    told = [line for text in view.prose.values() for line in text.splitlines() if _CALLS_MAKE.search(line)]
    calls = [*(f"make {target}" for target in targets[:MAX_CALLS]), *("\n".join(held) for held in lines.values()), *told]
    runs = [_started_by(view, call) for call in calls[: 3 * MAX_CALLS]]
    training = set(graph_of(view).training_entries)
    of_make = [run for call, run in zip(calls, runs, strict=False) if call.startswith("make ")]
    with_training = [run for run in runs if training & set(graph_of(view).reach(sorted(run)))]
    return every - apart.difference(*with_training) if any(run in with_training for run in of_make) else every


def _started_by(view: View, call: str) -> set[str]:
    """Python files that a command starts, by itself and by way of targets and scripts."""
    return set(graph_of(view).files_named("\n".join(that_runs(line) for line in [*call.splitlines(), *(recipe(view, call) or [])])))


def _is_make(path: str) -> bool:
    return basename(path).lower() in ("makefile", "gnumakefile", "justfile") or path.endswith(".mk")


def quiet(view: View, files: Iterable[str]) -> set[str]:
    """Those Python files that neither serve nor test."""
    graph = graph_of(view)
    return {path for path in files if path in view.python and not view.is_test(path) and not graph.is_server(path)} - set(graph.serving_entries)


def told_programs(view: View) -> list[str]:
    """Programs that are not in Python, and folders of such, that submission.toml's `train_command` names, by itself or in the recipe that it
    stands for."""
    told = view.train_command
    words = [word.strip("\"'") for line in ([told, *(recipe(view, told) or [])] if told else []) for word in line.split()]
    named = [posixpath.normpath(word) for word in words if not word.startswith("-")]
    files = [path for path in view.paths if _PROGRAM.search(path) and (path in named or posixpath.dirname(path) in named)]
    return [path for path in files if (view.text(path) or "").strip()]


def that_runs(line: str) -> str:
    """The commands of a line that run what they name: no help, no dry run, nothing that only reads, checks or copies a file."""
    parts = re.split(r"&&|\|\|?|;", line)
    return " ; ".join(part for part in parts if not _RUNS_NOTHING.search(part) and not _ONLY_READS.match(part))


def _is_stale(view: View, path: str, line: str) -> bool:
    """Whether a command names scripts or modules none of which lies where it looks for them: from the root, or from its file's folder."""
    if _ELSEWHERE.search(line) or _goes_elsewhere(view, path):
        return False
    scripts = re.findall(r"(?<![\w)}/.-])([\w./-]+\.py)\b", line)
    modules = re.findall(r"\bpython[\d.]*\b(?:(?!\bpython[\d.]*\b)[^|;&])*?\s-m\s+([A-Za-z_][\w.]*)|[)}]\s+-m\s+([A-Za-z_][\w.]*)", line)
    installed = any(name in view.by_name for name in ("pyproject.toml", "setup.py", "setup.cfg"))
    named = [script for script in scripts if not script.startswith("/")]
    dotted = [name for pair in modules if (name := pair[0] or pair[1])]
    if not (named or dotted) or re.search(r"[)}][\w./-]*\.py\b", line):
        return False
    folder = posixpath.dirname(path)
    known = view.known
    there = any(posixpath.normpath(posixpath.join(root, script)) in known for script in named for root in (".", folder))
    there = there or any(_is_module(known, root, name) for name in dotted for root in ("", "src", folder, posixpath.join(folder, "src")))
    return not there and not (installed and any("." in name for name in dotted))


def _goes_elsewhere(view: View, path: str) -> bool:
    """Asked once for each file: every line of it may be a command."""
    asked = view.memo.setdefault("goes_elsewhere", {})
    assert isinstance(asked, dict)
    if path not in asked:
        asked[path] = _ELSEWHERE.search(view.text(path) or "") is not None
    return bool(asked[path])


def _is_module(known: frozenset[str], root: str, name: str) -> bool:
    base = posixpath.join(root, name.replace(".", "/"))
    return any(base + ending in known for ending in (".py", "/__main__.py"))
