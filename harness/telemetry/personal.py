"""Do personal values that we sent stand in what a service writes down: its log, its metrics, its audit trail?"""

from __future__ import annotations

import re
from collections.abc import Collection

MAX_BYTES = 8 << 20
"""Of the end of a text; what is looked for was sent last."""
MAX_VERIFIED = 400
"""Values looked for by a pass over the text each, after the cheap test that all their words occur; 400 passes over 8 MiB take a second."""
SHORTEST = 4
_WORD = re.compile(r"\w+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2}))", re.IGNORECASE)


def telling(values: Collection[str]) -> set[str]:
    """Those of the values that are long enough not to stand in a text by chance."""
    return {value for value in values if len(value) >= SHORTEST}


def standing(raw: bytes, values: Collection[str]) -> int:
    """How many of the values stand in the text, whatever their case and whether or not JSON or repr escaped them."""
    text = _ESCAPE.sub(lambda escape: chr(int(escape[1] or escape[2], 16)), raw[-MAX_BYTES:].decode("utf-8", "replace")).lower()
    words = set(_WORD.findall(text))
    possible = sorted(value.lower() for value in telling(values) if words.issuperset(_WORD.findall(value.lower())))
    return sum(value in text for value in possible[:MAX_VERIFIED])
