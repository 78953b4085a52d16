"""Requests that break the contract or come close to it: fixed ones that every submission gets, then random ones drawn from a seed.

The random part takes every way to spoil a request once, at a random field of a random valid request, and a few pairs of two ways. So all
submissions meet the same kinds of wrong input, and no two the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from grader.schema.evidence.faults import Expected
from harness.faults.bodies import BODIES
from harness.faults.drafts import Draft, Field, fields, rendered, with_value
from harness.faults.expected import JSON, judge
from harness.faults.mutations import DOCUMENTS, FREE_TEXTS, KEPT_TEXTS, NUMBERS, TEXTS, Value

DEPTH = 10_000
OVERSIZE = 8 << 20
HUGE_DIGITS = 5_000
PAIRS = 8
"""Requests that are spoilt in two ways at once."""

UNSEEN_LETTER, UNSEEN_WORD = "Q", "QXZJV"
"""No currency, country, channel or customer is called so."""

SHOWN = 120
"""Characters of a request that are kept to show it."""


@dataclass(frozen=True)
class Malformed:
    """One body with its content type. `kind` is what was done, whatever the field; `shows` the part of the body that was changed."""

    name: str
    kind: str
    body: bytes
    expected: Expected
    content_type: str | None = JSON
    shows: str = ""


@dataclass(frozen=True)
class _Spoilt:
    kind: str
    field: str
    body: bytes
    content_type: str | None = JSON
    shows: str = ""


def cases(schema: Mapping[str, Any], samples: Sequence[Mapping[str, object]], seed: int) -> list[Malformed]:
    """Every case, the 8 MiB one last. `samples` are requests that conform to `schema`; the same seed gives the same cases."""
    expected, names = judge(schema), set[str]()
    made: list[Malformed] = []
    for spoilt in (*_fixed(schema, samples[0]), *_random(schema, samples, Random(seed)), _oversize(schema, samples[0])):
        name = spoilt.kind + (f"_{spoilt.field}" if spoilt.field else "")
        while name in names:
            name += "_again"
        names.add(name)
        shows = _visible(spoilt.shows or spoilt.body[: 2 * SHOWN].decode("utf-8", "backslashreplace"))
        made.append(Malformed(name, spoilt.kind, spoilt.body, expected(spoilt.body, spoilt.content_type), spoilt.content_type, shows))
    return made


# ---- random ones


def _random(schema: Mapping[str, Any], samples: Sequence[Mapping[str, object]], chance: Random) -> Iterator[_Spoilt]:
    described = fields(schema)
    ways = [(kind, change, fitting) for kind, change, fitting in _ways(described) if fitting]
    for kind, change, fitting in ways:
        field = chance.choice(fitting)
        before = list(chance.choice(samples).items())
        yield _of_draft(chance, kind, field.name, before, change(chance, before, field))
    for _ in range(PAIRS):
        (_, first, some), (_, second, others) = chance.sample(ways, 2)
        here = chance.choice(some)
        there = chance.choice([field for field in others if field.name != here.name] or others)
        before = list(chance.choice(samples).items())
        draft = second(chance, first(chance, before, here), there)
        yield _of_draft(chance, "two_at_once", f"{here.name}_and_{there.name}", before, draft)
    for kind, spoil in BODIES.items():
        text = rendered(list(chance.choice(samples).items()), chance.random() < 0.5)
        body, content_type = spoil(chance, text)
        yield _Spoilt(kind, "", body, content_type, _where(text.encode(), body, content_type))


def _ways(described: Sequence[Field]) -> Iterator[tuple[str, Any, list[Field]]]:
    """Kind, how to change a draft, and the fields that it fits."""
    tables = (
        (NUMBERS, [f for f in described if f.is_number]),
        (TEXTS, [f for f in described if f.is_text]),
        (FREE_TEXTS, [f for f in described if f.is_free]),
        (KEPT_TEXTS, [f for f in described if f.is_text and not f.is_free]),
    )  # fmt: skip
    for table, fitting in tables:
        for kind, value in table.items():
            yield kind, _change(value), fitting
    for kind, change in DOCUMENTS.items():
        yield kind, change, [f for f in described if f.required]


def _change(value: Value) -> Any:
    def change(chance: Random, draft: Draft, field: Field) -> Draft:
        return with_value(draft, field.name, value(chance, field, dict(draft).get(field.name)))

    return change


def _of_draft(chance: Random, kind: str, field: str, before: Draft, draft: Draft) -> _Spoilt:
    keys = [key for key, _ in draft]
    changed = [item for item in draft if item not in before or keys.count(item[0]) > 1]
    gone = [key for key, _ in before if key not in keys]
    shows = (f"{rendered(changed)[:-1]}, ...}}" if changed else "") + (f" without {', '.join(gone)}" if gone else "")
    return _Spoilt(kind, field, rendered(draft, chance.random() < 0.5).encode(), JSON, shows.strip())


def _where(before: bytes, body: bytes, content_type: str | None) -> str:
    """The place where a body stops being what it was, and the content type where it is another one."""
    at = next((i for i, (one, other) in enumerate(zip(before, body, strict=False)) if one != other), min(len(before), len(body)))
    start = 0 if at >= len(body) == len(before) else max(0, at - 30)
    around = ("..." if start else "") + body[start : start + SHOWN].decode("utf-8", "backslashreplace")
    return around if content_type == JSON else f"Content-Type {content_type or 'missing'}, {around}"


def _visible(text: str) -> str:
    """ASCII on one line, nothing in it invisible, at most SHOWN characters."""
    plain = text.encode("ascii", "backslashreplace").decode()
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", plain)[:SHOWN]


# ---- fixed ones


def _fixed(schema: Mapping[str, Any], valid: Mapping[str, object]) -> Iterator[_Spoilt]:
    described = {field.name: field for field in fields(schema)}
    required = [described[name] for name in schema["required"]]
    numbers = [field for field in required if field.is_number]
    strings = [field.name for field in required if field.types == ["string"]]
    for name in schema["required"]:
        yield _Spoilt("missing", name, _body({key: value for key, value in valid.items() if key != name}), shows=f"without {name}")
    yield from _wrong_values(numbers, strings, valid)
    yield from _literals(numbers[0].name, valid)
    yield from _no_objects(valid)
    yield from _tolerable(strings, valid)
    yield from _limits([described[name] for name in schema["required"]], valid)


def _wrong_values(numbers: Sequence[Field], strings: list[str], valid: Mapping[str, object]) -> Iterator[_Spoilt]:
    number, text = numbers[0].name, strings[-1]
    rules = numbers[0].rules
    wrong: tuple[tuple[str, str, object], ...] = (
        ("text_for", number, "a lot"),
        ("list_for", number, [1]),
        ("object_for", number, {"value": 1}),
        ("null_for", next(field.name for field in numbers if "null" not in field.types), None),
        ("number_for", strings[0], 12345),
        ("list_for", text, ["a"]),
        ("null_for", strings[1], None),
        ("empty", strings[0], ""),
        ("long", strings[0], "x" * 4096),
        ("below_minimum", number, rules.get("minimum", 0) - 1),
        ("above_maximum", number, rules.get("maximum", 1e15) * 10),
    )
    for kind, field, value in wrong:
        yield _Spoilt(kind, field, _body({**valid, field: value}), shows=_excerpt(field, json.dumps(value)))


def _literals(number: str, valid: Mapping[str, object]) -> Iterator[_Spoilt]:
    """Number literals that lenient parsers let through."""
    literals = {"nan": "NaN", "infinity": "Infinity", "minus_infinity": "-Infinity", "overflow": "1e999", "huge_integer": "9" * HUGE_DIGITS}
    marker = "\u0000number\u0000"
    text = json.dumps({**valid, number: marker})
    for kind, literal in literals.items():
        yield _Spoilt(f"{kind}_for", number, text.replace(json.dumps(marker), literal).encode(), shows=_excerpt(number, literal))


def _no_objects(valid: Mapping[str, object]) -> Iterator[_Spoilt]:
    whole = _body(valid)
    bodies = {
        "empty_body": b"",
        "not_json": b"amount=12&currency=EUR",
        "truncated": whole[: len(whole) // 2],
        "array": b"[" + whole + b"]",
        "string": b'"predict"',
        "number": b"42",
        "null": b"null",
        "empty_object": b"{}",
        "bad_utf8": whole[:-1] + b', "note": "\xff\xfe\xc3("}',
        "deep_array": b"[" * DEPTH + b"]" * DEPTH,
        "deep_object": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    }
    for kind, body in bodies.items():
        yield _Spoilt(kind, "", body, shows='... "note": "\\xff\\xfe\\xc3("}' if kind == "bad_utf8" else "")


def _tolerable(strings: list[str], valid: Mapping[str, object]) -> Iterator[_Spoilt]:
    name = strings[-1]
    unusual = json.dumps({**valid, name: "Zoë Ünïcødé 日本 🙂"}, ensure_ascii=False).encode()
    yield _Spoilt("unicode_name", "", unusual, shows=_excerpt(name, '"Zoë Ünïcødé 日本 🙂"'))
    yield _Spoilt("extra_key", "", _body({**valid, "unexpected": {"nested": [1, 2, 3]}}), shows=_excerpt("unexpected", '{"nested": [1, 2, 3]}'))
    yield _Spoilt("wrong_content_type", "", _body(valid), "text/plain", "Content-Type text/plain")
    yield _Spoilt("surrogate", "", _body({**valid, name: "\ud800"}), shows=_excerpt(name, r'"\ud800"'))


def _limits(described: Sequence[Field], valid: Mapping[str, object]) -> Iterator[_Spoilt]:
    """Every field at each end of what the schema admits, and with a value that nobody has seen before: requests that must be scored.

    What fails at one value of one field (the logarithm of zero, a table of currencies) must not hang on the luck of the random part.
    """
    for field in described:
        for kind, value in _ends(field):
            yield _Spoilt(kind, field.name, _body({**valid, field.name: value}), shows=_excerpt(field.name, json.dumps(value)))


def _ends(field: Field) -> Iterator[tuple[str, object]]:
    if field.is_number:
        yield from ((kind, field.rules[rule]) for kind, rule in (("lowest_for", "minimum"), ("highest_for", "maximum")) if rule in field.rules)
        if "null" in field.types:
            yield "null_for", None
    elif field.rules.get("format") == "date-time":
        yield from (
            ("offset_for", "2026-03-01T10:00:00+02:00"),
            ("west_for", "2026-03-01T10:00:00-07:30"),
            ("fraction_for", "2026-03-01T10:00:00.250Z"),
        )
    elif field.is_free:
        shortest, longest = max(1, field.shortest), field.longest
        yield from (("shortest_for", UNSEEN_LETTER * shortest), ("longest_for", UNSEEN_LETTER * longest))
        yield "unseen_for", (UNSEEN_WORD * longest)[: max(shortest, min(longest, len(UNSEEN_WORD)))]


def oversize(schema: Mapping[str, Any], valid: Mapping[str, object]) -> bytes:
    """The body of the last case: well-formed, and thousands of times what a request may have."""
    return _oversize(schema, valid).body


def _oversize(schema: Mapping[str, Any], valid: Mapping[str, object]) -> _Spoilt:
    name = [field.name for field in fields(schema) if field.required and field.types == ["string"]][-1]
    return _Spoilt("oversize", "", _body({**valid, name: "x" * OVERSIZE}), shows=_excerpt(name, f'"{OVERSIZE >> 20} MiB of x"'))


def _excerpt(field: str, literal: str) -> str:
    return f'{{"{field}": {literal[:SHOWN]}, ...}}'


def _body(document: Mapping[str, object]) -> bytes:
    return json.dumps(document).encode()
