"""What the contract says of one request's bytes: must it be refused, must it be scored, or may a service do either?

The schema decides, through a validator. Bytes that sound parsers read differently are put to it in each of their readings: what is wrong
in all of them must be refused. What is right in all of them, and nothing out of the ordinary besides, must be scored. The rest is `either`:
extra or repeated keys, another content type or encoding, a lone surrogate, invisible or control characters, a value that breaks only the
`format` (an annotation in JSON Schema) or that looks unlike a code, a number that no double holds, a body that is larger than promised.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator

from grader.schema.evidence.faults import Expected

JSON = "application/json"
USUAL_BYTES = 4096
"""A valid request is smaller, says the brief."""

CODE_LENGTH = 16
"""Strings that may not be longer are codes (a currency, a country): a service may insist on capital letters."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_ODD_NUMBER = re.compile(r"[eE][-+]?\d{3}|[\d.]{25}|-0(?![.\d]*[1-9])")
_TIME = re.compile(r"(?:19[7-9]|20)\d+-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)

Judge = Callable[[bytes, str | None], Expected]


def judge(schema: Mapping[str, Any]) -> Judge:
    """A function from a body and its content type (None: not given) to what the contract expects."""
    validator = Draft202012Validator(schema)

    def expected(body: bytes, content_type: str | None) -> Expected:
        texts = _texts(body)
        readings = [document for text in texts for document in _documents(text)]
        right = [validator.is_valid(document) for document in readings]
        if not any(right):
            return "refused"
        usual = len(texts) == 1 and all(right) and len(body) < USUAL_BYTES and _is_json(content_type)
        return "scored" if usual and _plain(texts[0], readings[0], schema["properties"]) else "either"

    return expected


def _texts(body: bytes) -> list[str]:
    """What the bytes may be taken for. UTF-8 without a byte order mark is beyond doubt; some parsers guess or replace where it is not."""
    encoding = json.detect_encoding(body)
    if encoding == "utf-8":
        text = body.decode("utf-8", "replace")
        return [text] if text.encode() == body else [text, ""]
    return [body.decode(encoding, "replace"), body.decode("utf-8", "replace")]


def _documents(text: str) -> list[object]:
    """The text as JSON: with the first and the last of repeated keys, with doubles and with exact numbers. None where it is not JSON."""
    kinds: Sequence[tuple[Any, Any]] = ((dict, float), (_first, float), (dict, Decimal))
    try:
        return [json.loads(text, object_pairs_hook=hook, parse_float=real, parse_int=_whole, parse_constant=_no_constant) for hook, real in kinds]
    except (ValueError, RecursionError):
        return [None]


def _first(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    return dict(reversed(pairs))


def _whole(literal: str) -> int | Decimal:
    return int(literal) if len(literal) < 300 else Decimal(literal)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _is_json(content_type: str | None) -> bool:
    return content_type is not None and content_type.replace(" ", "") in (JSON, f"{JSON};charset=utf-8")


def _plain(text: str, document: object, properties: Mapping[str, Any]) -> bool:
    """Whether a service has no excuse for refusing a document that the schema admits."""
    keys: list[str] = []
    json.loads(text, object_pairs_hook=lambda pairs: keys.extend(key for key, _ in pairs))
    if not isinstance(document, dict) or len(keys) != len(document) or not set(keys) <= set(properties):
        return False
    if _ODD_NUMBER.search(_STRING.sub("", text)):
        return False
    return all(_plain_text(value, properties[key]) for key, value in document.items() if isinstance(value, str))


def _plain_text(value: str, rules: Mapping[str, Any]) -> bool:
    if "format" in rules:
        return rules["format"] == "date-time" and _is_time(value)
    if rules.get("maxLength", CODE_LENGTH) < CODE_LENGTH and not (value.isascii() and value.isalpha() and value.isupper()):
        return False
    seen = value == value.strip() and not any(unicodedata.category(c) in _UNSEEN for c in value)
    return seen and all(rules.get("minLength", 0) <= n <= rules.get("maxLength", n) for n in _lengths(value))


def _lengths(value: str) -> Iterator[int]:
    """Languages count code points, UTF-16 units or bytes, and normal forms differ."""
    yield from (len(value.encode("utf-16-le")) // 2, len(value.encode()), len(unicodedata.normalize("NFC", value)))


def _is_time(value: str) -> bool:
    try:
        return bool(_TIME.fullmatch(value)) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False
