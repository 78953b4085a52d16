"""How many tests the commands of continuous integration leave unrun that lie beside those they run."""

from __future__ import annotations

import ast
import fnmatch
import posixpath
import re
import shlex
from collections.abc import Sequence
from itertools import islice

from harness.source.probes.ini import sections
from harness.source.probes.picked import Case, among, expression, tests_of, told_by
from harness.source.safe_toml import parsed
from harness.source.view import View

_RUNNER = re.compile(r"(?:^|[\s/@+-])(?:pytest|py\.test)(?:\s+(.*))?$")
_UNITTEST = re.compile(r"(?:^|[\s@+-])python[\d.]*\s+-m\s+unittest(?:\s+(.*))?$")
_ELSEWHERE = re.compile(r"^\s*(?:cd|pushd)\s|\bPYTEST_ADDOPTS\b|\b(?:docker|podman|nerdctl|kubectl|ssh|vagrant|xargs|find)\b|\s-C\s|--directory")
_OPEN = re.compile(r"[`(){}$]|--rootdir|--pyargs|--splits|--shard")
"""What leaves open which tests are run."""
_APART = re.compile(
    r"(?:^|[/_.-])(?:integration|e2e|end[_-]?to[_-]?end|load|perf\w*|bench\w*|slow|smoke|acceptance|functional|system|gpu|stress|soak|live|manual|"
    r"nightly|docker|container\w*|k8s|kubernetes|kind|network|external|browser|ui|chaos|fuzz\w*|regression|notebooks?)(?:[/_.-]|$)",
    re.I,
)
"""Names of tests that need more than a checkout: who runs them elsewhere has a reason."""
_COLLECTED = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$")
_FLAG = re.compile(
    r"^(?:-[vqxsl]+|-r\w+|--(?:verbose|quiet|exitfirst|strict(?:-markers|-config)?|no-header|no-summary|no-cov|disable-(?:pytest-)?warnings|lf|ff|nf|"
    r"last-failed|failed-first|new-first|showlocals|full-trace|cache-clear|doctest-modules|cov-append|cov-branch|forked|runslow|run-slow)|.*=.*)$"
)
_VALUED = re.compile(
    r"^(?:-[kmcopnW]|--(?:cov(?:-report|-config|-fail-under|-context)?|maxfail|junit-?xml|durations(?:-min)?|tb|timeout|ignore|ignore-glob|deselect|dist|"
    r"log-(?:cli-)?level|confcutdir|basetemp|color|import-mode|override-ini|numprocesses|html|reruns(?:-delay)?|verbosity|capture|show-capture|"
    r"asyncio-mode|randomly-seed|report-log|json-report-file))$"
)
_UNITTEST_FLAGS = frozenset({"-v", "-q", "-f", "-b", "-c", "--verbose", "--quiet", "--failfast", "--buffer", "--catch"})
MAX_ADDED, MAX_COUNTED, MAX_WORDS = 2_000, 30, 60


def left_out(view: View, lines: tuple[str, ...], folder: str) -> tuple[int, int] | None:
    """(tests that these command lines run, tests in the same folders), without those that need more than a checkout; None where it cannot be
    told.

    Only Python's tests are counted, and only for commands of pytest and unittest that are read to their end. Counted once for the same lines,
    and for so many of them: each holds every test against every word.
    """
    known = view.memo.setdefault("left_out", {})
    assert isinstance(known, dict)
    if (lines, folder) not in known:
        known[lines, folder] = _counted(view, lines, folder) if lines and len(known) < MAX_COUNTED else None
    found = known[lines, folder]
    assert found is None or isinstance(found, tuple)
    return found


def _counted(view: View, lines: tuple[str, ...], folder: str) -> tuple[int, int] | None:
    whole = tests_of(view)
    picked: set[int] = set()
    for line in lines:
        chosen = None if _ELSEWHERE.search(line) else _run_by(view, line, folder, whole)
        if chosen is None:
            return None
        picked |= chosen
    folders = {posixpath.dirname(whole[n][0]) for n in picked}
    beside = (n for n, (path, _) in enumerate(whole) if posixpath.dirname(path) in folders and _COLLECTED.search(path) and not _APART.search(path))
    return (len(picked), len(picked.union(beside))) if picked else None


def _run_by(view: View, line: str, folder: str, whole: Sequence[Case]) -> set[int] | None:
    command = re.split(r"\|\||[|]|\d?>", line.strip())[0].strip()
    match, by_unittest = _RUNNER.search(command), _UNITTEST.search(command)
    told = (match or by_unittest or [""] * 2)[1] or ""
    if not (match or by_unittest) or _OPEN.search(told):
        return None
    try:
        words = shlex.split(told, comments=True)
    except ValueError:
        return None
    if match is None:
        return _by_unittest(words, folder, whole)
    added, paths = _configured(view, folder)
    return _by_pytest(view, [*added, *words], paths, folder, whole) if added is not None else None


def _by_pytest(view: View, words: list[str], paths: list[str], folder: str, whole: Sequence[Case]) -> set[int] | None:
    told = told_by(words)
    named = _named(view, words, folder)
    if told is None or named is None:
        return None
    try:
        chosen = expression(told["-k"][-1]) if told["-k"] else lambda _: True
    except (SyntaxError, ValueError, RecursionError):
        return None
    roots = named or [place for path in paths for place in _expanded(view, path, folder) or []] or [posixpath.normpath(folder or ".")]
    wanted = set(roots)
    left = {n for n in among(whole, told, folder) if _COLLECTED.search(whole[n][0]) or whole[n][0] in wanted}
    return {n for n in left if chosen(whole[n][1]) and _is_below(*whole[n], wanted)}


def _named(view: View, words: list[str], folder: str) -> list[str] | None:
    """Files, folders and tests that a command names; None where a word may be one of these or the value of an option."""
    found: list[str] = []
    before = ""
    if len(words) > MAX_WORDS:
        return None
    for word in words:
        value = _VALUED.match(before)
        doubtful = before.startswith("-") and not _FLAG.match(before) and not value
        if word.startswith("@"):
            return None
        if not word.startswith("-") and not value:
            places = _expanded(view, word, folder)
            if places is None or doubtful:
                return None
            found += places
        before = word
    return found


def _expanded(view: View, word: str, folder: str) -> list[str] | None:
    """The places that a word of the shell means; None where there is none such."""
    path, *inner = word.split("::")
    place = posixpath.normpath(posixpath.join(folder, path))
    if any(letter in path for letter in "*?["):
        found = [other for other in view.paths if fnmatch.fnmatchcase(other, place) and other.count("/") == place.count("/")]
        return found or ([other for other in {posixpath.dirname(p) for p in view.paths} if fnmatch.fnmatchcase(other, place)] or None)
    if place == "." or place in view.known or any(other.startswith(place + "/") for other in view.paths):
        return ["::".join([place, *(name.split("[")[0] for name in inner)])]
    return None


def _is_below(path: str, names: list[str], wanted: set[str]) -> bool:
    parts = path.split("/")
    folders = (".", *("/".join(parts[:length]) for length in range(1, len(parts) + 1)))
    nodes = ("::".join([path, *names[1:length]]) for length in range(2, len(names) + 1))
    return any(place in wanted for place in (*folders, *nodes))


def _by_unittest(words: list[str], folder: str, whole: Sequence[Case]) -> set[int] | None:
    """`discover` with its start and pattern, or modules, classes and tests by their names."""
    words = [word for word in words if word not in _UNITTEST_FLAGS]
    if words and words[0] != "discover":
        wanted = {word.removesuffix(".py").replace("/", ".") for word in words}
        named = {n for n, (path, names) in enumerate(whole) if _has_name(posixpath.relpath(path, folder or "."), names, wanted)}
        return named if named and not any(word.startswith("-") for word in words) else None
    told = {"-s": ".", "-p": "test*.py", "-t": ""}
    queue = words[1:]
    while queue:
        name, equals, value = queue.pop(0).partition("=")
        option = {"--start-directory": "-s", "--pattern": "-p", "--top-level-directory": "-t"}.get(name, name)
        if option in told and (equals or queue):
            told[option] = value if equals else queue.pop(0)
        elif name.startswith("-"):
            return None
        else:
            told["-s"] = name
    place = posixpath.normpath(posixpath.join(folder, told["-s"]))
    inside = (n for n, (path, _) in enumerate(whole) if place == "." or path.startswith(place + "/"))
    return {n for n in inside if fnmatch.fnmatchcase(posixpath.basename(whole[n][0]), told["-p"])}


def _has_name(path: str, names: list[str], wanted: set[str]) -> bool:
    parts = [*path.removesuffix(".py").split("/"), *names[1:]]
    return any(".".join(parts[:length]) in wanted for length in range(1, len(parts) + 1))


def _configured(view: View, folder: str) -> tuple[list[str] | None, list[str]]:
    """(options that are always added, places that are meant where none is named), of the first configuration of pytest; None: not to be read."""
    for name in ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
        path = posixpath.normpath(posixpath.join(folder, name))
        text = view.text(path) if path in view.known else None
        found = _section(name, text or "")
        if found is not None:
            try:
                return shlex.split(found[0][:MAX_ADDED]), found[1]
            except ValueError:
                return None, []
    return [], []


def _section(name: str, text: str) -> tuple[str, list[str]] | None:
    """(addopts, testpaths), or None where a file does not speak of pytest."""
    try:
        if name.endswith(".toml"):
            tool = parsed(text).get("tool")
            pytest = tool.get("pytest") if isinstance(tool, dict) else None
            table = pytest.get("ini_options") if isinstance(pytest, dict) else None
            if not isinstance(table, dict):
                return None
        else:
            table = sections(text).get("tool:pytest" if name == "setup.cfg" else "pytest")
    except (RecursionError, ValueError):
        return None
    if table is None:
        return None
    added, paths = (table.get(key, "") for key in ("addopts", "testpaths"))
    return " ".join(map(str, added)) if isinstance(added, list) else str(added), paths if isinstance(paths, list) else str(paths).split()


def runs_elsewhere(view: View) -> bool:
    """Whether tests may also be run by what is not looked into: the build of the image, hooks before a commit."""
    runs = [i.value for i in view.dockerfile.instructions if i.keyword == "RUN"] if view.dockerfile else []
    hooks = [view.text(path) or "" for path in view.paths if re.search(r"(?:^|/)\.?pre-commit-config\.ya?ml$|(?:^|/)lefthook\.ya?ml$", path)]
    return any("test" in text for text in [*runs, *hooks])


def is_hidden(view: View) -> bool:
    """Whether a conftest.py decides by itself which tests are collected."""
    files = islice((path for path in view.python if posixpath.basename(path) == "conftest.py"), 50)
    names = {"pytest_collection_modifyitems", "pytest_ignore_collect", "pytest_collect_file", "pytest_generate_tests"}
    return any(isinstance(node, ast.FunctionDef) and node.name in names for path in files for node in view.nodes(path))
