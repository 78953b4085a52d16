"""The port of a run: drawn, repeatable, and nobody's default."""

from __future__ import annotations

from challenges.loader import load
from harness.port import PORTS, draw
from harness.seeds import Seeds

KEY = b"k" * 16


def test_submissions_get_different_ports_and_the_same_one_again() -> None:
    drawn = [draw(Seeds(KEY, f"commit-{i}", 1)) for i in range(200)]
    assert len(set(drawn)) > 150
    assert drawn == [draw(Seeds(KEY, f"commit-{i}", 1)) for i in range(200)]
    assert draw(Seeds(KEY, "commit-0", 2)) != draw(Seeds(KEY, "commit-0", 1))


def test_a_port_may_be_taken_by_any_user_and_is_not_what_a_starter_or_a_framework_writes_down() -> None:
    assert min(PORTS) >= 1024 and max(PORTS) < 32768
    assert load("fraud-scoring").spec.contract.port not in PORTS
    assert not {3000, 5000, 8000, 8080, 8090, 8501, 8888, 9090} & set(PORTS)
