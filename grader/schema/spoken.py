"""How points, shares and counts read: one rounding and one plural for checks, headlines, reports and the console."""

from __future__ import annotations

import math


def several(number: int, noun: str) -> str:
    """1 alert, 2 alerts, 1,200 alerts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def points(bp: int) -> str:
    """Basis points of the headline as points of 100."""
    return f"{bp / 100:.2f}".rstrip("0").rstrip(".")


def percent(bp: int) -> str:
    """Basis points as whole percent, halves up. Only all of it reads 100 %, only nothing reads 0 %."""
    whole = math.floor(bp / 100 + 0.5)
    if bp != whole * 100 and whole in (0, 100):
        return "under 1 %" if whole == 0 else "over 99 %"
    return f"{whole} %"
