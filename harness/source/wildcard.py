"""Go's path wildcards (`*`, `?`, `[a-z]`, `\\x`, and `**` of .dockerignore), in bounded time: the plain regular expression of
a hostile pattern such as `*a*a*a*a*b` would run for hours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

Token = tuple[str, str]  # ("char", c) | ("one", "") | ("star", "") | ("set", "^" or "" + expanded ranges as "ab" pairs)


def has_wildcard(text: str) -> bool:
    return any(c in text for c in "*?[")


def match_path(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Whether the path's segments match the pattern's, `**` standing for any number of segments."""
    reachable = {0}
    for segment in pattern:
        if segment == "**":
            reachable = set(range(min(reachable), len(path) + 1))
        else:
            reachable = {at + 1 for at in reachable if at < len(path) and match_segment(segment, path[at])}
        if not reachable:
            return False
    return len(path) in reachable


def match_segment(pattern: str, name: str) -> bool:
    """Whether one path segment matches, in at most len(pattern) * len(name) steps."""
    return _compiled(pattern).fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression that never returns to a star that is behind it: what stands between two stars is taken where it comes
    first, and only what stands behind the last one may be further on."""
    pieces = [""]
    for token in _tokens(pattern):
        if token[0] == "star":
            pieces.append("")
        else:
            pieces[-1] += _expression(token)
    first, *others = pieces
    between = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece)
    return re.compile(first + between + (f".*{others[-1]}" if others else ""), re.S)


def _expression(token: Token) -> str:
    kind, value = token
    if kind == "char":
        return re.escape(value)
    if kind == "one":
        return "."
    negated, ranges = value[:1] == "^", value[1:]
    pairs = zip(ranges[::2], ranges[1::2], strict=True)
    inside = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in pairs if low <= high)
    if not inside:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{inside}]"


def _tokens(pattern: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        end = pattern.find("]", at + 2) if char == "[" else -1
        if char == "\\" and at + 1 < len(pattern):
            tokens.append(("char", pattern[at + 1]))
            at += 2
        elif end > 0:
            tokens.append(("set", _set(pattern[at + 1 : end])))
            at = end + 1
        else:
            tokens.append({"*": ("star", ""), "?": ("one", "")}.get(char, ("char", char)))
            at += 1
    return tuple(tokens)


def _set(body: str) -> str:
    negated = body[:1] in ("^", "!")
    body, ranges, at = body[1:] if negated else body, "", 0
    while at < len(body):
        if body[at + 1 : at + 2] == "-" and at + 2 < len(body):
            ranges += body[at] + body[at + 2]
            at += 3
        else:
            ranges += body[at] * 2
            at += 1
    return ("^" if negated else "+") + ranges
