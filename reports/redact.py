"""Copies of a result for other eyes: the candidate's own, and one that does not say whose it is. Pure, like every renderer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from grader.schema.result import Result, Table

CANDIDATES_COPY = (
    "This is the candidate's copy. Seeds and the interviewer's notes are left out; every check, threshold, reason and remedy is here. "
    "A check can be contested by its id."
)
SEED = "seed"
HIDDEN = "[hidden]"
SHORTEST = 4
"""Characters of a word that is looked for in any spelling. A shorter one is looked for as a name is written, or together with the others."""
SPACING = r"[\s._-]*"
FIRST_WITHOUT_SPACES = "\u2e80"
"""From here on lie the scripts that put no spaces between words."""
PLAIN = frozenset([
    "all", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "for", "go", "has", "he", "her", "him", "his", "if", "in", "is",
    "it", "its", "me", "my", "no", "not", "of", "on", "one", "or", "out", "see", "she", "so", "the", "to", "two", "up", "us", "was", "we",
    "you",
])  # fmt: skip
"""Short words of sentences, which are names too: alone, a hole where "No" stood would say more than it hides."""
COMMON = frozenset(
    [
        "admin",
        "candidate",
        "candidates",
        "challenge",
        "data",
        "deployment",
        "developer",
        "example",
        "fraud",
        "github",
        "gitlab",
        "grader",
        "main",
        "master",
        "model",
        "models",
        "no-reply",
        "noreply",
        "repo",
        "repository",
        "root",
        "scoring",
        "service",
        "solution",
        "submission",
        "takehome",
        "take-home",
        "test",
        "ubuntu",
        "user",
        "users",
    ]
)
"""Words of URLs, and users by which machines commit, that say nothing about a person; hiding them would only tear holes into sentences."""


def for_candidate(result: Result) -> Result:
    """The same verdict and reasons without what would give hidden streams or the interview away."""
    cues = {"question": "", "strong": [], "red_flags": []}
    return result.model_copy(
        update={
            "seeds": {},
            "interview": [],
            "areas": [area.model_copy(update=cues) for area in result.areas],
            "tables": [_seedless(table) for table in result.tables],
            "notes": [*result.notes, CANDIDATES_COPY],
        }
    )


def _seedless(table: Table) -> Table:
    """Without the column that tells which stream a window drew."""
    kept = [i for i, column in enumerate(table.columns) if column != SEED]
    return table.model_copy(update={"columns": [table.columns[i] for i in kept], "rows": [[row[i] for i in kept] for row in table.rows]})


def blind(result: Result, pseudonym: str, names: Iterable[str]) -> Result:
    """The result under a pseudonym: origin, commit and tree go, and every one of `names` is hidden wherever it stands in a text.

    However short, and in whatever script: Bo Li and 王小明 are as blind as Grace Hopper, joined, reversed or with an underscore between.
    """
    plain = result.model_dump(mode="json")
    plain["submission"] |= {"origin": pseudonym, "commit": None, "tree": None, "image_digest": None}
    return Result.model_validate(_hide(plain, _pattern(names)))


def hide(text: str, names: Iterable[str]) -> str:
    """A text without any of `names`, as in a blind result."""
    return str(_hide(text, _pattern(names)))


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    words = sorted({unicodedata.normalize("NFC", name.strip()) for name in names}, key=lambda name: (-len(name), name))
    return re.compile("|".join(spelling for word in words for spelling in _spellings(word)) or r"(?!)", re.IGNORECASE)


def _spellings(name: str) -> list[str]:
    """Regular expressions, case ignored, for the ways to write a name; none where it would hide the words of any sentence."""
    parts = re.split(r"[\s._-]+", name.strip("._-"))
    if name.lower() in COMMON or all(part.lower() in COMMON for part in parts):
        return []
    if len(parts) > 1 and all(part.isalpha() for part in parts) and (len("".join(parts)) >= SHORTEST or not name.isascii()):
        orders = [parts, parts[::-1]] if " " in name else [parts]
        return [_whole(SPACING.join(map(re.escape, order)), "".join(order)) for order in orders]
    if len(name) >= SHORTEST or (name and not name.isascii()):
        return [_whole(re.escape(name), name)]
    if len(name) > 1 and name[0].isupper() and name.isalpha() and name.lower() not in PLAIN:
        return [_whole(f"(?-i:{re.escape(name)})", name)]
    return []


def _whole(expression: str, name: str) -> str:
    """As words of their own, to which digits may be appended as in user names. Scripts without spaces have no such bounds."""
    before = "" if name[0] >= FIRST_WITHOUT_SPACES else r"(?<![^\W_])"
    after = "" if name[-1] >= FIRST_WITHOUT_SPACES else r"(?![^\W_])" if name[-1].isdigit() else r"(?![^\W\d_])"
    return f"{before}{expression}{after}"


def telling(origin: str) -> list[str]:
    """What in a URL tells whose repository it is: the whole, owner and name, and their parts."""
    path = re.sub(r"^[a-z+]+://[^/]*/?", "", origin).removesuffix(".git")
    parts = [part for part in path.split("/") if part]
    return [origin, origin.removesuffix(".git"), path, *parts, *(word for part in parts for word in re.split(r"[._~-]+", part))]


def _hide(value: Any, pattern: re.Pattern[str]) -> Any:
    """Only values are text of the submission's; keys are ours, and ids of areas and checks are needed as they are."""
    if isinstance(value, str):
        return pattern.sub(HIDDEN, unicodedata.normalize("NFC", value))
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
