"""How numbers read inside a sentence of the judge's own: captions, notes and labels."""

from __future__ import annotations


def figure(value: float) -> str:
    """Three significant digits, thousands set apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def percent(share: float) -> str:
    """A share as whole percent."""
    return f"{share * 100:.0f} %"


SPELT = {"cpu": "CPU", "nan": "NaN", "oom": "OOM", "pid1": "PID 1", "dns": "DNS", "tmp": "/tmp", "sigterm": "SIGTERM", "sigkill": "SIGKILL"}


def readable(id: str) -> str:
    """An id as words."""
    return " ".join(SPELT.get(word, word) for word in id.split("_"))
