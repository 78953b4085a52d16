"""Whether a version document names the version that a model came from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from pydantic import JsonValue

VERSION = "model_version"
_ORIGIN = re.compile(r"parent|base|previous|prior|predecessor|champion|origin|source|from|replace|supersede|ancest|lineage|history", re.I)
"""Keys whose value says what a model came from, also where it is a bare number."""


def names_parent(document: Mapping[str, JsonValue], changed: Collection[str], parent: str) -> bool:
    """Whether the parent stands as a whole word where an origin is told, or in another part that changed.

    `v1` stands in `v10` too, a bare number in many counts, and a version may begin with its parent's name.
    """
    whole = re.compile(rf"(?<![\w.]){re.escape(parent)}(?!\w|\.\w)")
    own = str(document.get(VERSION))
    for key, text in _leaves(document):
        told = _ORIGIN.search(key) or (key.split(".")[0] in changed and not parent.isdigit())
        if told and whole.search(text.replace(own, "")):
            return True
    return False


def _leaves(value: JsonValue | Mapping[str, JsonValue], key: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, text) of every leaf below the top-level version; the keys of an object are texts too."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if key or name != VERSION:
                yield key, name
                yield from _leaves(item, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, key)
    elif value is not None and not isinstance(value, bool):
        yield key, str(value)
