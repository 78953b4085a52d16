import json

import pytest

from fraud import schema


def test_a_valid_transaction_is_taken_and_unknown_keys_are_dropped(transaction):
    parsed = schema.transaction(json.dumps(transaction | {"surprise": [1]}).encode())
    assert parsed == {name: transaction[name] for name in schema.TRANSACTION}


@pytest.mark.parametrize("field", list(schema.TRANSACTION))
def test_every_field_is_required_and_typed(transaction, field):
    for broken in ({k: v for k, v in transaction.items() if k != field}, transaction | {field: ["x"]}, transaction | {field: True}):
        with pytest.raises(schema.Invalid) as caught:
            schema.transaction(json.dumps(broken).encode())
        assert caught.value.field == field
        assert caught.value.status == 422


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff", b"[" * 50_000, b'{"a":' * 9_000, b'{"amount": NaN}', b'{"amount": -Infinity}', b"9" * 5_000, b"[]", b"null", b'"x"'],
)
def test_bodies_that_are_no_json_object_are_refused_with_a_reason(raw):
    with pytest.raises(schema.Invalid) as caught:
        schema.transaction(raw)
    assert caught.value.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", -1), ("amount", 1e8), ("amount", 10**400), ("amount", None), ("distance_km", 60_000), ("timestamp", "2026-02-30T00:00:00Z"),
     ("timestamp", "2026-02-03T00:00:00"), ("transaction_id", "\ud800"), ("transaction_id", ""), ("country", "DEU")],
)
def test_values_outside_the_contract_are_refused(transaction, field, value):
    with pytest.raises(schema.Invalid):
        schema.transaction(json.dumps(transaction | {field: value}).encode())


def test_feedback_takes_only_zero_and_one():
    assert schema.feedback(b'{"transaction_id": "t", "label": 1}') == ("t", 1)
    for label in (b"2", b"true", b'"1"', b"null"):
        with pytest.raises(schema.Invalid):
            schema.feedback(b'{"transaction_id": "t", "label": %s}' % label)
