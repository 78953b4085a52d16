"""JSON as strangers send it: no NaN or infinity, no surprises from depth or size, one exception type."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


class BadJson(ValueError):
    """The bytes are not acceptable JSON; the message says why and may be shown to the sender."""


def _refuse(token: str) -> NoReturn:
    raise BadJson(f"{token} is not a JSON value")


def loads(raw: bytes) -> Any:
    """Parse UTF-8 JSON. Raises BadJson for anything that RFC 8259 does not allow, or that would overflow us."""
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise BadJson("body is not UTF-8") from None
    except RecursionError:  # a few KB of '[' are enough
        raise BadJson("nested too deeply") from None
    except BadJson:
        raise
    except ValueError as error:  # malformed, or an integer of thousands of digits
        raise BadJson(f"not valid JSON: {str(error)[:120]}") from None


def number(value: Any) -> float | None:
    """The value as a finite float; None if it is not a number (true and false are not numbers here)."""
    if type(value) is float:
        return value if math.isfinite(value) else None  # 1e999 parses to infinity
    if type(value) is int:
        return float(value) if abs(value) < 2**63 else None
    return None
