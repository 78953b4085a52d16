"""Variables of a Dockerfile, filled in within a bound: ten lines of `ARG B=$A$A$A...` make ten billion characters."""

from __future__ import annotations

import re
from collections.abc import Mapping

from grader.schema.causes import Trouble

# The brace that closes a default may be missing: else each of a thousand unclosed ones looks for it up to the text's end.
_VARIABLE = re.compile(r"\\\$|\$(?:\{([A-Za-z_]\w*+)(?:\}|(:?[-+])([^}]*+)\}?)|([A-Za-z_]\w*+))")
MAX_FILLED = 64 << 10
"""Characters by which variables may lengthen one text, and all texts together that one question about a Dockerfile has filled in."""


class Filling:
    """Fills variables into texts, and goes no further once these are `MAX_FILLED` longer by it: values may be made of values, tenfold each."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = dict(known)
        self._room = MAX_FILLED

    def fill(self, text: str) -> str:
        """See `expand`. Raises Trouble(build_failed) once all texts together have grown by more than `MAX_FILLED` characters."""
        return _VARIABLE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        value = _filled_in(match, self.known)
        self._room -= max(0, len(value) - len(match[0]))
        if self._room < 0:
            raise Trouble("build_failed", f"the Dockerfile's variables expand to more than {MAX_FILLED >> 10} KiB")
        return value


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$A`, `${A}`, `${A:-default}` and `${A:+other}` filled in; unknown variables become empty, as the engine does it.

    Raises Trouble(build_failed) where that adds more than `MAX_FILLED` characters.
    """
    return Filling(variables).fill(text)


def _filled_in(match: re.Match[str], variables: Mapping[str, str]) -> str:
    braced, operator, other, bare = match.groups()
    if not braced and not bare:
        return "$"
    value = variables.get(braced or bare, "")
    if operator and "-" in operator:
        return value or other
    if operator:
        return other if value else ""
    return value


def unresolved(text: str, variables: Mapping[str, str]) -> bool:
    """Whether `text` uses a variable that has neither a value nor a default here."""
    uses = [m for m in _VARIABLE.finditer(text) if m.group(1) or m.group(4)]
    return any((m.group(1) or m.group(4)) not in variables and not m.group(2) for m in uses)


def variables_in(text: str) -> set[str]:
    """Names of the variables that `text` uses."""
    return set(re.findall(r"\$\{?([A-Za-z_]\w*+)", text))
