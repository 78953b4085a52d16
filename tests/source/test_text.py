"""Attack 50: nothing that a candidate writes reaches a terminal or a report with its controls intact."""

from __future__ import annotations

import pytest

from harness.text import clean, clean_tail, is_plain, one_line

HOSTILE = {
    "\x1b[31mred\x1b[0m": "red",
    "\x1b]0;title\x07x": "x",
    "\x1b]8;;http://x\x1b\\link": "link",
    "a\x00b\x07c\x7fd\x9b1m": "abcd1m",
    "user\u202egnp.exe": "usergnp.exe",
    "zero\u200bwidth\ufeff": "zerowidth",
    "a\r\nb\rc": "a\nb\nc",
    "tab\tstays": "tab\tstays",
    "line\u2028sep": "linesep",
    "Grüße, 你好 ✓": "Grüße, 你好 ✓",
    "\ud800lone": "lone",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_controls_escapes_and_bidi_are_removed(text: str) -> None:
    assert clean(text) == HOSTILE[text]


def test_lengths_are_capped_at_the_right_end() -> None:
    assert clean("x" * 1000, 10) == "x" * 9 + "…"
    assert clean_tail("x" * 1000 + "end", 5) == "…xend"
    assert one_line(" a \n\n b\t c ", 50) == "a b c"
    assert clean(b"\xff\xfeok") == "\ufffd\ufffdok"


def test_a_plain_name_has_no_line_breaks_either() -> None:
    assert is_plain("a b/ü.py") and not is_plain("a\nb") and not is_plain("a\u202eb")
