"""Patterns by which pipelines say for which branches and files they run, in bounded time whatever a pattern looks like.

`*` stands for anything within a folder, `**` for anything, `?` makes the letter before it optional and `+` repeats it, as GitHub reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

MAX_PATTERNS, MAX_PATTERN = 40, 120
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\[[^\]]+\]|\\.|.", re.S)
_SIMPLE = re.compile(r"\^?\(?((?:[\w./\\-]|\.\*)*(?:\|(?:[\w./\\-]|\.\*)*)*)\)?(\.\*)?\$?")
"""Regular expressions that are a list of words, each of which may go on in any way."""


@dataclass(frozen=True)
class Filter:
    """Patterns of which one must match: the last one that does decides, and one that begins with `!` refuses. With `ignore`, none may match.

    `wide`: how the patterns are read is not known to the letter, so they match as much as they may.
    """

    patterns: tuple[str, ...]
    ignore: bool = False
    wide: bool = False

    def passes(self, name: str) -> bool:
        """Patterns that cannot be read let everything pass."""
        if len(self.patterns) > MAX_PATTERNS or any(len(pattern) > MAX_PATTERN or _is_open(pattern) for pattern in self.patterns):
            return True
        decided = False
        for pattern in self.patterns:
            refuses = pattern.startswith("!")
            if matches(pattern.removeprefix("!"), name, wide=self.wide and not refuses):
                decided = not refuses
        return decided != self.ignore


def _is_open(pattern: str) -> bool:
    """Whether a variable, a template, a choice in braces, or a regular expression that is none of the simple ones stands for the names."""
    return "$" in pattern.rstrip("/$") or "{" in pattern or (_is_expression(pattern) and not _SIMPLE.fullmatch(pattern[1:].removesuffix("/")))


def _is_expression(pattern: str) -> bool:
    return len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/")


@lru_cache(maxsize=20_000)
def matches(pattern: str, name: str, *, wide: bool = False) -> bool:
    """Whether the whole of a name fits. `wide`: also where the pattern names a folder above it, or its `*` would have to cross a slash."""
    if _is_expression(pattern):
        return _fits_words(pattern[1:-1], name)
    if not wide:
        return _fits(_tokens(pattern), name)
    whole = pattern.lstrip("/").removesuffix("/**").removesuffix("/*").rstrip("/")
    tokens = [("any" if kind == "star" else kind, what) for kind, what in _tokens(whole)]
    parts = name.split("/")
    return any(_fits(tokens, "/".join(parts[:length])) for length in range(1, len(parts) + 1))


def _fits_words(expression: str, name: str) -> bool:
    inside = _SIMPLE.fullmatch(expression)
    if inside is None:
        return True
    begins, ends = expression.startswith("^"), expression.endswith("$") and not inside[2]
    for word in inside[1].split("|"):
        tokens: list[tuple[str, str]] = [] if begins else [("any", "")]
        for piece in re.findall(r"\.\*|\\?.", word):
            tokens.append(("any", "") if piece == ".*" else ("one", "") if piece == "." else ("char", piece[-1]))
        if _fits([*tokens, *([] if ends else [("any", "")])], name):
            return True
    return False


def _tokens(pattern: str) -> list[tuple[str, str]]:
    """(kind, what): `char`, `set`, `one`, `star` (no slash), `any`, `folders` (none or some, each with its slash)."""
    found: list[tuple[str, str]] = []
    for piece in _TOKEN.findall(pattern):
        if piece in ("?", "+") and found and found[-1][0] in ("char", "set"):
            found[-1] = (found[-1][0] + piece, found[-1][1])
        elif piece.startswith("[") and len(piece) > 2:
            found.append(("set", piece[1:-1]))
        else:
            kinds = {"**/": "folders", "**": "any", "*": "star", "?": "one"}
            found.append((kinds.get(piece, "char"), piece[-1]))
    return found


def _fits(tokens: Sequence[tuple[str, str]], name: str) -> bool:
    """All places in the name that may be reached are carried along, so that no pattern takes longer than its length times the name's."""
    places = {0}
    for kind, what in tokens:
        places = set(_beyond(kind, what, name, places))
        if not places:
            return False
    return len(name) in places


def _beyond(kind: str, what: str, name: str, places: set[int]) -> Iterable[int]:
    if kind == "any":
        return range(min(places), len(name) + 1)
    if kind == "folders":
        first = min(places)
        return places | {n + 1 for n in range(first, len(name)) if name[n] == "/"}
    if kind == "star" or kind.endswith("+"):
        return _run(kind, what, name, places)
    stepped = {place + 1 for place in places if place < len(name) and _is(kind[:4], what, name[place])}
    return places | stepped if kind.endswith("?") else stepped


def _run(kind: str, what: str, name: str, places: set[int]) -> set[int]:
    reached = set(places) if kind == "star" else set[int]()
    for place in range(min(places), len(name)):
        if (place in places or place in reached) and (name[place] != "/" if kind == "star" else _is(kind[:-1], what, name[place])):
            reached.add(place + 1)
    return reached


def _is(kind: str, what: str, letter: str) -> bool:
    if kind == "one":
        return letter != "/"
    if kind == "char":
        return letter == what
    spans = re.findall(r"(.)-(.)", what)
    return any(low <= letter <= high for low, high in spans) or letter in re.sub(r".-.", "", what)
