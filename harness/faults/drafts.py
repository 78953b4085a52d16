"""A request while it is being spoilt: top-level keys in order, which may repeat, and values that may be literals no serialiser would write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Draft = list[tuple[str, object]]


@dataclass(frozen=True)
class Raw:
    """A literal that stands in the body as it is."""

    text: str


@dataclass(frozen=True)
class Field:
    """A property of the request schema."""

    name: str
    rules: Mapping[str, Any]
    required: bool

    @property
    def types(self) -> list[str]:
        kinds = self.rules.get("type", [])
        return [kinds] if isinstance(kinds, str) else list(kinds)

    @property
    def is_number(self) -> bool:
        return bool({"number", "integer"} & set(self.types))

    @property
    def is_text(self) -> bool:
        return "string" in self.types

    @property
    def is_free(self) -> bool:
        """A text whose content the schema leaves open."""
        return self.is_text and not {"format", "enum", "pattern"} & set(self.rules)

    @property
    def shortest(self) -> int:
        return int(self.rules.get("minLength", 0))

    @property
    def longest(self) -> int:
        return int(self.rules.get("maxLength", 1000))


def fields(schema: Mapping[str, Any]) -> list[Field]:
    return [Field(name, rules, name in schema.get("required", ())) for name, rules in schema["properties"].items()]


def with_value(draft: Sequence[tuple[str, object]], name: str, value: object) -> Draft:
    """The draft with another value for every occurrence of a key."""
    return [(key, value if key == name else old) for key, old in draft]


def rendered(draft: Sequence[tuple[str, object]], ascii_only: bool = True) -> str:
    """The draft as the text of a JSON object. Lone surrogates are always escaped: UTF-8 has no bytes for them."""
    return "{" + ", ".join(f"{_text(key, ascii_only)}: {_text(value, ascii_only)}" for key, value in draft) + "}"


def _text(value: object, ascii_only: bool) -> str:
    if isinstance(value, Raw):
        return value.text
    text = json.dumps(value, ensure_ascii=ascii_only)
    return json.dumps(value) if any("\ud800" <= c <= "\udfff" for c in text) else text
