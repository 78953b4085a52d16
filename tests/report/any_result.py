"""Any result that the schema admits: every field of every record, drawn at random from a seed."""

from __future__ import annotations

import random
import types
import typing
from enum import Enum
from typing import Any, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel

from grader.schema.result import Result

ATTACKS = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'-alert(1)-'", "</style><script>alert(1)</script>", "</title><x>",
    "&lt;b&gt; &amp; &#60;",
    "{{ 7*7 }}{% raw %}", "javascript:alert(1)", "]]><x/>", "<!-- -->", "<?xml?>",
    "[click](https://evil.example/)", "![x](http://evil.example/x.png)", "| cell | cell |\n|---|---|", "# head\n- item\n```", "`code`",
    "@here www.evil.example",
    '=HYPERLINK("http://evil.example","x")', "+1+cmd|' /C calc'!A0", "@SUM(1)",
    "\x1b[31mred\x1b[0m\x1b]8;;http://evil.example\x07link\x1b]8;;\x07", "\u202egnp.exe\u202c", "a\u2066b\u2069\u200b", "\x00\x08\x0b\ufffe\uffff",
)  # fmt: skip
HOSTILE = (*ATTACKS, "\U0001f600", "", " ", "-", "a" * 3000, "\n" * 200, "é" * 50, "../../etc/passwd")
NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-300, -1e-300, 1e300, -1e300, 5e-324, 1e16, 123456.789, 99.95, 3.0)
INTEGERS = (0, 1, -1, 2, 99, 10_000, 10**6, 10**12, -(10**12), 2**63, 10**30)


def any_result(seed: int, longest: int = 3, hostile_only: bool = False) -> Result:
    """The same seed gives the same result."""
    chance = random.Random(seed)
    made = _Maker(chance, longest, hostile_only).record(Result)
    assert isinstance(made, Result)
    return made


class _Maker:
    def __init__(self, chance: random.Random, longest: int, hostile_only: bool) -> None:
        self._chance, self._longest, self._hostile_only = chance, longest, hostile_only

    def record(self, model: type[BaseModel]) -> BaseModel:
        return model.model_validate({name: self._value(field.annotation, field.metadata) for name, field in model.model_fields.items()})

    def _value(self, kind: Any, limits: list[Any] | None = None) -> Any:
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            return self._value(self._chance.choice(arguments))
        if origin is Literal:
            return self._chance.choice(arguments)
        if origin in (list, dict):
            return self._many(origin, arguments)
        if origin is tuple:
            return tuple(self._value(argument) for argument in arguments)
        return self._plain(kind, limits or [])

    def _many(self, origin: type, arguments: tuple[Any, ...]) -> Any:
        size = self._chance.randint(0, self._longest)
        if origin is dict:
            return {self._value(arguments[0]): self._value(arguments[1]) for _ in range(size)}
        return [self._value(arguments[0]) for _ in range(size)]

    def _plain(self, kind: Any, limits: list[Any]) -> Any:
        if kind is type(None):
            return None
        if issubclass(kind, BaseModel):
            return self.record(kind)
        if issubclass(kind, Enum):
            return self._chance.choice(list(kind))
        if kind is bool:
            return self._chance.random() < 0.5
        if kind is int:
            low, high = next((x.ge for x in limits if isinstance(x, Ge)), None), next((x.le for x in limits if isinstance(x, Le)), None)
            return self._chance.choice(INTEGERS) if low is None else self._chance.randint(int(str(low)), int(str(high)))
        if kind is float:
            return self._chance.choice(NUMBERS) if self._chance.random() < 0.5 else self._chance.uniform(-10, 1000)
        assert kind is str, kind
        return self._text()

    def _text(self) -> str:
        if self._hostile_only:
            return "".join(self._chance.sample(ATTACKS, 3))
        return self._chance.choice(HOSTILE)
