"""JSON as the grader accepts it from a candidate: UTF-8, finite, bounded in depth and in digits."""

from __future__ import annotations

import json
import re
from typing import NoReturn

MAX_DEPTH = 32
MAX_NUMBER_CHARS = 64
MAX_INT_DIGITS = 20

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""Its closing quote may be missing: else every escaped quote of a string that never ends is tried as the start of another, an hour for one
megabyte. json.loads refuses such a string."""

_BRACKET = re.compile(r"[\[\]{}]")


def strict_json(data: bytes | str) -> object:
    """Parse UTF-8 JSON; ValueError for NaN, infinities (1e999 too), nesting over 32 and integers over 20 digits."""
    text = data if isinstance(data, str) else data.decode("utf-8")  # UnicodeDecodeError is a ValueError
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"JSON nested deeper than {MAX_DEPTH}")
    value: object = json.loads(text, parse_constant=_no_constant, parse_int=_bounded_int, parse_float=_finite_float)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _bounded_int(literal: str) -> int:
    if len(literal) > MAX_INT_DIGITS + 1:
        raise ValueError(f"integer of {len(literal)} digits")
    return int(literal)


def _finite_float(literal: str) -> float:
    value = float(literal) if len(literal) <= MAX_NUMBER_CHARS else float("nan")
    if value - value != 0.0:  # NaN or infinity
        raise ValueError("number out of range")
    return value
