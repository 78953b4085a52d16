"""Sums that a line of prose does: `2 x (0.3 x 0.04 + 0.1) = USD 0.22/hour`, what is said and what it comes to."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_RESULT = re.compile(
    r"(?<![=<>!])[=\u2248](?![=>])\s*(?:~|about|approx\.?|roughly)?\s*(?:US\$|USD|EUR|GBP|[$€£])?\s?(\d[\d.,]*|\.\d+)\s?(¢|cents?\b|€|EUR\b|USD\b)?"
)
_MONEY = re.compile(r"US\$|USD|EUR|GBP|[$€£¢]|\bcents?\b")
_TOKEN = re.compile(
    r"(?P<number>(?:\d[\d.,]*\d|\d|\.\d+)(?:\s?(?:%|percent\b|million\b|thousand\b|billion\b|[kKMB]\b))?)|"
    r"(?P<operator>[*\u00d7\u00b7/\u00f7+\u2212\u2013-]|\bx\b)|(?P<bracket>[()\[\]])|(?P<currency>US\$|USD|EUR|GBP|[$€£])|(?P<word>[A-Za-z\u00b5][\w.-]*)|(?P<other>\S)"
)
_SCALES = {"%": 0.01, "percent": 0.01, "million": 1e6, "thousand": 1e3, "billion": 1e9, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
_SIGNS = {"\u00d7": "*", "\u00b7": "*", "x": "*", "\u00f7": "/", "\u2212": "-", "\u2013": "-", "[": "(", "]": ")"}
_BREAKS = frozenset({
    "and", "so", "of", "for", "at", "with", "is", "are", "costs", "cost", "that", "which", "then", "by", "in", "on", "to", "from", "or", "if", "we",
    "it", "as", "takes", "gives", "makes", "means",
})  # fmt: skip
"""Words that end what stood before; any other word behind a number is its unit."""
_DOES: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
REACH, MAX_SUMS, MAX_PIECES = 300, 20, 40


@dataclass(frozen=True)
class Sum:
    """`start` counts characters of the text; `rounding` is half a unit of the last place that is said."""

    start: int
    words: str
    comes_to: float
    says: float
    rounding: float


def sums(text: str, amount: Callable[[str], float | None]) -> Iterator[Sum]:
    """Every sum whose result is money, in order; what cannot be read for sure is left out. `amount` reads a number as prose writes it."""
    for match in list(_RESULT.finditer(text))[:MAX_SUMS]:
        before = text[max(0, match.start() - REACH) : match.start()].rpartition("\n")[2]
        said = amount(match[1])
        if said is None or not _MONEY.search(match[0]):
            continue
        told = _expression(before, amount)
        if told is None:
            continue
        cents = 100 if match[2] and match[2].startswith(("¢", "cent")) else 1
        places = len(match[1].rstrip(".,").rpartition(".")[2]) if "." in match[1].rstrip(".,") else 0
        words, value = told
        yield Sum(match.start() - len(words), f"{words}{match[0]}", value, said / cents, 0.5 * 10.0**-places / cents)


def _expression(before: str, amount: Callable[[str], float | None]) -> tuple[str, float] | None:
    """(words, value) of the longest end of a line that is an expression with an operator."""
    pieces: list[tuple[int, str]] = []
    last = ""
    for match in _TOKEN.finditer(before):
        kind, text = str(match.lastgroup), match[0]
        behind = last in ("number", "word", "slash") or (bool(pieces) and pieces[-1][1] == ")")
        unit = kind == "word" and behind and text.lower() not in _BREAKS
        if kind == "operator" and text in "/-" and re.match(r"\s?[A-Za-z]", before[match.end() :]):
            kind = "slash"  # `USD 0.04/hour`, `vCPU-hours`
        elif kind == "number":
            value = _number(text, amount)
            pieces = [*pieces, (match.start(), repr(value))] if value is not None else []
        elif kind in ("operator", "bracket"):
            pieces.append((match.start(), _SIGNS.get(text, text)))
        elif kind not in ("currency", "slash") and not unit:
            pieces = []
        last = kind
    for first in range(max(0, len(pieces) - MAX_PIECES), len(pieces)):
        value = _value(" ".join(piece for _, piece in pieces[first:]))
        if value is not None:
            return before[pieces[first][0] :], value
    return None


def _number(text: str, amount: Callable[[str], float | None]) -> float | None:
    match = re.fullmatch(r"([\d.,]+)\s?(\D*)", text)
    value = amount(match[1]) if match else None
    return None if match is None or value is None else value * _SCALES.get(match[2], 1.0)


def _value(expression: str) -> float | None:
    try:
        tree = ast.parse(expression, mode="eval").body
        value = _worked_out(tree) if isinstance(tree, ast.BinOp) else None
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, RecursionError, MemoryError):
        return None
    return value if value is not None and math.isfinite(value) and value > 0 else None


def _worked_out(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _DOES:
        return _DOES[type(node.op)](_worked_out(node.left), _worked_out(node.right))
    raise ValueError("not a sum")
