""".dockerignore as the engine reads it: last matching pattern wins, a match of a folder takes all below it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.source.wildcard import match_segment

MAX_PATTERNS, MAX_SEGMENTS = 500, 2_000
"""Those that are heeded, and how many names they may have between all slashes."""


class Ignore:
    """The patterns of one .dockerignore; `excludes(path)` for paths relative to the build context."""

    def __init__(self, text: str) -> None:
        self.patterns: list[tuple[bool, list[str]]] = []
        room = MAX_SEGMENTS
        for line in text.splitlines()[: 4 * MAX_PATTERNS]:
            pattern = _pattern(line)
            if pattern is not None and len(self.patterns) < MAX_PATTERNS and (room := room - len(pattern[1])) >= 0:
                self.patterns.append(pattern)
        self._known: dict[str, _State] = {"": _State(frozenset(), self._begun((n, 0) for n in range(len(self.patterns)))[1])}

    def excludes(self, path: str) -> bool:
        folder, name = posixpath.split(path)
        above = self._state(folder)  # only what folders come to is kept: of files there are thousands
        matched = above.matched | self._begun(self._passed(above.going_on, name))[0]
        return bool(matched) and not self.patterns[max(matched)][0]

    def kept(self, paths: Iterable[str]) -> list[str]:
        return [path for path in paths if not self.excludes(path)]

    def _state(self, path: str) -> _State:
        """A path's own comes from its folder's: hundreds of patterns are not held against every part of every path anew."""
        if path not in self._known:
            folder, name = posixpath.split(path)
            above = self._state(folder)
            matched, going_on = self._begun(self._passed(above.going_on, name))
            whole = above.matched | matched
            self._known[path] = _State(whole, [(n, place) for n, place in going_on if n not in whole])
        return self._known[path]

    def _passed(self, going_on: list[tuple[int, int]], name: str) -> Iterator[tuple[int, int]]:
        """Where the patterns stand behind a name."""
        for n, place in going_on:
            segment = self.patterns[n][1][place]
            if segment == "**":
                yield n, place
            elif match_segment(segment, name):
                yield n, place + 1

    def _begun(self, places: Iterable[tuple[int, int]]) -> tuple[set[int], list[tuple[int, int]]]:
        """(patterns that are at their end, places that the others go on from); `**` may stand for no folder at all."""
        matched: set[int] = set()
        going_on: dict[tuple[int, int], None] = {}
        for n, first in places:
            place, segments = first, self.patterns[n][1]
            while place < len(segments):
                going_on[n, place] = None
                if segments[place] != "**":
                    break
                place += 1
            else:
                matched.add(n)
        return matched, list(going_on)


@dataclass(frozen=True)
class _State:
    """Of a path: numbers of the patterns that match it or a folder above it, and (pattern, segment) that what lies below it may still match."""

    matched: frozenset[int]
    going_on: list[tuple[int, int]]


def _pattern(line: str) -> tuple[bool, list[str]] | None:
    line = line.strip().removeprefix("\ufeff")
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    body = posixpath.normpath(line[1:].strip() if negated else line).lstrip("/")
    if body in ("", "."):
        return None
    return negated, [segment for segment in body.split("/") if segment != ".."]
