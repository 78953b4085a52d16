"""Heredocs of a Dockerfile: `RUN <<EOF` and the lines up to the one that is nothing but `EOF`."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property

_OPENER = re.compile(r"(?:^|\s)\d*<<-?([\"']?)([A-Za-z_][A-Za-z0-9_.-]*)\1(?=\s|$|[;&|>)])")


class Heredocs:
    """The lines of a file, and where in it heredocs end. Ends are looked up, not looked for: each of two thousand openers whose end never
    comes would read the whole rest of the file."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def after(self, number: int, opening: str) -> int | None:
        """The line after the last heredoc that an instruction opens whose text goes on in line `number`; None where there is none (a terminator
        that never comes means that `<<` was something else)."""
        terminators = [match[2] for match in _OPENER.finditer(opening)]
        for terminator in terminators:
            end = self._first(terminator, number)
            if end is None:
                return None
            number = end + 1
        return number if terminators else None

    def _first(self, terminator: str, number: int) -> int | None:
        numbers = self._numbers.get(terminator, [])
        place = bisect_left(numbers, number)
        return numbers[place] if place < len(numbers) else None

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        """Line without blanks around it -> where it stands, in order."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self._lines):
            if bare := line.strip():
                found.setdefault(bare, []).append(number)
        return found
