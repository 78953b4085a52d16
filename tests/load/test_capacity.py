"""The capacity search on loopback: services whose capacity is known because they wait and do not compute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from challenges.loader import LoadedChallenge, load
from grader.schema.challenge import StressPlan
from grader.schema.evidence import Capacity, CapacityTrial
from harness.load import capacity, stress
from harness.load.generator import LoadGenerator
from harness.load.stage import Stage
from harness.load.supply import requests
from harness.sandbox.usage import Usage
from harness.seeds import Seeds

from .servers import Handler, always, answer, prediction, serving

SHORT = StressPlan(burst_s=0.3, trial_s=0.8, confirm_s=1.0, search_s=14, highest_factor=10, overload_s=0, soak_s=0)


class Idle:
    """A target that uses no CPU; what its core does otherwise is nobody's business here."""

    ip = "127.0.0.1"

    def __init__(self, port: int) -> None:
        self.port = port

    def usage(self) -> Usage:
        return Usage(0.0, 0.0, 0, 1000, time.monotonic())


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """These services run on no core of their own, so that others' work on it says nothing."""
    monkeypatch.setattr("harness.load.watch.shares", lambda before, after, cpu: (0.0, 0.0))


@contextmanager
def target(generator: LoadGenerator, challenge: LoadedChallenge, handler: Handler) -> Iterator[Callable[[StressPlan], Capacity]]:
    supply = requests(challenge.simulator().stream(200, 3), "transaction_id")
    with serving(handler) as port:
        spec = challenge.spec
        made = Stage(generator, Idle(port), spec.contract, spec.reality, Seeds(b"k" * 16, "commit", 1), [0], time.monotonic())
        yield lambda plan: capacity.search(made, plan, supply)


def takes_turns(seconds: float, places: int = 1) -> Handler:
    """Serves so many requests at once, each for so long; the others wait."""
    turn = threading.Semaphore(places)

    def reply(body: bytes) -> bytes:
        with turn:
            time.sleep(seconds)
        return answer(prediction(body))

    return always(reply)


def test_one_at_a_time_is_found_as_such(generator: LoadGenerator, challenge: LoadedChallenge) -> None:
    with target(generator, challenge, takes_turns(0.01)) as search:
        found = search(SHORT)
    assert found.void is None and found.limited_by == "service"
    assert 85 <= found.saturation_rps <= 105 and found.parallelism == pytest.approx(1.0, abs=0.15)
    assert found.rate_rps is not None and 50 <= found.rate_rps <= 100
    assert found.failed_rps is not None and found.rate_rps < found.failed_rps
    assert any(trial.phase == "confirm" and trial.held and trial.rate_rps == pytest.approx(found.rate_rps, abs=0.1) for trial in found.trials)
    assert found.seconds <= SHORT.search_s + 6


def test_four_at_a_time_are_told_from_one(generator: LoadGenerator, challenge: LoadedChallenge) -> None:
    with target(generator, challenge, takes_turns(0.02, places=4)) as search:
        found = search(SHORT)
    assert found.parallelism == pytest.approx(4.0, abs=0.6)
    assert found.rate_rps is not None and 120 <= found.rate_rps <= 196


def test_a_service_that_is_faster_than_anybody_asks_is_not_called_limited(generator: LoadGenerator, challenge: LoadedChallenge) -> None:
    with target(generator, challenge, always(lambda body: answer(prediction(body)))) as search:
        found = search(SHORT.model_copy(update={"highest_factor": 2.0}))
    assert found.limited_by == "highest_rate" and found.failed_rps is None
    assert found.rate_rps == pytest.approx(190.0) and found.void is None


@pytest.mark.parametrize("reply", ["500 No", "503 Busy"])
def test_a_service_that_never_predicts_has_no_capacity(generator: LoadGenerator, challenge: LoadedChallenge, reply: str) -> None:
    with target(generator, challenge, always(lambda body: answer(b"{}", reply))) as search:
        found = search(SHORT)
    assert (found.rate_rps, found.saturation_rps, found.limited_by, found.void) == (None, 0.0, "service", None)
    assert found.seconds < 5


def test_a_service_that_is_always_late_saturates_and_holds_nothing(generator: LoadGenerator, challenge: LoadedChallenge) -> None:
    def late(body: bytes) -> bytes:
        time.sleep(0.15)  # the target is 100 ms
        return answer(prediction(body))

    with target(generator, challenge, always(late)) as search:
        found = search(SHORT)
    assert found.rate_rps is None and found.saturation_rps > 50 and found.limited_by == "service"
    assert found.void is None, "its own doing"


def test_a_search_in_which_every_trial_is_spoilt_says_nothing(
    generator: LoadGenerator, challenge: LoadedChallenge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.load.watch.shares", lambda before, after, cpu: (0.4, 0.0))
    with target(generator, challenge, takes_turns(0.01)) as search:
        found = search(SHORT)
    assert found.void is not None and found.void.startswith("host noisy")
    assert found.rate_rps is None and all(trial.held is None for trial in found.trials)


def test_rates_of_overload_and_soak_follow_from_the_capacity(challenge: LoadedChallenge, generator: LoadGenerator) -> None:
    spec = challenge.spec
    made = Stage(generator, Idle(1), spec.contract, spec.reality, Seeds(b"k" * 16, "commit", 1), [0], time.monotonic())
    plan = StressPlan(overload_factor=2, overload_s=4, soak_factor=3, soak_share=0.5, soak_s=10)

    def rates(rate: float | None, saturation: float) -> dict[str, float]:
        found = Capacity(
            rate_rps=rate, failed_rps=None, saturation_rps=saturation, parallelism=None, limited_by="service", highest_rps=5000,
            cpu_ms_per_request=None, bursts=[], trials=[], seconds=1,
        )  # fmt: skip
        return {segment.name: segment.rate_rps for stretch in stress.stretches(made, plan, found) for segment in stretch}

    assert rates(400, 420) == {"approach": 320, "overload": 840, "relief": 100, "soak": 200}
    assert rates(2000, 2100) == {"approach": 1600, "overload": 3100, "relief": 100, "soak": 300}, "by 1000/s at most"
    assert rates(100, 110) == {"approach": 80, "overload": 220, "relief": 50, "soak": 50}
    assert rates(150, 230) == {"approach": 120, "overload": 460, "relief": 75, "soak": 75}, "late answers use what the service has, too"
    assert rates(110, 100)["overload"] == 220, "what was confirmed is answered as well"
    assert rates(3000, 5100)["overload"] == 6000, "no more than the generator sends in time"
    assert rates(None, 60) == {"approach": 48, "overload": 120, "relief": 30, "soak": 30}, "without a capacity, what it saturates at is exceeded"
    assert rates(5500, 5800) == {"soak": 300}, "what cannot be exceeded by much is not called overload"
    assert rates(None, 0) == {"soak": 50}


def test_a_service_that_is_gone_for_good_ends_the_search(generator: LoadGenerator, challenge: LoadedChallenge) -> None:
    spec, begin = challenge.spec, time.monotonic()
    supply = requests(challenge.simulator().stream(200, 3), "transaction_id")
    with serving(takes_turns(0.01)) as port:
        made = Stage(generator, Idle(port), spec.contract, spec.reality, Seeds(b"k" * 16, "commit", 1), [0], begin)
        stops = threading.Timer(2.0, lambda: setattr(made.candidate, "port", 1))
        stops.start()
        found = capacity.search(made, SHORT, supply)
    assert found.saturation_rps > 50 and found.void is None
    assert found.rate_rps is None and any(trial.held is False for trial in found.trials)
    assert found.seconds < 25, "two silences of six seconds each, and nothing after them"


def test_a_service_that_is_away_for_a_moment_is_searched_on(generator: LoadGenerator, challenge: LoadedChallenge) -> None:
    spec, begin = challenge.spec, time.monotonic()
    supply = requests(challenge.simulator().stream(200, 3), "transaction_id")
    with serving(takes_turns(0.01)) as port:
        made = Stage(generator, Idle(port), spec.contract, spec.reality, Seeds(b"k" * 16, "commit", 1), [0], begin)
        away = [threading.Timer(2.0, lambda: setattr(made.candidate, "port", 1)), threading.Timer(6.0, lambda: setattr(made.candidate, "port", port))]
        for moment in away:
            moment.start()
        found = capacity.search(made, SHORT.model_copy(update={"search_s": 18}), supply)
    assert found.rate_rps is not None and 50 <= found.rate_rps <= 100


def tried(*trials: tuple[float, bool | None]) -> list[CapacityTrial]:
    """Rates, and whether they held; None for a spoilt trial."""
    return [
        CapacityTrial(
            phase="search", rate_rps=rate, seconds=1, sent=1, over_slo=0, p95_ms=1, p99_ms=1, shed=0, degraded=0, cpu_share=None,
            peak_in_flight=1, aborted=False, void="host noisy: a test" if held is None else None, held=held,
        )
        for rate, held in trials
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("trials", "void"),
    [
        (tried((175, False), (131, None), (98, None)), True),
        (tried((175, False), (131, None), (98, False), (73, False)), False),
        (tried((175, None), (131, False), (98, False)), False),
        (tried((175, None), (175, None)), True),
        (tried((175, False), (131, False)), False),
        ([], False),
    ],
)
def test_no_rate_held_is_said_only_when_nothing_lower_was_spoilt(trials: list[CapacityTrial], void: bool) -> None:
    search = capacity._Search(None, SHORT, iter(()), trials=trials)  # type: ignore[arg-type]
    assert (search._void(None, capacity._Bracket()) is not None) == void
    assert search._void(100.0, capacity._Bracket()) is None
