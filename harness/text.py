"""Candidate text made safe to store and show: every string that a submission controls passes through here before it is evidence."""

from __future__ import annotations

import re
import unicodedata

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_KEPT_CONTROLS = frozenset("\n\t")
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Cf holds the bidi overrides and zero-width characters
_ELLIPSIS = "…"


def clean(text: str | bytes, limit: int = 500) -> str:
    """`text` without terminal escapes, control, bidi and invisible characters, at most `limit` characters long.

    Line feeds and tabs stay. A cut is marked by a final ellipsis. Bytes are decoded as UTF-8 with replacement characters.
    """
    return _cut(_safe(text[: 4 * limit + 4096]), limit)


def clean_tail(text: str | bytes, limit: int = 4000) -> str:
    """Like `clean`, but keeps the end (where a log says what went wrong) and marks the cut at the start."""
    safe = _safe(text[-(4 * limit + 4096) :])
    return safe if len(safe) <= limit else _ELLIPSIS + safe[-(limit - 1) :]


def one_line(text: str | bytes, limit: int = 200) -> str:
    """Like `clean`, with every run of white space made one blank: for names and reasons that stand inside a sentence."""
    return _cut(" ".join(clean(text, 4 * limit).split()), limit)


def is_plain(text: str) -> bool:
    """Whether `text` holds nothing that `clean` would remove and no line breaks or tabs: the bar for file names."""
    return all(unicodedata.category(c) not in _UNSAFE_CATEGORIES for c in text)


def _safe(text: str | bytes) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) not in _UNSAFE_CATEGORIES)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + _ELLIPSIS
