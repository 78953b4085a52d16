"""How many tests a pytest command would pick: its paths, `-k`, `--ignore` and `--deselect` against the tests of the tree."""

from __future__ import annotations

import ast
import fnmatch
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from harness.source.view import View

_PYTEST = re.compile(r"(?:^|[\s/;&|])(?:pytest|py\.test)\s+(.*)$")
MAX_EXPRESSION, MAX_GLOBS, MAX_TESTS = 300, 20, 5_000
"""Each test is held against every name of an expression and every pattern, for every step that runs tests."""
Case = tuple[str, list[str]]
"""A test: its file, and the names by which it is chosen."""
_OPTIONS = ("--ignore", "--ignore-glob", "--deselect", "-k")


def picked(view: View, command: str, folder: str) -> int | None:
    """None where the tree has no Python tests, or the command cannot be read."""
    match = _PYTEST.search(" " + command)
    tests = tests_of(view)
    if match is None or not tests:
        return None
    try:
        words = shlex.split(re.split(r"&&|\|\|?|;|>", match[1])[0])
    except ValueError:
        return None
    told = told_by(words)
    if told is None:
        return None
    try:
        chosen = expression(told["-k"][-1]) if told["-k"] else lambda _: True
    except (SyntaxError, ValueError, RecursionError):
        return None
    left = among(tests, told, folder)
    return sum(1 for n in left if chosen(tests[n][1]))


def among(tests: Sequence[Case], told: dict[str, list[str]], folder: str) -> set[int]:
    """Numbers of the tests that `--ignore`, `--ignore-glob` and `--deselect` leave."""
    gone = {_below(folder, path) for path in (*told["--ignore"], *told["--deselect"])}
    globs = list(dict.fromkeys(_below(folder, pattern) for pattern in told["--ignore-glob"]))[:MAX_GLOBS]
    files = {path for path, _ in tests}
    gone |= {path for path in files if any(fnmatch.fnmatch(path, pattern) for pattern in globs)}
    return {n for n, (path, names) in enumerate(tests) if not _inside(path, names, gone)}


def told_by(words: list[str]) -> dict[str, list[str]] | None:
    """Option -> its values; None where a variable of the shell could be anything."""
    told: dict[str, list[str]] = {option: [] for option in _OPTIONS}
    queue = words[::-1]
    while queue:
        word = queue.pop()
        if "$" in word:
            return None
        name, equals, value = word.partition("=")
        if word.startswith("-k") and word != "-k":
            told["-k"].append(word[2:])
        elif name in told and (equals or queue):
            told[name].append(value if equals else queue.pop())
    return told


def _below(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path.replace("::", "\0"))).replace("\0", "::")


def _inside(path: str, names: list[str], gone: set[str]) -> bool:
    """Whether a test, its class, its file or a folder above it is among those that are left out."""
    parts = path.split("/")
    folders = ("/".join(parts[:length]) for length in range(1, len(parts) + 1))
    nodes = ("::".join([path, *names[1:length]]) for length in range(2, len(names) + 1))
    return "." in gone or any(where in gone for where in (*folders, *nodes))


def tests_of(view: View) -> list[Case]:
    """(file, [path of the file, class if any, function]) of every test function."""
    if "picked" not in view.memo:
        view.memo["picked"] = list(islice(_functions(view), MAX_TESTS))
    found = view.memo["picked"]
    assert isinstance(found, list)
    return found


def _functions(view: View) -> Iterator[tuple[str, list[str]]]:
    for path, module in view.python.items():
        if not view.is_test(path):
            continue
        for node in module.body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            around = [node.name] if isinstance(node, ast.ClassDef) else []
            functions = [n.name for n in inside if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name.startswith("test")]
            yield from ((path, [path, *around, name]) for name in functions)


def expression(text: str) -> Callable[[list[str]], bool]:
    """A `-k` expression: names that are part of the test's, its class's or its file's, joined by and, or, not."""
    if len(text) > MAX_EXPRESSION:
        raise ValueError(text[:MAX_EXPRESSION])
    tree = ast.parse(text.strip(), mode="eval").body

    def holds(node: ast.expr, names: list[str]) -> bool:
        if isinstance(node, ast.BoolOp):
            return (all if isinstance(node.op, ast.And) else any)(holds(value, names) for value in node.values)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return not holds(node.operand, names)
        if isinstance(node, ast.Name):
            return any(node.id.lower() in name.lower() for name in names)
        raise ValueError(text)

    holds(tree, [])
    return lambda names: holds(tree, names)
