"""The frozen policy: whose fault it was -> how often the whole grading is tried again, and after how many seconds.

Stages are retried inside of a grading by the causes table; this is for gradings that ended without a verdict that counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.schema.base import Culprit
from grader.schema.causes import CAUSES

LOST = "lost"
"""Culprit of a grading whose process or worker died under it."""
SUBMITTER = "submitter"
"""Culprit of a request that cannot be carried out as given, such as a URL that is no repository."""


@dataclass(frozen=True)
class Retry:
    """`waits_s[n]` is the pause before try n + 2; after the last one the job ends."""

    waits_s: tuple[float, ...]


POLICY: dict[str, Retry] = {
    Culprit.CANDIDATE: Retry(()),
    SUBMITTER: Retry(()),
    Culprit.GRADER: Retry((60.0,)),
    Culprit.HOST: Retry((60.0, 300.0, 900.0)),
    LOST: Retry((5.0, 60.0, 300.0)),
}

RESTARTS = 8
"""How many workers may die under one try (each begins it anew at once) before the submission itself is suspected."""

NEVER = frozenset({"not_permitted", "prometheus_missing", "image_unavailable"})
"""Causes on the host's side that waiting does not mend."""


def pause(culprit: str, cause: str, tries: int) -> float | None:
    """Seconds to wait before another try, after `tries` that gave nothing; None when there is to be none."""
    waits = POLICY[culprit].waits_s
    return None if cause in NEVER or tries > len(waits) else waits[tries - 1]


def worth_another(culprits: list[tuple[str, str]]) -> tuple[str, str] | None:
    """The (culprit, cause) for which a grading without enough evidence is repeated: the first that is not the candidate's, if any."""
    ours = [(culprit, cause) for culprit, cause in culprits if culprit != Culprit.CANDIDATE and cause in CAUSES and cause not in NEVER]
    return ours[0] if ours else None
