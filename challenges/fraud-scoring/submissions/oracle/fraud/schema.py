"""The request contract as a table, and the one function that applies it.

Written by hand instead of with a schema library: one pass of ~10 us, and the reasons are ours to word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fraud.strict import BadJson, loads, number

RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Invalid(Exception):
    """A request that breaks the contract. `field` is empty when the body as a whole is to blame."""

    def __init__(self, reason: str, field: str = "", status: int = 422) -> None:
        super().__init__(reason)
        self.reason, self.field, self.status = reason, field, status


def _text(shortest: int, longest: int) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if type(value) is not str:
            raise Invalid("must be a string", name)
        if not shortest <= len(value) <= longest:
            raise Invalid(f"must have {shortest} to {longest} characters", name)
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise Invalid("holds a lone surrogate", name)  # cannot be encoded again
        return value

    return check


def _number(low: float, high: float, nullable: bool = False) -> Callable[[str, Any], float | None]:
    def check(name: str, value: Any) -> float | None:
        if value is None and nullable:
            return None
        parsed = number(value)
        if parsed is None:
            raise Invalid("must be a finite number" + (" or null" if nullable else ""), name)
        if not low <= parsed <= high:
            raise Invalid(f"must be between {low:g} and {high:g}", name)
        return parsed

    return check


def _timestamp(name: str, value: Any) -> str:
    text: str = _text(20, 40)(name, value)
    if not RFC3339.fullmatch(text):
        raise Invalid("must be an RFC 3339 date-time with a zone", name)
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        raise Invalid("is no date that exists", name) from None
    return text


TRANSACTION: dict[str, Callable[[str, Any], Any]] = {
    "transaction_id": _text(1, 64),
    "customer_id": _text(1, 64),
    "merchant_id": _text(1, 64),
    "timestamp": _timestamp,
    "amount": _number(0, 10_000_000),
    "currency": _text(3, 3),
    "merchant_category": _text(1, 32),
    "channel": _text(1, 32),
    "country": _text(2, 2),
    "distance_km": _number(0, 50_000, nullable=True),
    "device_age_days": _number(0, 20_000, nullable=True),
    "minutes_since_last": _number(0, 10_000_000, nullable=True),
    "cardholder_name": _text(1, 128),
}


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = loads(raw)
    except BadJson as error:
        raise Invalid(str(error), status=400) from None
    if type(body) is not dict:
        raise Invalid("must be a JSON object", status=422)
    return body


def transaction(raw: bytes) -> dict[str, Any]:
    """The validated fields of a POST /predict body; unknown keys are ignored. Raises Invalid."""
    body = _body(raw)
    for name in TRANSACTION:
        if name not in body:
            raise Invalid("is missing", name)
    return {name: check(name, body[name]) for name, check in TRANSACTION.items()}


def feedback(raw: bytes) -> tuple[str, int]:
    """(transaction_id, label) of a POST /feedback body. Raises Invalid."""
    body = _body(raw)
    if "transaction_id" not in body:
        raise Invalid("is missing", "transaction_id")
    label = body.get("label")
    if type(label) is not int or label not in (0, 1):
        raise Invalid("must be 0 or 1", "label")
    return _text(1, 64)("transaction_id", body["transaction_id"]), label
