"""Every way of scaling badly is told apart from a sound service by the check that names it, on a real container, with the number that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import pytest
from checks.builders import judge

from grader.checks.registry import CHECKS
from grader.schema.base import Culprit
from grader.schema.challenge import LoadWindowPlan, StressPlan
from grader.schema.evidence import Capacity, LoadEvidence, LoadWindow, StressEvidence
from grader.schema.result import Finding
from harness.load import capacity, stage, stress
from harness.load.windows import GENERATOR

from .bench import Bench

pytestmark = pytest.mark.engine

TRIES = 3
"""A host that is disturbed makes findings unknown. Then everything is measured again; a test that never knows fails, and says so."""

WARMUP = LoadWindowPlan(name="warmup", arrivals="constant", rate_factor=0.3, seconds=1)
STEADY = LoadWindowPlan(name="steady", arrivals="poisson", rate_factor=1.0, seconds=5)
SPIKE = LoadWindowPlan(name="spike", arrivals="poisson", rate_factor=3.0, seconds=2)
RECOVERY = LoadWindowPlan(name="recovery", arrivals="poisson", rate_factor=1.0, seconds=2, gapless=True)
SLOW_CLIENTS = LoadWindowPlan(name="slow_clients", arrivals="poisson", rate_factor=1.0, seconds=3, slow_clients=32)

SEARCH = StressPlan(burst_s=0.3, trial_s=1, confirm_s=2, search_s=10, overload_s=0, soak_s=0)
WHOLE = SEARCH.model_copy(update={"overload_s": 3, "soak_s": 5})
OVERLOAD = SEARCH.model_copy(update={"overload_s": 5, "overload_factor": 2})
SOAK = SEARCH.model_copy(update={"search_s": 5, "soak_s": 5})
LONG = SEARCH.model_copy(update={"search_s": 15})
"""At 60 requests/s a trial of a second is often lucky, and only a rate that failed says that the service is the limit."""

LOADS = {"good": [WARMUP, STEADY, SPIKE, RECOVERY, SLOW_CLIENTS], "slow_client_victim": [WARMUP, STEADY, SLOW_CLIENTS]}
SHORTEST = SEARCH.model_copy(update={"overload_s": 5, "overload_factor": 1.5})
"""Overload as the quick mode has it."""

STRESSES = {
    "good": WHOLE, "leaks": SOAK, "sheds": OVERLOAD, "queues_forever": OVERLOAD, "queues_forever in quick": SHORTEST, "blocking": LONG,
    "global_lock": LONG,
}  # fmt: skip


@dataclass
class Measured:
    """Evidence of every service, each stage of it once, when a check first asks for it; anew only where the host spoilt it."""

    bench: Bench
    image: str
    loads: dict[str, LoadEvidence] = field(default_factory=dict)
    stresses: dict[str, StressEvidence] = field(default_factory=dict)

    def load(self, mode: str, attempt: int = 1) -> LoadEvidence:
        if mode not in self.loads:
            with self.bench.serving(self.image, MODE=mode.split()[0]) as candidate:
                made = self.bench.stage(candidate, f"{mode}-{attempt}")
                self.loads[mode] = stage.collect(made, LOADS.get(mode, [WARMUP, STEADY]), self.bench.supply())
        return self.loads[mode]

    def stress(self, mode: str, attempt: int = 1) -> StressEvidence:
        if mode not in self.stresses:
            with self.bench.serving(self.image, MODE=mode.split()[0]) as candidate:
                made = self.bench.stage(candidate, f"{mode}-{attempt}")
                self.stresses[mode] = stress.collect(made, STRESSES.get(mode, SEARCH), self.bench.supply())
        return self.stresses[mode]

    def finding(self, mode: str, check: str) -> Finding:
        """What the check says, with the rubric's bars. Fails where a disturbed host let it say nothing, time and again."""
        parts = {"load": self.load, "stress": self.stress}
        used = {name: part for name, part in parts.items() if name in CHECKS[check].inputs.values()}
        for attempt in range(1, TRIES + 1):
            found = judge(check, **{name: part(mode, attempt) for name, part in used.items()})
            if found.level is not None:
                return found
            assert found.culprit in (Culprit.HOST, Culprit.GRADER), found
            self.loads.pop(mode, None)
            self.stresses.pop(mode, None)
        pytest.fail(f"{check} of {mode} could not be measured in {TRIES} tries, for reasons of this host: {found.observed}", pytrace=False)

    def capacity(self, mode: str) -> Capacity:
        found = self.stress(mode).capacity
        assert found is not None
        return found

    def window(self, mode: str, name: str) -> LoadWindow:
        found = self.load(mode).window(name)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def measured(bench: Bench, service: str) -> Measured:
    return Measured(bench, service)


def cpu_shares(capacity: Capacity) -> list[float]:
    return [step.cpu_share for step in capacity.bursts if step.cpu_share is not None]


@pytest.mark.parametrize(
    ("check", "best"),
    [
        ("latency_slo", "proven"), ("error_rate", "clean"), ("spike_survival", "stands"), ("spike_recovery", "prompt"),
        ("slow_client_isolation", "apart"), ("informative_answers", "varied"), ("memory_headroom", "roomy"), ("memory_stability", "flat"),
        ("cpu_headroom", "spike"), ("slo_capacity", "spike"), ("serialisation", "busy"), ("overload_shedding", "sheds"),
    ],
)  # fmt: skip
def test_a_sound_service_reaches_the_best_level_of_every_check(measured: Measured, check: str, best: str) -> None:
    found = measured.finding("good", check)
    assert found.level == best, found.observed


def test_a_sound_service_uses_its_cpu_and_refuses_the_rest_of_an_overload(measured: Measured) -> None:
    measured.finding("good", "overload_shedding")
    capacity, overload = measured.capacity("good"), measured.stress("good").overload
    assert 500 < capacity.saturation_rps < 1000, "a millisecond of CPU time each, and what HTTP costs"
    assert max(cpu_shares(capacity)) > 0.9
    assert capacity.cpu_ms_per_request is not None and 1.0 < capacity.cpu_ms_per_request < 1.6
    assert overload is not None and overload.errors["shed"] > 0.2 * overload.sent


@pytest.mark.parametrize(
    ("mode", "level", "at_once", "rate"),
    [("blocking", "serial", 1.0, 49.0), ("global_lock", "serial", 1.0, 66.0), ("few_workers", "few_workers", 4.0, 198.0)],
)
def test_waiting_in_line_shows_as_a_limit_at_which_the_cpu_idles(measured: Measured, mode: str, level: str, at_once: float, rate: float) -> None:
    found = measured.finding(mode, "serialisation")
    capacity = measured.capacity(mode)
    assert found.level == level, found.observed
    assert capacity.parallelism == pytest.approx(at_once, rel=0.15)
    assert capacity.saturation_rps == pytest.approx(rate, rel=0.1)
    assert max(cpu_shares(capacity)) < 0.2


def test_a_search_that_ran_out_of_time_is_no_service_without_a_limit(bench: Bench, service: str) -> None:
    """No rate failed in the time there was; that is not to say that the highest rate was reached."""
    with bench.serving(service, MODE="global_lock") as candidate:
        found = stress.collect(bench.stage(candidate), SEARCH.model_copy(update={"search_s": 4}), bench.supply())
    capacity = found.capacity
    assert capacity is not None and capacity.saturation_rps < 100
    assert capacity.limited_by != "highest_rate"
    assert judge("serialisation", stress=found).level in ("serial", None), "None: a disturbed host"


def test_a_search_without_time_for_a_trial_says_nothing_about_the_rate(bench: Bench, service: str) -> None:
    with bench.serving(service) as candidate:
        found = stress.collect(bench.stage(candidate), SEARCH.model_copy(update={"search_s": 3}), bench.supply())
    assert found.capacity is not None and found.capacity.trials == []
    assert judge("slo_capacity", stress=found, load=LoadEvidence(windows=[], bin_s=0.1)).level is None


def test_one_hiccup_of_the_generator_does_not_make_a_lock_pass(bench: Bench, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = count(1)
    monkeypatch.setattr(capacity, "void_reason", lambda *_: f"{GENERATOR}: a hiccup" if next(trials) == 2 else None)
    with bench.serving(service, MODE="global_lock") as candidate:
        found = stress.collect(bench.stage(candidate), LONG, bench.supply())
    assert found.capacity is not None and found.capacity.saturation_rps < 100
    assert judge("serialisation", stress=found).level in ("serial", None), "None: a disturbed host"


def test_a_leak_shows_as_bytes_per_request(measured: Measured) -> None:
    found = measured.finding("leaks", "memory_stability")
    assert found.level == "leaks", found.observed
    (growth,) = found.measures
    assert growth.value == pytest.approx(10.24, rel=0.2)
    assert growth.low is not None and growth.high is not None and 8.2 < growth.low <= growth.high < 12.3
    assert growth.n is not None and growth.n > 1000


@pytest.mark.parametrize(("mode", "least"), [("constant", 1.0), ("constant_under_load", 0.8)])
def test_one_answer_for_everybody_shows_as_scores_alike(measured: Measured, mode: str, least: float) -> None:
    found = measured.finding(mode, "informative_answers")
    assert found.level == "alike", found.observed
    share = measured.window(mode, "steady").alike_share
    assert share is not None and share >= least


def test_a_constant_under_load_is_none_while_it_is_quiet(measured: Measured) -> None:
    measured.finding("constant_under_load", "informative_answers")
    quiet = measured.window("constant_under_load", "warmup").alike_share
    assert quiet is not None and quiet < 0.3


def test_a_small_service_that_sheds_keeps_its_promise_in_overload(measured: Measured) -> None:
    found = measured.finding("sheds", "overload_shedding")
    overload = measured.stress("sheds").overload
    assert found.level == "sheds", found.observed
    assert overload is not None and overload.latency is not None and overload.latency.p95_ms < 100 and overload.errors["shed"] > 0.3 * overload.sent


def test_a_small_service_has_a_small_capacity(measured: Measured) -> None:
    found = measured.finding("sheds", "slo_capacity")
    trials = [(t.phase, t.rate_rps, t.held, t.aborted, t.over_slo, t.sent, t.p99_ms, t.void) for t in measured.capacity("sheds").trials]
    assert found.level == "steady", (found.observed, trials)
    good, small = measured.capacity("good").rate_rps, measured.capacity("sheds").rate_rps
    assert small is not None and 120 < small < 210
    assert good is None or good > 3 * small, "None: the search of the sound one was spoilt, which its own test tells"


def test_a_queue_without_a_bound_drowns_everybody(measured: Measured) -> None:
    found = measured.finding("queues_forever", "overload_shedding")
    overload = measured.stress("queues_forever").overload
    assert found.level in ("bends", "collapses"), found.observed
    assert overload is not None and overload.errors == {"timeout": pytest.approx(0.6 * overload.sent, rel=0.25)}
    assert overload.latency is not None and overload.latency.p95_ms > 1500


def test_a_queue_without_a_bound_is_not_half_right_in_quick_mode(measured: Measured) -> None:
    found = measured.finding("queues_forever in quick", "overload_shedding")
    assert found.level in ("bends", "collapses"), found.observed


def test_a_thread_per_connection_is_blocked_by_clients_that_drip(measured: Measured) -> None:
    found = measured.finding("slow_client_victim", "slow_client_isolation")
    window = measured.window("slow_client_victim", "slow_clients")
    assert found.level == "blocked", found.observed
    assert window.slow_clients is not None and window.slow_clients.opened == 32
    assert window.ok < 0.1 * window.sent and measured.window("slow_client_victim", "steady").ok > 400
