"""Characters that nobody sees and that change what others read: a name must not turn the line that it stands in."""

from __future__ import annotations

import unicodedata

TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks, embeddings, overrides and isolates of the direction of text (Unicode's Bidi_Control)."""
UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of controls, halves of characters, and breaks. Not Cf as a whole: joiners are a part of names in many scripts."""
LINES = frozenset("\n\r\t")


def strange(text: str, *, lines: bool = False) -> str:
    """What stands first in `text` that must not, as `U+202E`, or "". With `lines` it may have several of them."""
    found = next((c for c in text if c in TURNING or (unicodedata.category(c) in UNSEEN and not (lines and c in LINES))), "")
    return f"U+{ord(found):04X}" if found else ""


def without_strange(text: str, *, lines: bool = False) -> str:
    """The same text without any of them."""
    return "".join(c for c in text if not strange(c, lines=lines))
