"""The load stage on loopback: windows in order, gapless stretches, reruns of void ones."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row
from grader.schema.challenge import LoadWindowPlan
from grader.schema.evidence import ControlReading
from harness.host import core_times
from harness.load import stage
from harness.load.generator import LoadGenerator
from harness.load.supply import requests
from harness.load.trace import Trace
from harness.sandbox.usage import Usage
from harness.seeds import Seeds

from .servers import always, answer, prediction, serving

PLANS = [
    LoadWindowPlan(name="warmup", arrivals="constant", rate_factor=0.5, seconds=0.4),
    LoadWindowPlan(name="steady", arrivals="poisson", rate_factor=1.0, seconds=0.6),
]
GAPLESS = [
    LoadWindowPlan(name="spike", arrivals="poisson", rate_factor=3.0, seconds=1.0),
    LoadWindowPlan(name="recovery", arrivals="poisson", rate_factor=1.0, seconds=1.0, gapless=True),
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
        return Usage(cpu, 0.0, 0, 1000, time.monotonic(), open_files=7, log_bytes=0, engine_cpu_s=0.0)


@pytest.fixture
def port() -> Iterator[int]:
    with serving(always(lambda body: answer(prediction(body)))) as port:
        yield port


Seen = list[tuple[str, Trace | None]]


def make(
    generator: LoadGenerator, challenge: LoadedChallenge, service: Service, seen: Seen, control: stage.ControlHook | None = None
) -> stage.Stage:
    return stage.Stage(
        generator, service, challenge.spec.contract, challenge.spec.reality, Seeds(b"k" * 16, "commit", 1), [0], time.monotonic(),
        before=lambda name: seen.append((name, None)), after=lambda name, trace: seen.append((name, trace)), control=control,
    )  # fmt: skip


def test_windows_run_in_order_with_hooks_around_them(
    generator: LoadGenerator, challenge: LoadedChallenge, rows: list[Row], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "RERUNS", 0)
    seen: Seen = []
    evidence = stage.collect(make(generator, challenge, Service(port), seen), PLANS, requests(rows, "transaction_id"))
    assert [window.name for window in evidence.windows] == ["warmup", "steady"]
    assert [name for name, _ in seen] == ["warmup", "warmup", "steady", "steady"]
    for window in evidence.windows:
        assert window.ok == window.sent == window.scheduled > 0
        assert window.alike_share == 1.0, "this server gives everybody the same score"
        assert window.resources is not None and window.resources.memory_peak_bytes == 1000
        assert window.resources.open_files_peak == 7
    assert evidence.windows[0].start_s < evidence.windows[1].start_s
    assert evidence.windows[0].seed_digest != evidence.windows[1].seed_digest


def test_a_gapless_window_follows_in_the_same_schedule(
    generator: LoadGenerator, challenge: LoadedChallenge, rows: list[Row], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "RERUNS", 0)
    seen: Seen = []
    evidence = stage.collect(make(generator, challenge, Service(port), seen), GAPLESS, requests(rows, "transaction_id"))
    spike, recovery = evidence.windows
    assert [name for name, _ in seen] == ["spike", "recovery", "spike", "recovery"], "both are announced before, both are told of after"
    assert recovery.start_s == pytest.approx(spike.start_s + 1.0, abs=1e-6)
    assert 200 < spike.sent < 400 and 50 < recovery.sent < 150
    assert sum(b.sent for b in recovery.bins) == recovery.sent and len(recovery.bins) == 10
    assert all(b.sent for b in recovery.bins[:2]), "its first bins are its own and not the spike's"
    assert sum(sample.requests for sample in (spike.resources.samples[-1], recovery.resources.samples[-1])) > 0  # type: ignore[union-attr]


def test_a_void_window_is_sent_again_twice_and_then_kept_as_void(
    generator: LoadGenerator, challenge: LoadedChallenge, rows: list[Row], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.load.watch.shares", lambda before, after, cpu: (0.5, 0.0))
    seen: Seen = []
    evidence = stage.collect(make(generator, challenge, Service(port, honest=False), seen), PLANS[:1], requests(rows, "transaction_id"))
    assert [window.attempts for window in evidence.voided] == [1, 2]
    assert evidence.windows[0].attempts == 3
    assert evidence.windows[0].void is not None and evidence.windows[0].void.startswith("host noisy")
    ids = [name for _, trace in seen if trace for name in trace.ids]
    assert len(set(ids)) == len(ids) == 60


def reading(moment: str, rate: float) -> ControlReading:
    return ControlReading(moment=moment, at_s=0, n=1000, rate_rps=rate, p50_ms=0.2, p99_ms=0.5, cpu_ms_per_request=0.1)


@pytest.mark.parametrize(
    ("rates", "passes", "void"), [((100, 95), 1, False), ((100, 80, 82), 2, False), ((100, 80, 60), 2, True), ((100, 52, 51), 2, True)]
)
def test_a_host_that_changed_under_us_costs_one_more_pass_and_then_the_windows(
    generator: LoadGenerator, challenge: LoadedChallenge, rows: list[Row], port: int, monkeypatch: pytest.MonkeyPatch,
    rates: Sequence[float], passes: int, void: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(stage, "RERUNS", 0)
    monkeypatch.setattr("harness.load.watch.shares", lambda before, after, cpu: (0.0, 0.0))
    left = iter(rates)
    made = make(generator, challenge, Service(port), [], control=lambda moment: reading(moment, next(left)))
    evidence = stage.collect(made, PLANS[:1], requests(rows, "transaction_id"))
    assert len(evidence.control) == passes + 1
    assert len(evidence.voided) == passes - 1
    assert all(window.void and window.void.startswith("host unsteady") for window in evidence.voided)
    assert (evidence.windows[0].void is not None) == void


def test_a_ramp_is_described_by_both_of_its_rates(
    generator: LoadGenerator, challenge: LoadedChallenge, rows: list[Row], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "RERUNS", 0)
    plan = LoadWindowPlan(name="ramp", arrivals="ramp", rate_factor=4.0, rate_factor_from=0.2, seconds=1.0)
    evidence = stage.collect(make(generator, challenge, Service(port), []), [plan], requests(rows, "transaction_id"))
    ramp = evidence.windows[0]
    assert (ramp.rate_from_rps, ramp.rate_rps) == (20, 400)
    assert sum(b.sent for b in ramp.bins[:3]) < sum(b.sent for b in ramp.bins[7:])


def test_scores_under_load_are_set_against_the_truth_of_their_own_requests(
    generator: LoadGenerator, challenge: LoadedChallenge, rows: list[Row], port: int
) -> None:
    truth = {str(row.request["transaction_id"]): row.probability for row in rows}
    made = make(generator, challenge, Service(port), [])
    plan = PLANS[0].model_copy(update={"seconds": 1.0})
    blind = stage.collect(made, [plan], requests(rows, "transaction_id")).windows[0]
    told = stage.collect(replace(made, truth=truth.get), [plan], requests(rows, "transaction_id")).windows[0]
    assert told.ok >= 40 and told.rank_correlation == 0.0, "its service gives everybody the same score"
    assert blind.ok >= 40 and blind.rank_correlation is None
