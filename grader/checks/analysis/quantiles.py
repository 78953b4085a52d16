"""Rules that hold a quantile of a histogram against a number: such a quantile is never above the histogram's largest finite bucket. Pure.

Told are only comparisons that are read in full: a scaled quantile, an `or` beside it or a bound that was never scraped leave it open.
"""

from __future__ import annotations

import re
from math import isfinite

from grader.checks.analysis.metrics import LATENCY, NOT_LATENCY, readable
from grader.schema.evidence import MetricsEvidence

_CALL = re.compile(r"(?:^|\band\b)[\s(]*histogram_quantile\s*\(", re.I)
_ABOVE = re.compile(r"[\s)]*(>=?)\s*(?:bool\s+)?(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.])(?!\s*[-+*/%^])", re.I)
_BELOW = re.compile(r"\s*<=?\s*(?:bool\s+)?\d+(?:\.\d+)?(?:e[+-]?\d+)?\s*", re.I)
_BUCKETS = re.compile(r"\b([A-Za-z_:][\w:]*)_bucket\b")


def out_of_reach(expr: str, metrics: MetricsEvidence) -> str | None:
    """Why a rule can never fire, where a quantile in it would have to be above everything that its histogram can tell."""
    if re.search(r"\bor\b", expr):
        return None
    for call in _CALL.finditer(expr):
        end = _closing(expr, call.end())
        above = _ABOVE.match(expr, end)
        names = set(_BUCKETS.findall(expr[call.end() : end]))
        top = _largest_bound(metrics, names.pop()) if above and len(names) == 1 else None
        if above and top is not None and (float(above[2]) > top or (above[1] == ">" and float(above[2]) == top)):
            return f"waits for a quantile {above[1]} {above[2]} of a histogram whose buckets end at {top:g}"
    return None


def upside_down(expr: str) -> bool:
    """Whether a rule is nothing but a quantile of a latency that is *below* a number: that is what a calm service shows."""
    call = re.match(r"\s*histogram_quantile\s*\(", expr, re.I)
    if call is None:
        return False
    end = _closing(expr, call.end())
    names = set(_BUCKETS.findall(expr[call.end() : end]))
    return bool(_BELOW.fullmatch(expr, end)) and any(LATENCY.search(name) and not NOT_LATENCY.search(name) for name in names)


def _closing(expr: str, start: int) -> int:
    """Behind the bracket that closes the one before `start`."""
    depth = 1
    for index in range(start, len(expr)):
        depth += {"(": 1, ")": -1}.get(expr[index], 0)
        if depth == 0:
            return index + 1
    return len(expr)


def _largest_bound(metrics: MetricsEvidence, name: str) -> float | None:
    """Of any series of the histogram in any scrape."""
    samples = (s for scrape in metrics.scrapes if readable(scrape) for family in scrape.families for s in family.samples)
    bounds = [_number(sample.labels.get("le", "")) for sample in samples if sample.name == f"{name}_bucket"]
    return max((bound for bound in bounds if isfinite(bound)), default=None)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("inf")
