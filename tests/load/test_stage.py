"""The load stage on loopback: windows in order, reruns of void ones, ids that are never sent twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import pytest

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row
from grader.schema.challenge import LoadWindowPlan
from harness.host import CoreTimes, core_times
from harness.load import stage
from harness.load.generator import LoadGenerator
from harness.load.trace import Trace
from harness.sandbox.usage import Usage
from harness.seeds import Seeds

from .servers import always, answer, prediction, serving

PLANS = [
    LoadWindowPlan(name="warmup", arrivals="constant", rate_factor=0.5, seconds=0.4),
    LoadWindowPlan(name="steady", arrivals="poisson", rate_factor=1.0, seconds=0.6),
]


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(scope="module")
def rows(challenge: LoadedChallenge) -> list[Row]:
    return challenge.simulator().stream(120, 3)


@dataclass
class Service:
    """A target that claims all the CPU time of the machine as its own (`honest`), or none."""

    port: int
    honest: bool = True
    ip: str = "127.0.0.1"
    start: float = field(default_factory=time.monotonic)

    def usage(self) -> Usage:
        cpu = core_times([0, 1]).busy_s + 10 * (time.monotonic() - self.start) if self.honest else 0.0
        return Usage(cpu, 0.0, 0, 1000, time.monotonic())


@pytest.fixture
def port() -> Iterator[int]:
    with serving(always(lambda body: answer(prediction(body)))) as port:
        yield port


def make(generator: LoadGenerator, challenge: LoadedChallenge, service: Service, seen: list[tuple[str, Trace | None]]) -> stage.Stage:
    return stage.Stage(
        generator, service, challenge.spec.contract, challenge.spec.reality, Seeds(b"k" * 16, "commit", 1), [0], time.monotonic(),
        before=lambda name: seen.append((name, None)), after=lambda name, trace: seen.append((name, trace)),
    )  # fmt: skip


def test_windows_run_in_order_with_hooks_around_them(
    generator: LoadGenerator, challenge: LoadedChallenge, rows: list[Row], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "RERUNS", 0)
    seen: list[tuple[str, Trace | None]] = []
    evidence = stage.collect(make(generator, challenge, Service(port), seen), PLANS, rows)
    assert [window.name for window in evidence.windows] == ["warmup", "steady"]
    assert [name for name, _ in seen] == ["warmup", "warmup", "steady", "steady"]
    for window in evidence.windows:
        assert window.ok == window.sent == window.scheduled > 0
        assert window.resources is not None and window.resources.memory_peak_bytes == 1000
    assert evidence.windows[0].start_s < evidence.windows[1].start_s
    assert evidence.windows[0].seed_digest != evidence.windows[1].seed_digest


def test_a_void_window_is_sent_again_twice_and_then_kept_as_void(
    generator: LoadGenerator, challenge: LoadedChallenge, rows: list[Row], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.load.stage.shares", lambda before, after, cpu: (0.5, 0.0))
    seen: list[tuple[str, Trace | None]] = []
    evidence = stage.collect(make(generator, challenge, Service(port, honest=False), seen), PLANS[:1], rows)
    assert [window.attempts for window in evidence.voided] == [1, 2]
    assert evidence.windows[0].attempts == 3
    assert evidence.windows[0].void is not None and evidence.windows[0].void.startswith("host noisy")
    ids = [name for _, trace in seen if trace for name in trace.ids]
    assert len(set(ids)) == len(ids) == 60


def test_rows_repeat_under_new_ids(rows: list[Row]) -> None:
    ids = [name for name, _ in islice(stage.requests(rows, "transaction_id"), 3 * len(rows))]
    assert len(set(ids)) == len(ids)
    assert ids[: len(rows)] == [row.request["transaction_id"] for row in rows]
    assert all(len(name) <= 64 for name in ids)


def test_more_rows_are_asked_for_than_a_schedule_ever_sends(challenge: LoadedChallenge) -> None:
    assert stage.rows_needed(PLANS, challenge.spec.reality) >= 20 + 60 + 24


def test_accounting_that_went_backwards_is_no_accounting() -> None:
    before, after = Usage(5.0, 0, 0, 1, 0.0), Usage(1.0, 0, 0, 1, 1.0)
    times = core_times([0])
    assert stage.resource_use([before, after], times, times) is None


def test_a_process_that_died_in_a_window_does_not_make_the_host_noisy() -> None:
    before, after = CoreTimes(0.0, 0.0, 0.0, 1), CoreTimes(3.0, 0.0, 3.0, 1)  # the core was busy all along
    alive, dead = Usage(0.0, 0.0, 0, 1, 0.0, pid=7), Usage(1.0, 0.0, 0, 0, 3.0, pid=0)
    died = stage.resource_use([alive, dead], before, after)
    lived = stage.resource_use([alive, replace(dead, pid=7)], before, after)
    assert died is not None and died.others_core_share == 0.0
    assert lived is not None and lived.others_core_share > 0.6
