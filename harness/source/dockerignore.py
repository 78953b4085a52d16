""".dockerignore as the engine reads it: last matching pattern wins, a match of a folder takes all below it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from harness.source.wildcard import match_path

MAX_PATTERNS = 500


class Ignore:
    """The patterns of one .dockerignore; `excludes(path)` for paths relative to the build context."""

    def __init__(self, text: str) -> None:
        self.patterns: list[tuple[bool, list[str]]] = []
        for line in text.splitlines()[: 4 * MAX_PATTERNS]:
            pattern = _pattern(line)
            if pattern is not None and len(self.patterns) < MAX_PATTERNS:
                self.patterns.append(pattern)
        self._matched: dict[str, frozenset[int]] = {"": frozenset()}

    def excludes(self, path: str) -> bool:
        matched = self._matches(path)
        return bool(matched) and not self.patterns[max(matched)][0]

    def kept(self, paths: Iterable[str]) -> list[str]:
        return [path for path in paths if not self.excludes(path)]

    def _matches(self, path: str) -> frozenset[int]:
        """Numbers of the patterns that match `path` or a folder above it."""
        if path not in self._matched:
            above = self._matches(posixpath.dirname(path))
            segments = path.split("/")
            own = {n for n, (_, pattern) in enumerate(self.patterns) if n not in above and match_path(pattern, segments)}
            self._matched[path] = above | own
        return self._matched[path]


def _pattern(line: str) -> tuple[bool, list[str]] | None:
    line = line.strip().removeprefix("\ufeff")
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    body = posixpath.normpath(line[1:].strip() if negated else line).lstrip("/")
    if body in ("", "."):
        return None
    return negated, [segment for segment in body.split("/") if segment != ".."]
