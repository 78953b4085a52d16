"""What a probe sees: the tracked files of a submission, read within limits, parsed once. Nothing of it is ever executed.

All probes together hold at most some tens of MiB, whatever a repository is made of: a parsed file may be 350 times its text.
"""

from __future__ import annotations

import ast
import io
import json
import posixpath
import re
import sys
import tokenize
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from grader.schema.causes import Trouble
from grader.schema.evidence import DockerfileChoice, Place, Probe, Sighting
from harness.source.dockerfile import choose, load
from harness.source.instructions import Dockerfile
from harness.source.safe_yaml import documents
from harness.source.sightings import capped
from harness.source.submission import read as read_submission
from harness.source.tree import SourceTree
from harness.text import one_line

MAX_FILE = 512 << 10
MAX_TOTAL = 48 << 20
MAX_KEPT = 6 << 20
"""Bytes of texts in memory; those beyond are read again when they are asked for again."""

MAX_PARSED = {"python": 22 << 20, "json": 12 << 20, "yaml": 8 << 20}
"""Bytes of parsed files in memory, as `_weight` estimates them. Small files come first, so that a few huge ones cost nobody else their place.

For Python it is half a megabyte of ordinary source, six times the reference submission."""

MAX_BESIDE = 2 << 20
"""Characters of YAML that are parsed beside the YAML files: templates filled in, patches, pointers, pipelines without templates."""

MAX_MODULE = 7 << 20
"""Of one Python file: parsing takes three times what stays of it."""

MAX_PROSE, MAX_ALL_PROSE = 128 << 10, 1 << 20
"""Characters of one document and of all."""
MAX_KEY, MAX_DIGITS = 200, 300
"""Of a key in parsed YAML or JSON, which is held against patterns; and of a whole number there, of which a float must be made."""
MAX_PYTHON, MAX_YAML, MAX_JSON, MAX_DOCUMENTS = 400, 200, 200, 60
MAX_PLACES = 10
_HUGE_NUMBER = re.compile(r"(?<!\w)0[xob][\da-f_]{3000}", re.I)
"""One that is read, but that cannot be written down again in decimals."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_FORMATTED = re.compile(r"[rR]?[fF]")
_NO_NODES = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER})
_VENDORED = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|site-packages|dist-packages|venv|\.venv|env|vendor|third_party|\.tox|\.eggs|__pycache__|dist|htmlcov)/"
)
_TESTS = re.compile(r"(?:^|/)tests?/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")
_PROSE = re.compile(r"\.(?:md|markdown|rst|adoc)$|(?:^|/)(?:readme|runbook|model[-_ ]?card|operations)(?:\.txt)?$", re.I)


class View:
    """The tree without vendored folders. All paths are relative to the repository's root; reads beyond the budget give None.

    `given` are normalised paragraphs that every candidate starts from (brief, starter): they are nobody's own writing.
    """

    def __init__(self, tree: SourceTree, given: frozenset[str] = frozenset()) -> None:
        self.tree = tree
        self.given = given
        self.paths = [path for path in tree.paths if not _VENDORED.search(path)]
        self.memo: dict[str, object] = {}
        self._texts: dict[str, str | None] = {}
        self._nodes: dict[str, list[ast.AST]] = {}
        self._read: set[str] = set()
        self._budget, self._room, self._beside = MAX_TOTAL, MAX_KEPT, MAX_BESIDE

    def text(self, path: str) -> str | None:
        """The first 512 KiB of a text file, or None."""
        if path in self._texts:
            return self._texts[path]
        first = path not in self._read
        text = None if first and self._budget <= 0 else self.tree.text(path, MAX_FILE)
        if first and text is not None:
            self._budget -= len(text)
            self._read.add(path)
        size = sys.getsizeof(text)
        if size <= self._room:
            self._room -= size
            self._texts[path] = text
        return text

    def named(self, pattern: str, flags: int = re.I) -> list[str]:
        """Paths whose whole path matches somewhere."""
        compiled = re.compile(pattern, flags)
        return [path for path in self.paths if compiled.search(path)]

    @cached_property
    def known(self) -> frozenset[str]:
        """The paths, to ask whether one is there."""
        return frozenset(self.paths)

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """Base name -> paths."""
        found: dict[str, list[str]] = {}
        for path in self.paths:
            found.setdefault(basename(path), []).append(path)
        return found

    @cached_property
    def choice(self) -> DockerfileChoice | None:
        try:
            return choose(self.tree)
        except Trouble:
            return None  # an unusable submission.toml is the source stage's to report

    @cached_property
    def train_command(self) -> str:
        """How the candidate says that training is started; empty where nothing is said, or the file is unusable."""
        try:
            told = read_submission(self.tree)
        except Trouble:
            return ""
        return str(told.given.get("train_command", "")) if told else ""

    @cached_property
    def dockerfile(self) -> Dockerfile | None:
        return load(self.tree, self.choice.path) if self.choice else None

    @cached_property
    def python(self) -> dict[str, ast.Module]:
        """Every parsable Python file."""
        return self._parsed("python", _parse, [path for path in self.paths if path.endswith(".py")][:MAX_PYTHON])

    def nodes(self, path: str) -> list[ast.AST]:
        """All nodes of a parsed Python file, breadth first; walked once, since that is what a scan of a large tree spends most of its time on."""
        if path not in self._nodes:
            self._nodes[path] = list(ast.walk(self.python[path]))
        return self._nodes[path]

    @cached_property
    def yaml(self) -> dict[str, list[Any]]:
        """Every parsable YAML file and its documents."""
        found = self._parsed("yaml", documents, [path for path in self.paths if path.endswith((".yml", ".yaml"))][:MAX_YAML])
        return {path: parsed for path, parsed in found.items() if parsed}

    def documents(self, text: str, *, templates: bool = True) -> list[Any] | None:
        """Those of a YAML text that is no YAML file, or has been changed; None beyond the limits, and once all such texts were `MAX_BESIDE` long."""
        self._beside -= len(text)
        return documents(text, templates=templates) if self._beside >= 0 else None

    @cached_property
    def json(self) -> dict[str, Any]:
        """Every parsable JSON file that is not a lock file or a notebook."""
        wanted = [path for path in self.paths if path.endswith(".json") and not path.endswith(("package-lock.json", "tsconfig.json"))]
        return self._parsed("json", _json, wanted[:MAX_JSON])

    def _parsed(self, kind: str, parse: Callable[[str], Any], paths: list[str]) -> dict[str, Any]:
        """Path -> what `parse` makes of it, in the order of `paths`, as far as there is room."""
        room, found = MAX_PARSED[kind], {}
        for path in sorted(paths, key=self._size):
            text = self.text(path) or ""
            weight = _weight(kind, text)
            if weight > room or (kind == "python" and weight > MAX_MODULE):
                break
            room -= weight
            found[path] = parse(text)
        return {path: found[path] for path in paths if found.get(path) is not None}

    def _size(self, path: str) -> int:
        try:
            return (self.tree.root / path).lstat().st_size
        except OSError:
            return 0

    @cached_property
    def prose(self) -> dict[str, str]:
        """Documents for people."""
        files = _first((path for path in self.paths if _PROSE.search(path)), MAX_DOCUMENTS)
        found, room = dict[str, str](), MAX_ALL_PROSE
        for path in files:
            text = (self.text(path) or "")[:MAX_PROSE]
            if text and (room := room - len(text)) >= 0:
                found[path] = text
        return found

    def is_test(self, path: str) -> bool:
        return bool(_TESTS.search(path))

    def line_of(self, path: str, words: str) -> int | None:
        """The first line (1-based) that holds some words, in whatever case."""
        text = (self.text(path) or "").lower()
        place = text.find(words.lower())
        return len((text[:place] + "|").splitlines()) if place >= 0 else None


def probe(
    found: bool,
    detail: str = "",
    places: Iterable[str | tuple[str, int | None]] = (),
    *,
    subject: bool = True,
    value: float | None = None,
    sightings: Iterable[Sighting] = (),
) -> Probe:
    """A probe with its strings cleaned and its places capped; a place is a path or (path, line)."""
    pairs = [(place, None) if isinstance(place, str) else place for place in places][:MAX_PLACES]
    listed = [Place(file=one_line(path, 300), line=line) for path, line in pairs]
    return Probe(subject=subject, found=found and subject, detail=one_line(detail, 400), value=value, places=listed, sightings=capped(sightings))


def no_subject(what: str) -> Probe:
    """The thing that could have the property does not exist."""
    return probe(False, what, subject=False)


def walk(value: object, limit: int = 20_000) -> Iterator[tuple[str, object]]:
    """(key, value) of everything nested in parsed YAML or JSON, breadth first; at most `limit` nodes, since aliases can multiply."""
    queue: list[tuple[str, object]] = [("", value)]
    for key, item in queue:
        yield key, item
        if len(queue) >= limit:
            continue
        if isinstance(item, dict):
            queue += [(str(k)[:MAX_KEY], v) for k, v in list(item.items())[:2000]]
        elif isinstance(item, list):
            queue += [(key, v) for v in item[:2000]]


def basename(path: str) -> str:
    return posixpath.basename(path)


def _weight(kind: str, text: str) -> int:
    """Bytes of memory that a parsed text takes, about: ordinary Python takes 200 for a token, and at most 350."""
    if kind == "python":
        return 220 * _python_tokens(text)
    if kind == "json":
        return len(text) + 64 * (text.count("[") + text.count("{") + text.count(","))
    return 8 * len(text)


def _python_tokens(text: str) -> int:
    """How many become nodes. A formatted string counts by what is in it."""
    count = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in _NO_NODES:
                count += len(_TOKEN.findall(token.string)) if token.type == tokenize.STRING and _FORMATTED.match(token.string) else 1
    except (tokenize.TokenError, SyntaxError):
        return len(_TOKEN.findall(text))
    return count


def _first(items: Iterable[Any], limit: int) -> Iterator[Any]:
    for number, item in enumerate(items):
        if number >= limit:
            return
        yield item


def _parse(text: str) -> ast.Module | None:
    if _HUGE_NUMBER.search(text):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in a candidate's strings are not our output
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_whole_number)
    except (ValueError, RecursionError):
        return None


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number that no float can hold")
    return int(digits)
