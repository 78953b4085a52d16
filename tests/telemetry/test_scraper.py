from __future__ import annotations

import time

import numpy as np
import pytest
from tiny_service import TEXT, TinyService

from challenges.loader import LoadedChallenge, load
from harness.load.outcomes import Outcome
from harness.load.trace import Trace
from harness.telemetry.scraper import BAD_REQUESTS, Telemetry, scrape, truth_of


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


def test_wrong_requests_are_counted_between_their_own_scrapes(challenge: LoadedChallenge) -> None:
    rows = challenge.simulator().stream(40, seed=3)
    with TinyService(lambda request: 0.5) as service:
        telemetry = Telemetry(service.client, challenge, since=time.monotonic())
        truth = telemetry.errors(rows)
    evidence = telemetry.evidence()
    before, after = evidence.scrape("before_errors"), evidence.scrape("after_errors")
    assert before and after
    assert truth.statuses == {"422": BAD_REQUESTS}
    assert evidence.truth("before_errors") == truth
    counted = [{s.labels["status"]: s.value for f in taken.families if f.name == "fraud_requests" for s in f.samples} for taken in (before, after)]
    assert (counted[1]["422"] or 0) - (counted[0]["422"] or 0) == BAD_REQUESTS


def test_a_moment_that_is_scraped_again_replaces_the_first(challenge: LoadedChallenge) -> None:
    with TinyService(lambda request: 0.5) as service:
        telemetry = Telemetry(service.client, challenge, since=time.monotonic())
        telemetry.scrape("before_steady")
        telemetry.scrape("before_steady")
        telemetry.idle(3)
    assert [taken.moment for taken in telemetry.evidence().scrapes] == ["before_steady", "idle_0", "idle_1", "idle_2"]
    assert [taken.at_s for taken in telemetry.evidence().scrapes] == sorted(taken.at_s for taken in telemetry.evidence().scrapes)


def test_a_scrape_of_a_bad_route_says_why(challenge: LoadedChallenge) -> None:
    with TinyService(lambda request: 0.5) as service:
        assert scrape(service.client, "x", "/nowhere").problem == "status 404"
        service.routes["GET", "/metrics"] = lambda _: (200, TEXT, b"a 1\na 1\n")
        assert scrape(service.client, "x").problem == "a stands 2 times"
        service.routes["GET", "/metrics"] = lambda _: (200, TEXT, b"a 1\n" * 400_000)
        huge = scrape(service.client, "x")
        assert huge.truncated and huge.problem
        client = service.client
    assert scrape(client, "x").problem == "no whole answer: refused"


def test_the_truth_of_a_trace_tells_answers_from_what_never_became_one() -> None:
    outcome = np.array([Outcome.OK, Outcome.DEGRADED, Outcome.SHED, Outcome.TIMEOUT, Outcome.DROPPED])
    at = np.arange(5.0)
    nan, zeros = np.nan, np.zeros(5, dtype=np.int64)
    trace = Trace(
        t0=0, intended=at, sent=np.where(outcome == Outcome.DROPPED, nan, at), received=np.array([0.01, 1.02, 2.03, nan, nan]), done=at + 2,
        score=np.array([0.2, 0.4, nan, nan, nan]), status=np.array([200, 200, 503, 0, 0]), outcome=outcome, degraded=outcome == Outcome.DEGRADED,
        retries=zeros, target=zeros, version=zeros, index=np.arange(5), versions=["1"], ids=list("abcde"), cpu_s=0, end=9,
    )  # fmt: skip
    truth = truth_of("a", "b", trace)
    assert truth.sent == 4
    assert truth.statuses == {"200": 2, "503": 1, "timeout": 1}
    assert truth.mean_latency_ms == pytest.approx(20)
    assert truth.score_n == 2
    assert truth.score_mean == pytest.approx(0.3)
    assert truth.score_sd == pytest.approx(0.2 / 2**0.5)
