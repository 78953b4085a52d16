"""Copies of a result for other eyes: the candidate's own, and one that does not say whose it is. Pure, like every renderer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from grader.schema.result import Result

CANDIDATES_COPY = (
    "This is the candidate's copy. Seeds and the interviewer's notes are left out; every check, threshold, reason and remedy is here. "
    "A check can be contested by its id."
)
HIDDEN = "[hidden]"
SHORTEST = 4
"""Characters of a name that is looked for in running text: shorter ones stand in too many words."""
COMMON = frozenset(
    [
        "candidate",
        "candidates",
        "challenge",
        "data",
        "deployment",
        "example",
        "fraud",
        "github",
        "gitlab",
        "grader",
        "main",
        "master",
        "model",
        "models",
        "repo",
        "repository",
        "scoring",
        "service",
        "solution",
        "submission",
        "takehome",
        "take-home",
        "test",
    ]
)
"""Words of URLs that say nothing about a person; hiding them would only tear holes into sentences."""


def for_candidate(result: Result) -> Result:
    """The same verdict and reasons without what would give hidden streams or the interview away."""
    return result.model_copy(update={"seeds": {}, "interview": [], "notes": [*result.notes, CANDIDATES_COPY]})


def blind(result: Result, pseudonym: str, names: Iterable[str]) -> Result:
    """The result under a pseudonym: origin, commit and tree go, and every one of `names` is hidden wherever it stands in a text."""
    words = sorted({name for name in names if len(name) >= SHORTEST and name.lower() not in COMMON}, key=len, reverse=True)
    plain = result.model_dump(mode="json")
    plain["submission"] |= {"origin": pseudonym, "commit": None, "tree": None, "image_digest": None}
    return Result.model_validate(_hide(plain, _pattern(words)) if words else plain)


def telling(origin: str) -> list[str]:
    """What in a URL tells whose repository it is: the whole, owner and name, and their parts."""
    path = re.sub(r"^[a-z+]+://[^/]*/?", "", origin).removesuffix(".git")
    parts = [part for part in path.split("/") if part]
    return [origin, origin.removesuffix(".git"), path, *parts, *(word for part in parts for word in re.split(r"[._~-]+", part))]


def _pattern(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(re.escape(word) for word in words)})(?![A-Za-z0-9])", re.IGNORECASE)


def _hide(value: Any, pattern: re.Pattern[str]) -> Any:
    """Only values are text of the submission's; keys are ours, and ids of areas and checks are needed as they are."""
    if isinstance(value, str):
        return pattern.sub(HIDDEN, value)
    if isinstance(value, list):
        return [_hide(item, pattern) for item in value]
    if isinstance(value, dict):
        return {key: item if key in KEPT else _hide(item, pattern) for key, item in value.items()}
    return value


KEPT = frozenset(
    [
        "id",
        "area",
        "kind",
        "outcome",
        "culprit",
        "status",
        "band",
        "mode",
        "check",
        "theme",
        "y_scale",
        "stage",
        "cause",
        "challenge",
        "rubric_digest",
        "grader_version",
        "schema_version",
        "created",
    ]
)
"""Fields whose values are the product's own words."""
