"""Ways to spoil a request: of a number, of a text, of the document's keys, of the whole body. Tables of kind -> function of a random source.

What a spoilt request deserves is not said here: `harness.faults.expected` reads it off the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from harness.faults.drafts import Draft, Field, Raw

Value = Callable[[Random, Field, Any], object]
"""A new value for a field that has this one. None of the tables changes its arguments."""

SHALLOW, DEEP = 300, 20_000
"""Depths of nesting: one that every parser bears, one that is far too deep."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BAD_NUMBERS = ("0x1F", "012", "+5", ".5", "5.", "1_000", "\uff11\uff12", "1e", "--1", "1.2.3", "12,5", "undefined", "")
CONSTANTS = ("NaN", "-NaN", "Infinity", "-Infinity", "nan", "inf")
BAD_STRINGS = ('"a\x00b"', '"a\nb"', '"a\tb"', r'"\x41"', r'"\u12"', r'"\u{41}"', "'single'", '"open', "`tick`", "bare")
SCRIPTS = ("שרה כהן", "محمد علي", "ทดสอบ", "Ωμή", "Łukasz Żak", "山田太郎", "김", "👩 🙂", "Zoë e\u0301", "\U0001d518\U0001d52b", "\ufb01n ǅ ß İ")
INVISIBLE = ("\u202e", "\u200b", "\u2066x\u2069", "\ufeff", "\u2028", "\ue000", "\uffff", "\U000e0041", "👩\u200d🚀")
CONTROLS = ("\x00", "\x01", "\x1b[31m", "\r\nX-Injected: 1", "\x7f", "\x85", "\b")
SURROGATES = ("\ud800", "\udc00", "x\ud83d", "\ude00\ud83d")
PUNCTUATION = ("'; --", "../..", "%2e%2f", "{{7*7}}", "<b>&", "a/b?c=d#e", "\\\\x", '"quoted"', "${HOME}", "a b+c", "%00%zz", "=1+1")
TIMES = (
    "yesterday", "2026-02-30T00:00:00Z", "2026-01-01", "1767225600", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00",
    "2026-06-30T23:59:60Z", "2026-01-01t00:00:00z", "2026-01-01T25:00:00Z", "2026-03-01T10:00:00+02:00", "2026-03-01T10:00:00",
    "-2026-01-01T00:00:00Z", "2026-W10-1T00:00:00Z", "20260301T100000Z", "\uff12026-03-01T10:00:00Z",
)  # fmt: skip
KEYS = ("", "__proto__", "constructor", "$ref", "ключ", "score", "degraded", "\x00", "k" * 900, "a.b[0]", "toString", "self")

NUMBERS: Mapping[str, Value] = {
    "word_for": lambda chance, field, old: chance.choice(("a lot", "twelve", "NaN", "12 EUR", "", "∞", "null")),
    "digits_for": lambda chance, field, old: str(old or chance.randint(1, 20)),
    "boolean_for": lambda chance, field, old: chance.random() < 0.5,
    "list_for": lambda chance, field, old: chance.choice(([], [old], [[old]], [old, old])),
    "object_for": lambda chance, field, old: chance.choice(({}, {"value": old}, {field.name: old})),
    "null_for": lambda chance, field, old: None,
    "constant_for": lambda chance, field, old: Raw(chance.choice(CONSTANTS)),
    "overflow_for": lambda chance, field, old: Raw(chance.choice(("1e309", "-1e400", "1E99999", "1e+1000000"))),
    "huge_integer_for": lambda chance, field, old: Raw(chance.choice("123456789") + "9" * chance.choice((19, 39, 400, 5000))),
    "tiny_for": lambda chance, field, old: Raw(chance.choice(("1e-400", "4.9e-324", "1E-99999", "0e999", "-0.0"))),
    "long_number_for": lambda chance, field, old: Raw(f"{chance.randint(1, 9)}.{'0' * chance.choice((20, 60, 900))}1"),
    "bad_literal_for": lambda chance, field, old: Raw(chance.choice(BAD_NUMBERS)),
    "lowest_for": lambda chance, field, old: field.rules.get("minimum", old),
    "highest_for": lambda chance, field, old: field.rules.get("maximum", old),
    "below_for": lambda chance, field, old: round(field.rules.get("minimum", 0) - chance.choice((0.01, 1, 1e6)), 2),
    "above_for": lambda chance, field, old: round(field.rules.get("maximum", 1e12) + chance.choice((0.01, 1, 1e9)), 2),
    "deep_for": lambda chance, field, old: nested(chance, chance.choice((SHALLOW, 2000, DEEP))),
}

TEXTS: Mapping[str, Value] = {
    "number_for_text": lambda chance, field, old: chance.choice((0, -1, 12345, 1.5, 10**30)),
    "boolean_for_text": lambda chance, field, old: chance.random() < 0.5,
    "list_for_text": lambda chance, field, old: chance.choice(([], [old], list(str(old)))),
    "object_for_text": lambda chance, field, old: chance.choice(({}, {"value": old}, {"$ne": None})),
    "null_for_text": lambda chance, field, old: None,
    "empty_for": lambda chance, field, old: "",
    "bad_string_for": lambda chance, field, old: Raw(chance.choice(BAD_STRINGS)),
    "surrogate_for": lambda chance, field, old: chance.choice(SURROGATES),
    "control_for": lambda chance, field, old: f"{old}"[: field.longest // 2] + chance.choice(CONTROLS),
    "deep_for_text": lambda chance, field, old: nested(chance, chance.choice((SHALLOW, 2000, DEEP))),
}

FREE_TEXTS: Mapping[str, Value] = {
    "shortest_for": lambda chance, field, old: word(chance, field.shortest),
    "longest_for": lambda chance, field, old: word(chance, field.longest),
    "short_for": lambda chance, field, old: word(chance, max(0, field.shortest - 1)),
    "long_for": lambda chance, field, old: word(chance, field.longest + chance.choice((1, 2, 100, 3000))),
    "script_for": lambda chance, field, old: chance.choice(SCRIPTS)[: field.longest],
    "invisible_for": lambda chance, field, old: f"{old}"[: field.longest // 2] + chance.choice(INVISIBLE),
    "punctuation_for": lambda chance, field, old: chance.choice(PUNCTUATION)[: field.longest],
    "blank_for": lambda chance, field, old: chance.choice((" ", "\u00a0", "\u3000")) * max(1, field.shortest),
}

KEPT_TEXTS: Mapping[str, Value] = {
    "format_for": lambda chance, field, old: chance.choice(TIMES),
    "stray_for": lambda chance, field, old: word(chance, max(4, field.shortest)),
}
"""Texts to which the schema sets a format, a pattern or a list."""


def missing(chance: Random, draft: Draft, field: Field) -> Draft:
    return [item for item in draft if item[0] != field.name]


def extra(chance: Random, draft: Draft, field: Field) -> Draft:
    value: object = chance.choice((None, 0, "x" * 200, [1, {"a": [2]}], {"amount": -1}, Raw("1e400"), nested(chance, SHALLOW)))
    return _inserted(chance, draft, (chance.choice(KEYS), value))


def twice(chance: Random, draft: Draft, field: Field) -> Draft:
    """A key again: with the same value, or with a wrong one before or after the right one."""
    old = dict(draft)[field.name]
    return _inserted(chance, draft, (field.name, chance.choice((old, None, [], True))))


DOCUMENTS: Mapping[str, Callable[[Random, Draft, Field], Draft]] = {"missing": missing, "extra_beside": extra, "twice": twice}


def nested(chance: Random, depth: int) -> Raw:
    """Arrays or objects in each other."""
    if chance.random() < 0.5:
        return Raw("[" * depth + "]" * depth)
    return Raw('{"a":' * depth + "0" + "}" * depth)


def word(chance: Random, length: int) -> str:
    return "".join(chance.choice(LETTERS) for _ in range(length))


def _inserted(chance: Random, draft: Draft, item: tuple[str, object]) -> Draft:
    at = chance.randint(0, len(draft))
    return [*draft[:at], item, *draft[at:]]
