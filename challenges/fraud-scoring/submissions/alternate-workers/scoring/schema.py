"""The bodies that are taken, as types: msgspec checks them while it parses, and words the reason."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
Amount = Annotated[float, Meta(ge=0, le=10_000_000)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Category = Annotated[str, Meta(min_length=1, max_length=32)]


class Transaction(msgspec.Struct, gc=False):
    """Body of POST /predict; unknown keys are ignored. `cardholder_name` is checked and goes nowhere."""

    transaction_id: Id
    customer_id: Id
    merchant_id: Id
    timestamp: Annotated[datetime, Meta(tz=True)]
    amount: Amount
    currency: Annotated[str, Meta(min_length=3, max_length=3)]
    merchant_category: Category
    channel: Category
    country: Annotated[str, Meta(min_length=2, max_length=2)]
    distance_km: Annotated[float, Meta(ge=0, le=50_000)] | None
    device_age_days: Annotated[float, Meta(ge=0, le=20_000)] | None
    minutes_since_last: Annotated[float, Meta(ge=0, le=10_000_000)] | None
    cardholder_name: Annotated[str, Meta(min_length=1, max_length=128)]

    def inputs(self) -> dict[str, object]:
        """What model, drift monitor and input digest may see."""
        return {name: getattr(self, name) for name in INPUTS}


INPUTS = ("amount", "distance_km", "device_age_days", "minutes_since_last", "merchant_category", "channel", "country", "currency")


class Feedback(msgspec.Struct, gc=False):
    """Body of POST /feedback."""

    transaction_id: Id
    label: Literal[0, 1]


class History(msgspec.Struct, gc=False):
    """The feature store's answer, as far as the model needs it."""

    customer_id: Id
    avg_amount_30d: Amount
    tx_count_24h: Annotated[int, Meta(ge=0, le=100_000)]
    chargebacks_90d: Annotated[int, Meta(ge=0, le=100_000)]
    account_age_days: Annotated[int, Meta(ge=0, le=40_000)]

    def values(self) -> dict[str, float]:
        return {name: float(getattr(self, name)) for name in HISTORY}


HISTORY = ("avg_amount_30d", "tx_count_24h", "chargebacks_90d", "account_age_days")


class Refused(Exception):
    """A request that is not answered with a prediction: HTTP status and a reason fit for sender and log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


_decoders = {kind: msgspec.json.Decoder(kind) for kind in (Transaction, Feedback, History)}


def parse(kind: type[T], body: bytes | bytearray) -> T:
    """The checked body. Raises Refused with 400 (no JSON) or 422 (other types or ranges)."""
    try:
        return _decoders[kind].decode(body)
    except msgspec.ValidationError as error:
        raise Refused(422, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # a UnicodeDecodeError quotes the bytes, which may be a name
        raise Refused(400, str(error) if isinstance(error, msgspec.DecodeError) else "text is not UTF-8") from None
    except RecursionError:
        raise Refused(400, "JSON is nested too deeply") from None
