"""Sightings with their strings cleaned and their number capped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from grader.schema.evidence import Place, Sighting
from harness.text import one_line

MAX_SIGHTINGS = 60


def sighting(text: str, path: str, facts: Mapping[str, str | float | None], line: int | None = None) -> Sighting:
    """Facts that are None are left out."""
    told = {name: one_line(value, 200) if isinstance(value, str) else float(value) for name, value in facts.items() if value is not None}
    return Sighting(text=one_line(text, 300), place=Place(file=one_line(path, 300), line=line), facts=told)


def capped(sightings: Iterable[Sighting]) -> list[Sighting]:
    """The first of them; what comes behind is not even made."""
    return list(islice(sightings, MAX_SIGHTINGS))
