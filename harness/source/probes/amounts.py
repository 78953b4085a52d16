"""Money per million predictions in a line of prose: where the amount is, and what it comes to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from harness.source.probes.sums import Sum, sums

# Every repeat is bounded: a document may be one line of digits.
_NUMBER = r"(?:\d[\d.,]{0,18}|\.\d{1,12})"
AMOUNT = rf"(?:(?:[$€£]|\b(?:USD|EUR|GBP|US\$))\s?{_NUMBER}|(?<![\w.]){_NUMBER}\s?(?:[$€£¢]|(?:USD|EUR|GBP|cents?|dollars?|euros?)\b))"
_NOT_OF = (
    r"(?!\s{1,3}(?:(?:input|output|log|billed|stored)\s{1,3})?(?:tokens?|char(?:acter)?s?|words|bytes|lines|logs?|spans|metrics|series|samples|writes|reads|"
    r"messages|e?mails|users|customers|impressions|clicks|images|pixels|files|objects|puts?|gets?|steps|parameters|params)\b)"
)
"""Other things that are sold by the million."""
PER = r"(?:per|/|for)\s{0,3}(?:(?:one|a|each|1)\s+)?(?:million|thousand|1[ ,.]?000(?:[ ,.]?000)?|1?[kM]|10\^[36]|mm)\b" + _NOT_OF
COST = re.compile(rf"{AMOUNT}[^\n]{{0,120}}?{PER}|{PER}[^\n]{{0,120}}?{AMOUNT}", re.I)
_AMOUNT, _PER = re.compile(AMOUNT, re.I), re.compile(PER, re.I)
_OTHER_UNIT = re.compile(
    r"\s{0,3}(?:/|per|an?|each|every)\s{0,3}-?(?:h|hr|hours?|d|days?|weeks?|mo|months?|years?|s|secs?|seconds?|min|v?cpu\w*|cores?|[gm]i?b\w*|nodes?|"
    r"replicas?|pods?|instances?|machines?|containers?)\b",
    re.I,
)
"""What makes an amount a price of something else than predictions."""
_MILLION = re.compile(r"million|1[ ,.]?000[ ,.]?000|10\^6|mm", re.I)
_WRAP = re.compile(r"\n(?![ \t]{0,40}(?:[-*+|#>]|\d+[.)]|\n))")
"""The end of a line that goes on in the next one: no list, table, heading or quotation begins there."""
_SLO = re.compile(r"\bSLO\b|latency target|capacity|saturat|highest rate|full load|max(?:imum)? (?:rate|load|throughput)", re.I)
REACH = 120
MAX_STATED = 50


@dataclass(frozen=True)
class Stated:
    """A cost that a paragraph states. `start` counts characters; `per_million` is None where the amount cannot be told for sure."""

    start: int
    words: str
    per_million: float | None
    at_slo: bool


def stated(paragraph: str) -> list[Stated]:
    """Every cost per thousand or million predictions in a paragraph, in order. Lines that are merely wrapped are read as one."""
    text = _as_read(paragraph)
    return [
        Stated(m.start(), m[0], per_million(text[m.start() : m.end() + REACH].split("\n")[0]), bool(_SLO.search(_sentence(text, m.start(), m.end()))))
        for m in islice(COST.finditer(text), MAX_STATED)
    ]


def worked_out(paragraph: str) -> list[Sum]:
    """Every sum in a paragraph whose result is money."""
    return list(sums(_as_read(paragraph), _number))


def _as_read(paragraph: str) -> str:
    return _WRAP.sub(" ", paragraph.replace("**", "  "))


def per_million(line: str) -> float | None:
    """The amount per million predictions that a line states, in units of its currency; None where it cannot be told for sure.

    The amount right before `per million` counts; else the one behind it, of a sum its result (the last one behind `=`); else the nearest
    before it. Prices of hours, cores or machines are no candidates.
    """
    for per in _PER.finditer(line):
        factor = _factor(per[0])
        amounts = [(m.start(), m.end(), m[0]) for m in _AMOUNT.finditer(line) if not _OTHER_UNIT.match(line, m.end())]
        before = [(line[end : per.start()], text) for _, end, text in amounts if 0 <= per.start() - end <= REACH]
        behind = [(start, text) for start, _, text in amounts if 0 <= start - per.end() <= REACH]
        results = [text for start, text in behind if re.search(r"[=≈→]\s*~?\s*$", line[:start])]
        adjacent = [text for gap, text in before if not gap.strip(" (")]
        chosen = (adjacent or results[-1:] or [text for _, text in behind] or [text for _, text in before[-1:]])[:1]
        number = _number(chosen[0]) if chosen else None
        if number is not None and factor is not None:
            return number * factor
    return None


def _sentence(text: str, start: int, end: int) -> str:
    """What stands around a match, up to 300 characters to either side."""
    before = re.split(r"[.;!?]\s|\n", text[max(0, start - 300) : start])[-1]
    return before + text[start:end] + re.split(r"[.;!?]\s|\n", text[end : end + 300])[0]


def _factor(per: str) -> float | None:
    """How many of them make a million. `/m` may as well be a month."""
    if _MILLION.search(per) or per.rstrip().endswith("M"):
        return 1.0
    return None if per.lower().rstrip().endswith("m") else 1000.0


def _number(amount: str) -> float | None:
    """An amount in units of its currency: `$1,234.50`, `0,45 €`, `4 cents`. None for nothing and for the absurd."""
    digits = re.search(_NUMBER, amount)
    assert digits is not None
    text = digits[0].rstrip(".,")
    decimal = _decimal_mark(text)
    for mark in ".,":
        text = text.replace(mark, "." if mark == decimal else "")
    value = float(text) / (100 if re.search(r"cents?|¢", amount, re.I) else 1) if len(text) <= 20 else 0.0
    return value if 0 < value < 1e9 else None


def _decimal_mark(text: str) -> str:
    """Of two kinds the last; of one kind that stands once a point always, a comma unless it parts off three digits."""
    last = max(".,", key=text.rfind)
    if text.count(last) != 1:
        return ""
    grouped = last == "," and "." not in text and re.fullmatch(r"[1-9]\d{0,2},\d{3}", text)
    return "" if grouped else last
