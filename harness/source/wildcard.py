"""Go's path wildcards (`*`, `?`, `[a-z]`, `\\x`, and `**` of .dockerignore), in linear-time steps: a regular expression built from a
hostile pattern such as `*a*a*a*a*b` would run for hours."""

from __future__ import annotations

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
    """Whether one path segment matches; greedy with a single point of return, so at most len(pattern) * len(name) steps."""
    if not has_wildcard(pattern) and "\\" not in pattern:
        return pattern == name
    tokens = _tokens(pattern)
    at = position = 0
    star, resume = -1, 0
    while position < len(name):
        if at < len(tokens) and tokens[at][0] == "star":
            star, resume = at, position
            at += 1
        elif at < len(tokens) and _fits(tokens[at], name[position]):
            at += 1
            position += 1
        elif star >= 0:
            resume += 1
            at, position = star + 1, resume
        else:
            return False
    return all(kind == "star" for kind, _ in tokens[at:])


def _fits(token: Token, char: str) -> bool:
    kind, value = token
    if kind == "char":
        return value == char
    if kind == "one":
        return True
    if kind != "set":
        return False
    negated, ranges = value[:1] == "^", value[1:]
    inside = any(low <= char <= high for low, high in zip(ranges[::2], ranges[1::2], strict=True))
    return inside != negated


@lru_cache(maxsize=4096)
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
