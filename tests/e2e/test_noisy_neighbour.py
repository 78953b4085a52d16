"""Other work on the host while load and stress are measured lowers no check: what it spoils is unknown, and not the candidate's doing."""

from __future__ import annotations

import time
from pathlib import Path

import docker
import pytest
from load_engine.neighbour import Neighbour

from grader.schema.base import Culprit
from grader.schema.result import CheckResult, Outcome, Result
from harness.host import slots

from .grading import Done, Place, candidates_network, owned, result_of
from .test_lost_ground import nobody_blames_the_candidate

pytestmark = [pytest.mark.engine, pytest.mark.false_blame]

AREAS = ("scalability", "cloud")
CORES = {"candidate": slots()[0].cores.candidate[-1], "generator": slots()[0].cores.ours[0]}
SHORT_OF = (Outcome.FAIL, Outcome.PARTIAL)


def beside(place: Place, origin: Path, neighbour: Neighbour) -> tuple[Done, Result]:
    """A grading with a neighbour from the beginning of load to the end of stress."""
    with place.grading(origin) as grading:
        grading.until("started", "load")
        with neighbour:
            grading.until("finished", "stress")
        done = grading.end()
    return done, result_of(place.out)


def judged(result: Result) -> dict[str, CheckResult]:
    return {check.id: check for check in result.checks if check.area in AREAS}


@pytest.mark.parametrize("whose", CORES)
def test_a_busy_neighbour_lowers_no_check(whose: str, place: Place, good: Path, graded: tuple[Place, str]) -> None:
    done, result = beside(place, good, Neighbour(CORES[whose]))
    quiet, noisy = judged(result_of(graded[0].out)), judged(result)
    assert done.code in (0, 4), done.out[-2000:]
    lowered = {id: (check.outcome, check.observed) for id, check in noisy.items() if check.outcome in SHORT_OF and quiet[id].outcome is Outcome.PASS}
    assert lowered == {}
    assert sum(check.outcome is Outcome.PASS for check in quiet.values()) >= 8, "there is something to lower"
    spoilt = [check for check in noisy.values() if check.outcome is Outcome.UNKNOWN]
    assert {check.culprit for check in spoilt} <= {Culprit.HOST, Culprit.GRADER}, spoilt


def test_a_network_removed_while_capacity_is_searched_is_the_hosts_trouble(place: Place, engine: docker.DockerClient, good: Path) -> None:
    with place.grading(good) as grading:
        grading.until("started", "stress")
        time.sleep(3)  # beyond the control container's reading, into the search
        network = candidates_network(engine, grading.token)
        network.reload()
        for container in network.containers:
            network.disconnect(container, force=True)
        network.remove()
        done = grading.end()
    result = result_of(place.out)
    assert done.code == 3
    failure = next(failure for failure in result.failures if failure.stage == "stress")
    assert (failure.cause, failure.culprit) == ("network_lost", Culprit.HOST)
    nobody_blames_the_candidate(result)
    steady = next(check for check in result.checks if check.id == "error_rate")
    assert steady.outcome in (Outcome.PASS, Outcome.UNKNOWN), "what was measured before stays measured"
    assert owned(engine, grading.token) == []
