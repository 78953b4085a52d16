"""What this installation can grade: challenges and areas, read once per process, since every page needs them and reading is slow."""

from __future__ import annotations

from functools import lru_cache

import challenges.loader
import grader.rubric
from grader.schema.challenge import Challenge


@lru_cache(maxsize=32)
def challenge(slug: str) -> Challenge:
    """The installed challenge of that name. Raises UsageError."""
    return challenges.loader.load(slug).spec


@lru_cache(maxsize=1)
def all_challenges() -> tuple[Challenge, ...]:
    """Every installed challenge, by slug."""
    return tuple(challenge(slug) for slug in challenges.loader.available())


@lru_cache(maxsize=1)
def areas() -> dict[str, str]:
    """Area id -> title, in the rubric's order."""
    ordered = sorted(grader.rubric.load().areas.items(), key=lambda item: item[1].order)
    return {id: area.title for id, area in ordered}
