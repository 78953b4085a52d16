import json

import pytest

from app.schema import Feedback, History, Refused, Transaction, parse


def test_a_valid_transaction_is_taken_and_unknown_keys_are_ignored(transaction):
    parsed = parse(Transaction, json.dumps(transaction | {"surprise": [1]}).encode())
    assert parsed.inputs()["amount"] == transaction["amount"]
    assert transaction["cardholder_name"] not in str(parsed.inputs())


@pytest.mark.parametrize("field", list(Transaction.model_fields))
def test_every_field_is_required_and_typed(transaction, field):
    for broken in ({k: v for k, v in transaction.items() if k != field}, transaction | {field: ["x"]}, transaction | {field: True}):
        with pytest.raises(Refused) as caught:
            parse(Transaction, json.dumps(broken).encode())
        assert caught.value.status == 422
        assert field in caught.value.reason


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff", b'{"x":' + b"[" * 50_000, b'{"a":' * 9_000, b'{"amount": NaN}', b'{"amount": -Infinity}', b"[]", b"null", b'"x"',
     b'{"transaction_id": "\xff"}'],
)
def test_bodies_that_are_no_json_object_are_refused_with_a_reason(raw):
    with pytest.raises(Refused) as caught:
        parse(Transaction, raw)
    assert caught.value.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", -1), ("amount", 1e8), ("amount", 10**400), ("amount", "12"), ("amount", None), ("distance_km", 60_000),
     ("timestamp", "2026-02-30T00:00:00Z"), ("timestamp", "2026-02-03T00:00:00"), ("transaction_id", "\ud800"), ("transaction_id", ""),
     ("country", "DEU")],
)
def test_values_outside_the_contract_are_refused(transaction, field, value):
    with pytest.raises(Refused):
        parse(Transaction, json.dumps(transaction | {field: value}).encode())


def test_a_reason_never_quotes_a_name(transaction):
    with pytest.raises(Refused) as caught:
        parse(Transaction, json.dumps(transaction | {"cardholder_name": "Ada " * 50}).encode())
    assert "Ada" not in caught.value.reason


def test_feedback_takes_only_zero_and_one():
    assert parse(Feedback, b'{"transaction_id": "t", "label": 1}').label == 1
    for label in (b"2", b"true", b'"1"', b"null"):
        with pytest.raises(Refused):
            parse(Feedback, b'{"transaction_id": "t", "label": %s}' % label)


def test_the_feature_store_is_not_trusted(history):
    good = {"customer_id": "c", **history}
    assert parse(History, json.dumps(good).encode()).values() == {name: float(value) for name, value in history.items()}
    for broken in ({"tx_count_24h": None}, {"tx_count_24h": float("nan")}, {"avg_amount_30d": -1}, {"account_age_days": "9"}):
        with pytest.raises(Refused):
            parse(History, json.dumps(good | broken).encode())
