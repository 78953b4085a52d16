"""Series and label values of scrapes: what grows with traffic, and what changes with every scrape."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from grader.checks.analysis.lies import idle_scrapes
from grader.schema.evidence import Family, MetricsEvidence, Scrape

OF_THE_FORMAT = frozenset({"le", "quantile"})
FEWEST_IDLE = 4
"""Scrapes in a row, each with another value, before a label is said to change with every scrape."""


@dataclass(frozen=True)
class Label:
    """A label by its family and name."""

    family: str
    name: str


def series_of(scrape: Scrape) -> dict[str, int]:
    """Family -> its series, as counted before any cut; older evidence has the samples only."""
    return scrape.series or {family.name: len(family.samples) for family in scrape.families}


def growing(before: Scrape, after: Scrape, new: int) -> Label | None:
    """The label that took at least `new` values which it did not have before. A family that is cut in both is known by its number of series."""
    was, counts, later = {f.name: f for f in before.families}, series_of(before), series_of(after)
    for family in after.families:
        old = _values(was[family.name]) if family.name in was else {}
        values = _values(family)
        fresh = {name: len(found - old.get(name, set())) for name, found in values.items()}
        most = max(fresh, key=lambda name: fresh[name], default=None)
        if most is not None and fresh[most] >= new:
            return Label(family.name, most)
        cut = counts.get(family.name, 0) > len(was[family.name].samples) if family.name in was else False
        if cut and values and later.get(family.name, 0) - counts.get(family.name, 0) >= new:
            return Label(family.name, max(values, key=lambda name: len(values[name])))
    return None


def churning(metrics: MetricsEvidence) -> Label | None:
    """A label of which every idle scrape shows only values that the one before did not have: a time, or a number of the scrape."""
    idle = idle_scrapes(metrics)
    if len(idle) < FEWEST_IDLE:
        return None
    for family in idle[-1].families:
        for name in _values(family):
            shown = [_values(found).get(name, set()) if (found := _family(scrape, family.name)) else set() for scrape in idle]
            if all(a and b and not a & b for a, b in pairwise(shown)):
                return Label(family.name, name)
    return None


def _values(family: Family) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for sample in family.samples:
        for name in sample.labels.keys() - OF_THE_FORMAT:
            found.setdefault(name, set()).add(sample.labels[name])
    return found


def _family(scrape: Scrape, name: str) -> Family | None:
    return next((family for family in scrape.families if family.name == name), None)
