"""A candidate cannot void its own bad windows: it is slow, and loads whatever it can reach so that the grader should not count that.

A window may still be void because something else really used the core meanwhile. Then it is measured again, and a test that never gets
a window that stands tells how busy the core was without the candidate. The candidate has no weight before other work here: that is how
hosts are whose engine leaves cgroups to systemd, and where it has one, other work on its core voids nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from checks.builders import judge

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.challenge import LoadWindowPlan, StressPlan
from grader.schema.evidence import LoadEvidence
from harness.host import core_times, shares
from harness.load import stage, stress
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology

from .bench import Bench, benched, frozen
from .spoiler import ANSWERS, BESIDE

pytestmark = pytest.mark.engine

TRIES = 3
PLANS = [LoadWindowPlan(name="steady", arrivals="poisson", rate_factor=1.0, seconds=3)]
STRESS = StressPlan(burst_s=0.4, trial_s=1, confirm_s=1, search_s=8, overload_s=0, soak_s=3)
CONNECTIONS = Path("/proc/sys/net/netfilter/nf_conntrack_count")
FLOWS = 5000
REACHING = ("none", "log", "tiny_chunks", "alerts", "control")
LISTED = 0.1

TRICKS = ["none", *(name for name in (*BESIDE, *ANSWERS) if name not in ("flows", "close_yourself"))]
"""Those two have tests of their own."""


@pytest.fixture
def bench(
    engine: docker.DockerClient, challenge: LoadedChallenge, rows: list[Row], sidecar_image: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """For one test only: what it does to our own containers is nobody else's trouble."""
    monkeypatch.setattr(Topology, "_own_cgroup", lambda self: "")
    monkeypatch.setattr(stage, "RERUNS", 0)
    with benched(engine, challenge, rows, sidecar_image) as bench:
        yield bench


def others_without(candidate: Candidate, bench: Bench) -> float:
    """Share of its core that others use while it is frozen."""
    with frozen(candidate):
        before = core_times(bench.topology.cores.candidate)
        time.sleep(1)
        return shares(before, core_times(bench.topology.cores.candidate), 0.0)[0]


def measured(bench: Bench, candidate: Candidate) -> LoadEvidence:
    """Evidence whose window stands. Raises Trouble where our own ground did not hold: that would lose the whole stage."""
    why: list[str] = []
    for attempt in range(TRIES):
        bench.vigil.verify(candidate)
        evidence = stage.collect(bench.stage(candidate, f"try-{attempt}"), PLANS, bench.supply())
        bench.vigil.verify(candidate)
        (window,) = evidence.windows
        if window.void is None:
            return evidence
        why.append(f"{window.void} (with the candidate frozen, others use {others_without(candidate, bench):.0%} of its core)")
    pytest.fail(f"void in all {TRIES} tries: {'; '.join(why)}", pytrace=False)


def listed(trick: str) -> object:
    """Every trick is tried in the long run; CI tries those that reach a part of ours."""
    marks = [] if trick in REACHING else [pytest.mark.soak]
    if trick == "tick":
        marks.append(pytest.mark.xfail(reason="busy time is sampled at ticks: work at every tick looks like others"))
    return pytest.param(trick, marks=marks)


@pytest.mark.parametrize("trick", [listed(trick) for trick in TRICKS])
def test_a_slow_service_stays_slow_whatever_it_loads_beside(bench: Bench, spoiler: str, trick: str) -> None:
    with bench.serving(spoiler, TRICK=trick) as candidate:
        if trick == "descriptors" and others_without(candidate, bench) > LISTED:
            pytest.skip("something on this host lists the descriptors of all processes, and is kept busy by so many: that is real foreign work")
        evidence = measured(bench, candidate)
        latency, errors = judge("latency_slo", load=evidence), judge("error_rate", load=evidence)
        assert latency.level == "missed" and latency.outcome is None, latency.observed
        assert errors.level == ("many" if evidence.windows[0].errors else "clean"), errors.observed
        assert evidence.windows[0].dropped == 0
        assert bench.topology.feature_store.hits() >= 0 and bench.topology.alerts.rejected >= 0, "they still answer us"


def test_leaving_the_closing_of_connections_to_the_client_does_not_use_up_its_ports(bench: Bench, spoiler: str) -> None:
    with bench.serving(spoiler, TRICK="close_yourself") as candidate:
        evidence = stress.collect(bench.stage(candidate), STRESS, bench.supply())
    assert evidence.capacity is not None and evidence.soak is not None
    limited = [trial.void for trial in evidence.capacity.trials if trial.void] + [evidence.soak.void]
    # Of the generator's troubles only this one: without ports nothing is sent. A late request may be this host's own doing.
    assert not any(why and "never sent" in why for why in limited), limited


@pytest.mark.skipif(not CONNECTIONS.exists(), reason="this host tracks no connections")
@pytest.mark.soak
@pytest.mark.xfail(reason="the host has one table of connections, and a candidate fills it within 4 s: then all new ones are lost")
def test_what_a_candidate_sends_its_neighbours_takes_no_place_in_the_hosts_table_of_connections(bench: Bench, spoiler: str) -> None:
    before = int(CONNECTIONS.read_text())
    with bench.serving(spoiler, TRICK="flows", FLOWS=str(FLOWS)):
        assert int(CONNECTIONS.read_text()) - before < FLOWS / 2
