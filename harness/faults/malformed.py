"""Inputs that a prediction route must refuse, generated from the request schema and one valid request.

A case's name says what is expected: `valid_...` must be scored, `either_...` may be scored or refused with a 4xx, all others must be
refused with a 4xx.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DEPTH = 10_000
OVERSIZE = 8 << 20
HUGE_DIGITS = 5_000
JSON = "application/json"


@dataclass(frozen=True)
class Malformed:
    """One body with its content type."""

    name: str
    body: bytes
    content_type: str = JSON


def cases(schema: Mapping[str, Any], valid: Mapping[str, object]) -> list[Malformed]:
    """Every case, the cheap ones first and the 8 MiB one last. `valid` is a request that conforms to `schema`."""
    properties: dict[str, dict[str, Any]] = schema["properties"]
    numbers = [name for name in schema["required"] if "number" in _types(properties[name])]
    strings = [name for name in schema["required"] if _types(properties[name]) == ["string"]]
    return [
        *(Malformed(f"missing_{name}", _body({key: value for key, value in valid.items() if key != name})) for name in schema["required"]),
        *_wrong_values(properties, numbers, strings, valid),
        *_literals(numbers[0], valid),
        *_no_objects(valid),
        *_tolerable(strings, valid),
        Malformed("oversize", _body({**valid, strings[-1]: "x" * OVERSIZE})),
    ]


def _wrong_values(
    properties: Mapping[str, dict[str, Any]], numbers: list[str], strings: list[str], valid: Mapping[str, object]
) -> Iterator[Malformed]:
    number, text = numbers[0], strings[-1]
    wrong: dict[str, tuple[str, object]] = {
        f"text_for_{number}": (number, "a lot"),
        f"list_for_{number}": (number, [1]),
        f"object_for_{number}": (number, {"value": 1}),
        f"null_for_{number}": (next(name for name in numbers if "null" not in _types(properties[name])), None),
        f"number_for_{strings[0]}": (strings[0], 12345),
        f"list_for_{text}": (text, ["a"]),
        f"null_for_{strings[1]}": (strings[1], None),
        f"empty_{strings[0]}": (strings[0], ""),
        f"long_{strings[0]}": (strings[0], "x" * 4096),
        f"below_minimum_{number}": (number, properties[number].get("minimum", 0) - 1),
        f"above_maximum_{number}": (number, properties[number].get("maximum", 1e15) * 10),
    }
    return (Malformed(name, _body({**valid, field: value})) for name, (field, value) in wrong.items())


def _literals(number: str, valid: Mapping[str, object]) -> Iterator[Malformed]:
    """Number literals that lenient parsers let through."""
    literals = {"nan": "NaN", "infinity": "Infinity", "minus_infinity": "-Infinity", "overflow": "1e999", "huge_integer": "9" * HUGE_DIGITS}
    marker = "\u0000number\u0000"
    text = json.dumps({**valid, number: marker})
    return (Malformed(f"{name}_for_{number}", text.replace(json.dumps(marker), literal).encode()) for name, literal in literals.items())


def _no_objects(valid: Mapping[str, object]) -> Iterator[Malformed]:
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
    return (Malformed(name, body) for name, body in bodies.items())


def _tolerable(strings: list[str], valid: Mapping[str, object]) -> Iterator[Malformed]:
    yield Malformed("valid_unicode_name", json.dumps({**valid, strings[-1]: "Zoë Ünïcødé 日本 🙂"}, ensure_ascii=False).encode())
    yield Malformed("either_extra_key", _body({**valid, "unexpected": {"nested": [1, 2, 3]}}))
    yield Malformed("either_wrong_content_type", _body(valid), "text/plain")
    yield Malformed("either_surrogate", _body({**valid, strings[-1]: "\ud800"}))


def _types(field: Mapping[str, Any]) -> list[str]:
    kinds = field.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _body(document: Mapping[str, object]) -> bytes:
    return json.dumps(document).encode()
