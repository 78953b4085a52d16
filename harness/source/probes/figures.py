"""Two records of one model, held against each other: what an artifact says of its own evaluation, and what the record beside it says of the same.

Only figures under the same names are compared, and only where the two visibly tell of one evaluation: most of what they share agrees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_METRICS = re.compile(r"^(?:\w+_)?(?:metrics|scores|evaluation|performance)$", re.I)
MAX_DEPTH, MAX_FIGURES = 4, 500
MIN_SHARED = 3
"""Figures that two records share at least, before one of them that differs says anything."""


def apart(one: Any, other: Any) -> str | None:
    """The first figure that differs, `name: value here and value there`; None where nothing does, or the two need not be of one evaluation."""
    ours, theirs = dict(_figures(one)), dict(_figures(other))
    shared = [name for name in ours if name in theirs]
    differ = [name for name in shared if not _same(ours[name], theirs[name])]
    if len(shared) < MIN_SHARED or not differ or len(differ) * 2 >= len(shared):
        return None
    return f"{differ[0]}: {ours[differ[0]]:g} and {theirs[differ[0]]:g}"


def _figures(record: Any) -> Iterator[tuple[str, float]]:
    """(dotted name below an object of metrics at the top, number)."""
    tops = [value for key, value in list(record.items())[:200] if _METRICS.search(str(key))] if isinstance(record, dict) else []
    stack: list[tuple[str, Any, int]] = [("", value, 0) for value in tops]
    left = MAX_FIGURES
    while stack and left:
        name, value, depth = stack.pop()
        if isinstance(value, dict) and depth < MAX_DEPTH:
            stack += [(f"{name}.{key}".lstrip("."), inner, depth + 1) for key, inner in list(value.items())[:100]]
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            left -= 1
            yield name[:100], float(value)


def _same(one: float, other: float) -> bool:
    """As far as the one that is written with fewer digits goes, rounded or cut off."""
    step = 10.0 ** -min(_digits(one), _digits(other))
    return abs(one - other) <= step * 1.000001


def _digits(value: float) -> int:
    """Behind the point, at most twelve."""
    return len(f"{value:.12f}".rstrip("0").partition(".")[2])
