"""The bodies that are taken, as pydantic models in strict mode: a number as text, or true, is no number."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _date_time(text: str) -> str:
    if not RFC3339.fullmatch(text):
        raise ValueError("must be an RFC 3339 date-time with a zone")
    datetime.fromisoformat(text.upper())  # a date that exists
    return text


def text(shortest: int, longest: int) -> Any:
    return Field(min_length=shortest, max_length=longest)


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class Transaction(Strict):
    """Body of POST /predict; unknown keys are ignored. `cardholder_name` is checked and goes nowhere."""

    transaction_id: Annotated[str, text(1, 64)]
    customer_id: Annotated[str, text(1, 64)]
    merchant_id: Annotated[str, text(1, 64)]
    timestamp: Annotated[str, text(20, 40), AfterValidator(_date_time)]
    amount: Annotated[float, Field(ge=0, le=10_000_000)]
    currency: Annotated[str, text(3, 3)]
    merchant_category: Annotated[str, text(1, 32)]
    channel: Annotated[str, text(1, 32)]
    country: Annotated[str, text(2, 2)]
    distance_km: Annotated[float, Field(ge=0, le=50_000)] | None
    device_age_days: Annotated[float, Field(ge=0, le=20_000)] | None
    minutes_since_last: Annotated[float, Field(ge=0, le=10_000_000)] | None
    cardholder_name: Annotated[str, text(1, 128)]

    def inputs(self) -> dict[str, Any]:
        """What model, drift monitor and input digest may see."""
        return {name: getattr(self, name) for name in INPUTS}


INPUTS = ("amount", "distance_km", "device_age_days", "minutes_since_last", "merchant_category", "channel", "country", "currency")


class Feedback(Strict):
    """Body of POST /feedback."""

    transaction_id: Annotated[str, text(1, 64)]
    label: Annotated[int, Field(ge=0, le=1)]  # a Literal would take true, since true == 1


class History(Strict):
    """The feature store's answer, as far as the model needs it."""

    customer_id: str
    avg_amount_30d: Annotated[float, Field(ge=0, le=10_000_000)]
    tx_count_24h: Annotated[int, Field(ge=0, le=100_000)]
    chargebacks_90d: Annotated[int, Field(ge=0, le=100_000)]
    account_age_days: Annotated[int, Field(ge=0, le=40_000)]

    def values(self) -> dict[str, float]:
        return {name: float(getattr(self, name)) for name in HISTORY}


HISTORY = ("avg_amount_30d", "tx_count_24h", "chargebacks_90d", "account_age_days")
Body = TypeVar("Body", bound=Strict)


class Refused(Exception):
    """A request that gets no prediction: HTTP status and a reason fit for sender and log, and each field that is to blame."""

    def __init__(self, status: int, reason: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.fields = status, reason, fields or {}


def parse(kind: type[Body], body: bytes) -> Body:
    """The checked body. Raises Refused with 400 (no JSON) or 422 (other types or ranges); reasons never quote what was sent."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)
        if found[0]["type"] == "json_invalid":
            raise Refused(400, "body is not valid JSON") from None
        fields = {".".join(map(str, item["loc"])) or "body": item["msg"] for item in found}
        raise Refused(422, "; ".join(f"{name}: {message}" for name, message in fields.items()), fields) from None
