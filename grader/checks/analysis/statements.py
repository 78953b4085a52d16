"""Whether what is stated about cost holds together: sums that come to what they say, documents that say the same. Pure."""

from __future__ import annotations

from grader.schema.evidence import Probe

ROUNDED = 0.03
"""Share by which a result may differ beside the rounding of its last digit: its numbers are rounded themselves."""
_FACTORS = (1e2, 1e3, 1e6, 3600.0, 3600e3, 3600e6, 1e3 / 3600, 1e6 / 3600, 24.0, 30.0, 720.0, 730.0, 744.0, 12.0, 1024.0)
UNITS = (1.0, *(factor**sign for factor in _FACTORS for sign in (1, -1)))
"""What may lie between a number and the same in another unit: seconds, hours and months, millions and cents. Prose leaves it unsaid."""


def wrong_sum(statement: Probe) -> str | None:
    """The first sum that does not come to what it says, in whatever unit."""
    for sight in statement.sightings:
        comes_to, says, rounding = (sight.facts.get(name) for name in ("comes_to", "says", "rounding"))
        if isinstance(comes_to, float) and isinstance(says, float) and isinstance(rounding, float) and not _agrees(comes_to, says, rounding):
            return f"`{sight.text}` comes to {comes_to:.4g}"
    return None


def apart_at_slo(statement: Probe, factor: float) -> str | None:
    """Two documents whose cost at the SLO differs by more than `factor`. Within one document several amounts may be meant for several cases."""
    first: dict[str, float] = {}
    for sight in statement.sightings:
        amount = sight.facts.get("per_million")
        if isinstance(amount, float) and sight.facts.get("at_slo"):
            first.setdefault(sight.place.file, amount)
    if not first or max(first.values()) <= factor * min(first.values()):
        return None
    said = ", ".join(f"{file}: {amount:g}" for file, amount in sorted(first.items(), key=lambda item: item[1]))
    return f"the cost per million at the SLO is stated as different amounts ({said})"


def _agrees(comes_to: float, says: float, rounding: float) -> bool:
    return any(abs(comes_to * unit - says) <= rounding + says * ROUNDED for unit in UNITS)
