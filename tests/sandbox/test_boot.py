"""Watching a candidate come up: what is recorded, and which cause a failed start has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from grader.schema.challenge import Challenge
from harness.sandbox import boot as boot_module
from harness.sandbox.boot import SETTLE_S, StartFailed, watch
from harness.sandbox.container import Candidate

pytestmark = pytest.mark.engine

Start = Callable[..., Candidate]


@dataclass
class Row:
    request: dict[str, object] = field(default_factory=lambda: {"transaction_id": "boot"})


def violations(answer: object) -> list[str]:
    return [] if isinstance(answer, dict) and "score" in answer else ["no score"]


def test_a_good_start_is_recorded_with_its_times(start: Start, challenge: Challenge) -> None:
    called: list[bool] = []
    candidate = start(READY_AFTER_S="0.5")
    boot = watch(candidate, challenge.contract, [Row()], 10, violations, meanwhile=lambda: called.append(True))
    assert boot.first_health_s is not None and boot.first_ready_s is not None and boot.first_prediction_s is not None
    assert boot.first_health_s < 0.5 + boot.first_health_s <= boot.first_ready_s + 0.2
    assert boot.first_ready_s <= boot.first_prediction_s
    assert (boot.ready_before_prediction, boot.health_status, boot.ready_status, boot.exit_code) == (0, 200, 200, None)
    assert boot.listening_ports == [challenge.contract.port]
    assert boot.uids == [1234]
    assert boot.idle_memory_bytes and boot.idle_memory_bytes > 1 << 20
    assert boot.log_tail.strip() == "starting red"
    assert called == [True]


def test_ready_before_it_can_predict_is_counted(start: Start, challenge: Challenge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot_module, "SETTLE_S", 0.3)
    boot = watch(start(PREDICT_AFTER_S="1"), challenge.contract, [Row()], 10, violations)
    assert boot.ready_before_prediction > 3
    assert boot.first_prediction_s is not None


@pytest.mark.parametrize(
    ("mode", "cause", "says"),
    [
        ("exits", "start_exited", "exit code 0"),
        ("crash_loop", "start_exited", "exit code 7"),
        ("dies_after_listening", "start_exited", "exit code 3"),
        ("not_http", "not_http", ""),
        ("never_ready", "not_ready", "503"),
        ("wrong_port", "start_timeout", "9999"),
    ],
)
def test_a_failed_start_names_its_cause_and_keeps_what_was_seen(start: Start, challenge: Challenge, mode: str, cause: str, says: str) -> None:
    # One that dies after listening must die for good within the look that follows, so it restarts too often.
    with pytest.raises(StartFailed) as failed:
        watch(start(mode), challenge.contract, [Row()], 2.0, violations)
    assert failed.value.cause == cause
    assert says in failed.value.detail
    assert "starting red" in failed.value.partial.log_tail


def test_the_second_look_comes_late_enough() -> None:
    assert 3 <= SETTLE_S <= 5
