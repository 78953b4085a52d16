"""Picks the series of a scrape that could be a drift signal."""

from __future__ import annotations

from collections.abc import Iterable

from grader.schema.evidence import Family
from harness.telemetry.exposition import series_name

RUNTIME = ("process_", "python_", "go_", "jvm_", "nodejs_")
"""Families of the language runtime: they move with load and uptime and say nothing about the data."""
TIMESTAMP = "_created"
MAX_SERIES = 200


def gauges(families: Iterable[Family]) -> dict[str, float]:
    """Series name -> value of the gauge-typed series. Over the cap, series that name a feature stay first."""
    found = {
        (("feature" not in sample.labels), series_name(sample.name, sample.labels.items())): sample.value
        for family in families
        if family.type == "gauge" and not family.name.startswith(RUNTIME) and not family.name.endswith(TIMESTAMP)
        for sample in family.samples
    }
    finite = [(key, value) for key, value in sorted(found.items()) if value is not None]
    return {name: value for (_, name), value in finite[:MAX_SERIES]}
