"""Rules that pick a status in a form that the service does not write: `5xx` where it exposes 503, a code where it exposes classes. Pure.

Told are only labels of a status of which every value ever scraped has one of the two forms; an `or`, an `unless` or an `absent` leaves it open.
"""

from __future__ import annotations

import re
from itertools import islice

from grader.checks.analysis.metrics import STATUS_LABELS, readable
from grader.schema.evidence import MetricsEvidence

_STRING = r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'"
_SELECTOR = re.compile(rf"([A-Za-z_:][\w:]*+)\s*+\{{((?:[^\"'}}]|{_STRING})*+)\}}")
_MATCHER = re.compile(rf"([A-Za-z_]\w*+)\s*+(=~|!~|!=|=)\s*+({_STRING})")
_CODE, _CLASS = re.compile(r"[1-5]\d\d"), re.compile(r"[1-5]xx", re.I)
_CODES = tuple(str(code) for code in range(100, 600))
_CLASSES = tuple(f"{first}{rest}" for first in "12345" for rest in ("xx", "XX"))
_OPEN = re.compile(r"\b(?:or|unless|absent\w*|vector)\b")
MAX_PATTERN, MAX_MATCHERS = 100, 40


def never_selected(expr: str, metrics: MetricsEvidence) -> str | None:
    """Why a rule can never fire, where it picks a status that cannot occur in the form in which its metric writes them."""
    if _OPEN.search(expr):
        return None
    matchers = ((one[1], *told.groups()) for one in _SELECTOR.finditer(expr) for told in _MATCHER.finditer(one[2]))
    for name, label, op, literal in islice(matchers, MAX_MATCHERS):
        if label not in STATUS_LABELS or op not in ("=", "=~"):
            continue
        seen, wanted = _seen(metrics, name, label), literal[1:-1].replace("\\\\", "\\")
        possible = [*(_CODES if any(map(_CODE.fullmatch, seen)) else ()), *(_CLASSES if any(map(_CLASS.fullmatch, seen)) else ())]
        formed = all(_CODE.fullmatch(value) or _CLASS.fullmatch(value) for value in seen)
        if seen and formed and wanted and not _takes_any(op, wanted, possible):
            return f"selects {label}{op}{wanted} of {name}, which writes {', '.join(sorted(seen)[:3])}: no such value can occur"
    return None


def _takes_any(op: str, wanted: str, values: list[str]) -> bool:
    """What cannot be read is taken to match."""
    if op == "=":
        return wanted in values
    if len(wanted) > MAX_PATTERN:
        return True
    try:
        pattern = re.compile(wanted)
    except (re.error, OverflowError, RecursionError):
        return True
    return any(pattern.fullmatch(value) for value in values)


def _seen(metrics: MetricsEvidence, name: str, label: str) -> set[str]:
    """Values of a label of a metric, in any scrape."""
    samples = (s for scrape in metrics.scrapes if readable(scrape) for family in scrape.families for s in family.samples)
    return {sample.labels[label] for sample in samples if sample.name == name and label in sample.labels}
