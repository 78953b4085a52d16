"""TOML from strangers: no keys of a hundred thousand parts, which the parser goes through once for each of them."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MAX_PARTS = 64
_LONG_KEY = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){{{MAX_PARTS}}}")


def parsed(text: str) -> dict[str, Any]:
    """The document. Raises ValueError (TOMLDecodeError is one) or RecursionError for what is none, and for a key of more than `MAX_PARTS` parts."""
    if long := _LONG_KEY.search(text):
        line = text.count("\n", 0, long.start()) + 1
        raise ValueError(f"a key of more than {MAX_PARTS} parts (at line {line}, column {long.start() - text.rfind(chr(10), 0, long.start())})")
    return tomllib.loads(text)
