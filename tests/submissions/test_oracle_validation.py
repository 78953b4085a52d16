"""Whatever bytes arrive, the oracle's validation either takes them or refuses them with a 4xx and a reason."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from challenges import loader
from challenges.simulator import Simulator
from harness.faults import malformed

SAMPLE: dict[str, Any] = loader.load("fraud-scoring").samples[0]
QUICK = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def judge(oracle: SimpleNamespace, raw: bytes) -> dict[str, Any] | None:
    """The parsed transaction, or None after a proper refusal; any other exception would have been a 500."""
    try:
        parsed: dict[str, Any] = oracle.schema.transaction(raw)
    except oracle.schema.Invalid as refusal:
        assert 400 <= refusal.status < 500
        assert refusal.reason
        json.dumps(refusal.reason).encode()
        return None
    return parsed


@QUICK
@given(st.binary(max_size=300))
@example(b"[" * 60_000)
@example(b'{"a":' * 12_000)
@example(b"9" * 60_000)
@example(b"\xef\xbb\xbf{}")
def test_arbitrary_bytes_never_break_it(oracle: SimpleNamespace, raw: bytes) -> None:
    judge(oracle, raw)


@QUICK
@given(st.sampled_from(sorted(SAMPLE)), VALUES)
def test_any_json_value_in_any_field_is_scored_or_refused(oracle: SimpleNamespace, field: str, value: Any) -> None:
    parsed = judge(oracle, json.dumps({**SAMPLE, field: value}).encode())
    if parsed is not None:
        score = oracle.shipped.fallback.probability(oracle.shipped.fallback.encode(parsed, None))
        assert 0 <= score <= 1
        json.dumps(parsed, ensure_ascii=False).encode()  # what was let in can be written out again


def test_every_row_of_the_simulator_is_taken(oracle: SimpleNamespace, simulator: Simulator) -> None:
    for row in simulator.stream(2_000, 42_000):
        assert judge(oracle, json.dumps(row.request).encode()) is not None


def test_it_treats_every_drawn_input_as_the_contract_says(oracle: SimpleNamespace, simulator: Simulator) -> None:
    """Over many seeds, so that no submission meets an expectation that its neighbour would not."""
    schema, samples = loader.load("fraud-scoring").request_schema, [row.request for row in simulator.stream(200, 11)]
    for seed in range(40):
        for case in malformed.cases(schema, samples, seed):
            taken = judge(oracle, case.body) is not None
            assert case.expected == "either" or taken == (case.expected == "scored"), (seed, case.name, case.shows)
