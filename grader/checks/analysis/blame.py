"""Which input does an alert, or a series, blame? Labels are the candidate's choice; the names of the inputs are the contract's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from grader.schema.evidence import Alert

OPERATIONAL = re.compile(
    r"latency|slow|error|down|avail|slo\b|cpu|memory|disk|fallback|depend|store|traffic|shed|restart|ready|degraded|budget", re.I
)
"""Alerts about the service rather than its data, unless they blame a feature."""

_UNRELATED = re.compile(
    r"^(process|python|go|jvm|nodejs|scrape|up\b)|latency|duration|seconds|_ms\b|_created|_total|_count|_sum|_bucket"
    r"|in_?flight|in_?progress|active|memory|bytes|cpu|uptime|queue|_info\b|per_second|timestamp",
    re.I,
)
LABELS = ("feature", "feature_name", "column", "field", "variable", "input", "attribute")
"""Label names that say which input is meant; `feature` is the contract's."""


def unrelated(series: str) -> bool:
    """Series that move with time or traffic: they say nothing about the data."""
    return bool(_UNRELATED.search(series.split("{")[0]))


def blamed(alert: Alert, fields: Collection[str]) -> str:
    """The one input that an alert blames: by label, else by the only input that its name, labels or annotations name. Empty: none.

    A label that is no input's name and holds none (`score`, `dataset`) is returned as it is.
    """
    labelled = next((alert.labels[label] for label in LABELS if alert.labels.get(label)), "")
    if labelled:
        return _input(labelled, fields) or labelled
    found = {name for text in (alert.name, *alert.labels.values(), alert.text) for name in _mentioned(text, fields)}
    return found.pop() if len(found) == 1 else ""


def names(series: str, feature: str, fields: Collection[str]) -> bool:
    """Does a series (`drift{feature="amount"}`, `amount_psi`) speak of this feature and not of another input whose name holds its name?"""
    return feature in _mentioned(series, fields)


def _input(text: str, fields: Collection[str]) -> str:
    """The input that a label value means: itself, or the longest input name in it (`log_amount`)."""
    if text in fields:
        return text
    return max(_mentioned(text, fields), key=len, default="")


def _mentioned(text: str, fields: Iterable[str]) -> set[str]:
    """Inputs named in a text. A name that only stands within a longer input's name is not meant: `amount` in `avg_amount_30d`."""
    rest, found = text.lower(), set()
    for name in sorted(fields, key=len, reverse=True):
        if re.search(rf"(?<![a-z0-9]){re.escape(name.lower())}(?![a-z0-9])", rest):
            found.add(name)
            rest = rest.replace(name.lower(), " ")
    return found
