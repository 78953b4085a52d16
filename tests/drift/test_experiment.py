"""The experiment on a real generator and a small service: a sound monitor is seen to work, a silent and a stuck one are seen not to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from tiny_service import Inbox, Monitor, SilentMonitor, TinyService

from challenges.loader import LoadedChallenge, load
from grader.schema.challenge import DriftKind, DriftPlan
from grader.schema.evidence import DriftEvidence
from harness.drift import experiment as experiments
from harness.drift import stream
from harness.drift.experiment import Result, prepare, run
from harness.drift.plan import draw
from harness.load.generator import LoadGenerator

KIND = DriftKind(kind="covariate", severities=[0.9], features=["distance_km"])
FEATURES = ["amount", "distance_km", "device_age_days"]
WINDOW = 150


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    loaded = load("fraud-scoring")
    plan = DriftPlan(window=WINDOW, control_windows=3, drifted_windows=3, recovery_windows=3, max_rate_rps=600, must_detect={"covariate": 0.5})
    object.__setattr__(loaded, "spec", loaded.spec.model_copy(update={"drift": plan}))
    return loaded


@pytest.fixture(scope="module")
def generator() -> Iterator[LoadGenerator]:
    with LoadGenerator() as generator:
        yield generator


def stage(challenge: LoadedChallenge, generator: LoadGenerator, inbox: Inbox, monitor: Monitor | SilentMonitor, rate: float) -> Result:
    prepared = prepare(challenge, [KIND], seed=5)
    truth = {str(row.request["transaction_id"]): row.probability for row in prepared.rows}
    with TinyService(lambda request: truth[request["transaction_id"]], monitor) as service:
        return run(prepared, generator, service.client, challenge, inbox, inbox, rate_rps=rate, since=time.monotonic())


@pytest.fixture(scope="module")
def watched(challenge: LoadedChallenge, generator: LoadGenerator) -> Result:
    """The experiment with a sound monitor."""
    inbox = Inbox()
    return stage(challenge, generator, inbox, Monitor(challenge.simulator().stream(3000, seed=99), FEATURES, WINDOW, inbox), 400)


def windows_of(evidence: DriftEvidence, phase: str) -> tuple[int, int]:
    """First and last request of a phase with one run."""
    of = [window for window in evidence.windows if window.phase == phase]
    return of[0].first_request, of[-1].first_request + of[-1].sent


def test_one_stream_runs_through_all_windows_without_overlap(watched: Result) -> None:
    evidence = watched.evidence
    assert evidence.void is None
    assert sum(window.sent for window in evidence.windows) == len(watched.trace.ids)
    assert all(window.ok == window.sent for window in evidence.windows)
    assert all(a.end_s <= b.start_s for a, b in pairwise(evidence.windows))


def test_a_sound_monitor_fires_in_the_drift_and_resolves_in_the_recovery(watched: Result) -> None:
    alerts = watched.evidence.alerts
    assert [(alert.status, alert.labels["feature"]) for alert in alerts] == [("firing", "distance_km"), ("resolved", "distance_km")]
    first, last = windows_of(watched.evidence, "drifted")
    assert first < alerts[0].request <= last < alerts[1].request


def test_gauges_are_scraped_at_every_windows_end_and_move_with_the_drift(watched: Result) -> None:
    name = 'drift_score{feature="distance_km"}'
    windows = watched.evidence.windows
    assert all(set(window.gauges) == {f'drift_score{{feature="{feature}"}}' for feature in FEATURES} for window in windows)
    drifted = [window.gauges[name] for window in windows if window.phase == "drifted"]
    control = [window.gauges[name] for window in windows if window.phase == "control"]
    assert max(control) < 5 < max(drifted)


def test_scores_that_are_the_true_probabilities_reach_the_reference(watched: Result) -> None:
    quality = watched.evidence.quality
    assert quality is not None
    assert quality.auc == pytest.approx(quality.reference_auc)
    assert quality.brier < quality.base_brier


def test_a_stuck_monitor_and_an_alert_from_before_the_stream_are_seen_as_that(challenge: LoadedChallenge, generator: LoadGenerator) -> None:
    inbox = Inbox()
    for feature, status in (("channel", "firing"), ("country", "firing"), ("country", "resolved")):
        inbox.post(feature, status)
    evidence = stage(challenge, generator, inbox, SilentMonitor(inbox, "amount", fires=True), 600).evidence
    assert [(alert.labels["feature"], alert.status) for alert in evidence.alerts] == [("channel", "firing"), ("amount", "firing")]
    assert evidence.alerts[0].request == 0 < evidence.alerts[1].request < WINDOW
    assert len({tuple(window.gauges.items()) for window in evidence.windows}) == 1


def test_a_dead_service_is_a_fact_and_not_an_error(challenge: LoadedChallenge, generator: LoadGenerator) -> None:
    prepared = prepare(challenge, [KIND], seed=5)
    with TinyService(lambda request: 0.5) as service:
        client = service.client
    inbox = Inbox()
    evidence = run(prepared, generator, client, challenge, inbox, inbox, rate_rps=600, since=time.monotonic()).evidence
    assert evidence.void is None
    assert evidence.quality is None
    assert evidence.alerts == []
    assert {window.ok for window in evidence.windows} == {0}
    assert {tuple(window.gauges) for window in evidence.windows} == {()}


def test_ids_customers_and_time_run_on_across_the_start_of_the_drift(challenge: LoadedChallenge) -> None:
    schedule = draw(challenge.spec.drift, challenge.spec.modes["standard"].drift, 3)
    rows = stream.compose(challenge.simulator(), schedule, 4, "transaction_id")
    assert len(rows) == schedule.requests
    times = [str(row.request["timestamp"]) for row in rows]
    assert times == sorted(times)
    start = next(window.first for window in schedule.windows if window.phase == "drifted")
    before, after = ({row.request["customer_id"] for row in part} for part in (rows[:start], rows[start:]))
    assert before & after


def test_the_schedule_is_settled_before_anything_is_sent(challenge: LoadedChallenge) -> None:
    first, second = prepare(challenge, [KIND], 5), prepare(challenge, [KIND], 5)
    assert first.schedule == second.schedule
    assert first.rows == second.rows


def test_waiting_for_alerts_ends_as_soon_as_nothing_fires() -> None:
    quiet, stuck = Inbox(), Inbox()
    stuck.post("amount", "firing")
    took: Callable[[Inbox], float] = lambda inbox: -time.monotonic() + (experiments._settled(inbox, []), time.monotonic())[1]  # noqa: E731
    assert took(quiet) < 1.0
    assert 1.9 < took(stuck) < 2.5
