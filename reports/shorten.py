"""Keeps a report readable whatever a result holds: long strings and lists are cut by rule, and the report says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.schema.result import Result

CAP_BYTES = 400_000
"""No report is larger: it has to open from an e-mail on a telephone."""


@dataclass(frozen=True)
class Limit:
    """The most characters per string, entries per list, and rows or points per table and curve."""

    text: int
    entries: int
    rows: int


LIMITS = (Limit(6_000, 400, 4_000), Limit(1_000, 200, 600), Limit(240, 120, 120), Limit(120, 40, 24), Limit(60, 8, 8))
"""Tried in this order. An honest result fits the first; the last fits any result at all."""

SAYS = "Shortened: at most {limit.text} characters per text, {limit.entries} entries per list, {limit.rows} per curve; result.json has the rest."

ROWS = frozenset({"rows", "points", "cells"})


def fitted(result: Result, render: Callable[[Result, str], str]) -> str:
    """Render with the first limit that fits. `render` gets the (shortened) result and a note on what was cut, empty for nothing."""
    text = ""
    for limit in LIMITS:
        shorter = shortened(result, limit)
        note = "" if shorter == result else SAYS.format(limit=limit)
        text = render(shorter, note)
        if len(text.encode("utf-8", "replace")) <= CAP_BYTES:
            break
    return text


def shortened(result: Result, limit: Limit) -> Result:
    """The result with every string and list cut to the limit."""
    return Result.model_validate(_cut(result.model_dump(), limit, limit.entries))


def _cut(value: Any, limit: Limit, most: int) -> Any:
    if isinstance(value, str) and type(value) is str:
        return value if len(value) <= limit.text else value[: limit.text - 1] + "…"
    if isinstance(value, list | tuple):
        return [_cut(item, limit, limit.entries) for item in value[:most]]
    if isinstance(value, dict):
        return {_cut(k, limit, most): _cut(v, limit, limit.rows if k in ROWS else limit.entries) for k, v in list(value.items())[: max(most, FIELDS)]}
    return value


FIELDS = 40
"""More than any record has fields: a record is never cut, a mapping may be."""
