"""The last wall before a reader: no control, bidi or invisible character of a submission leaves a renderer.

Collection strips them too (harness/text.py). A result can come from elsewhere, and reports trust no string.
"""

from __future__ import annotations

import re
import unicodedata

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories that are not text; Cf holds the bidi overrides and zero-width characters, Cn the non-characters that XML forbids."""


def inert(text: str) -> str:
    """`text` without terminal escapes, control, bidi and invisible characters. Line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in _ANSI.sub("", text) if c in "\n\t" or unicodedata.category(c) not in _UNSAFE)


def json_safe(document: str) -> str:
    """A JSON document that reads the same and shows nothing but text on a terminal: what `inert` would take out stands as an escape."""
    if document.isascii() and "\x7f" not in document:
        return document
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in _UNSAFE else _escape(c) for c in document)


def _escape(character: str) -> str:
    """As UTF-16 units, which is how JSON writes what is beyond its first 65,536 characters."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def one_line(text: str, limit: int) -> str:
    """`inert` text on one line, cut with an ellipsis."""
    flat = " ".join(inert(text[: 4 * limit + 4096]).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
