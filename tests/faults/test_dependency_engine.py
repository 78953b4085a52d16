"""The nine later dependency faults on a real container: a good service, and for each one a bad one that its check tells apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from unittest.mock import ANY

import pytest
from checks.builders import judge

from challenges.simulator import Row
from grader.schema.causes import Trouble
from grader.schema.evidence.faults import FaultRecord, FaultsEvidence
from harness.faults import runner, stage
from harness.faults.base import Scene, Timing, wait_for
from harness.faults.catalogue import CATALOGUE
from harness.sandbox.vigil import Vigil

pytestmark = pytest.mark.engine

SHORT = Timing(before_s=0.8, fault_s=1.2, after_s=1.5)
AT_ONCE = ("dependency_refused", "dependency_reset", "dependency_garbage")
"""Faults that the service notices at once."""


@pytest.fixture(scope="module")
def good(start: Callable[..., Scene]) -> Scene:
    return start()


@pytest.fixture(scope="module")
def fragile(start: Callable[..., Scene]) -> Scene:
    """Has no fallback, asks again four times at once, and reads its token once."""
    return start(FALLBACK="0", RETRIES="4", TOKEN="0")


@pytest.fixture(scope="module")
def trusting(start: Callable[..., Scene]) -> Scene:
    """Waits for ever, and believes whatever the store says."""
    return start(CHECKS="0", DEADLINE_S="0")


def perform(id: str, scene: Scene, rows: list[Row]) -> FaultRecord:
    record = runner.run(replace(CATALOGUE[id], timing=SHORT), scene, stage.newcomers_first(rows))
    assert record.injected and record.failure is None, record.proof
    return record


def level(check: str, *records: FaultRecord) -> str | None:
    return judge(check, faults=FaultsEvidence(faults=list(records))).level


@pytest.mark.parametrize("id", AT_ONCE)
def test_a_failure_at_once_is_borne_by_a_fallback_and_no_storm(id: str, good: Scene, fragile: Scene, rows: list[Row]) -> None:
    record = perform(id, good, rows)
    counted = id != "dependency_reset"
    assert (level(id, record), level("dependency_retries", record)) == ("fallback", "calm" if counted else None)
    assert record.facts["n_degraded"] > 60 and record.facts["n_plain_ok"] == 0
    assert 0.8 < record.facts["hits"] / record.facts["n_sent"] < 1.2
    worse = perform(id, fragile, rows)
    assert (level(id, worse), level("dependency_retries", worse)) == ("fails", "storm" if counted else None)


@pytest.mark.parametrize(("id", "believed"), [("dependency_missing_field", "passed_off"), ("dependency_nan", "fails")])
def test_half_an_answer_is_taken_for_none(id: str, believed: str, good: Scene, trusting: Scene, rows: list[Row]) -> None:
    record = perform(id, good, rows)
    assert level(id, record) == "fallback"
    assert record.facts["n_degraded"] > 60 and record.facts["n_plain_ok"] == 0
    assert level(id, perform(id, trusting, rows)) == believed


@pytest.mark.parametrize("id", ["dependency_missing_field", "dependency_nan"])
def test_who_looks_at_one_feature_of_many_is_found_out_and_who_needs_but_one_is_not(id: str, start: Callable[..., Scene], rows: list[Row]) -> None:
    looks_at_one = perform(id, start(LOOKS_AT="avg_amount_30d"), rows)
    facts = looks_at_one.facts
    assert facts["n_degraded"] > 10 and level(id, looks_at_one) in ("passed_off", "partly", "fails")
    needs_one = perform(id, start(USES="chargebacks_90d"), rows)
    assert needs_one.facts["n_degraded"] > 10 and needs_one.facts["n_waited"] > 30, "plain answers that lack nothing"
    assert needs_one.facts["n_plain_ok"] == 0 and level(id, needs_one) == "fallback"


def test_a_huge_answer_is_not_read_to_its_end(good: Scene, trusting: Scene, rows: list[Row]) -> None:
    assert level("dependency_huge", perform("dependency_huge", good, rows)) == "fallback"
    assert level("dependency_huge", perform("dependency_huge", trusting, rows)) == "fails"


def test_only_down_phases_of_a_flapping_store_excuse_a_degraded_answer(good: Scene, fragile: Scene, rows: list[Row]) -> None:
    record = perform("dependency_flapping", good, rows)
    facts = record.facts
    assert level("dependency_flapping", record) == "fallback"
    assert facts["hits_down"] > 20 and facts["hits_up"] > 10 and facts["n_degraded"] > 20
    assert facts["n_plain_ok"] == 0 and facts["n_waited"] > 10
    assert level("dependency_flapping", perform("dependency_flapping", fragile, rows)) == "fails"


def test_a_name_that_is_gone_is_borne_by_a_deadline_over_lookups(good: Scene, fragile: Scene, rows: list[Row]) -> None:
    record = perform("dependency_name_gone", good, rows)
    assert level("dependency_name_gone", record) == "fallback"
    assert record.facts["n_degraded"] > 60 and record.facts["n_plain_ok"] == record.facts["hits"] == 0
    assert good.topology.lookup("feature-store")[0]
    assert level("dependency_name_gone", perform("dependency_name_gone", fragile, rows)) == "fails"


def test_a_name_that_is_gone_comes_back_as_it_was(good: Scene, rows: list[Row]) -> None:
    topology = good.topology
    vigil = Vigil(topology.client, topology.run_id, topology.network.name)
    store = topology.feature_store
    store.leave_network()
    try:
        assert store.mode == "ok", "the control line does not need the network"
        assert topology.lookup(store.name)[0] is False
        with pytest.raises(Trouble, match="stopped or restarted"):
            vigil.verify()
    finally:
        store.join_network()
    vigil.verify(good.candidate)
    assert topology.lookup(store.name) == (True, ANY)
    assert wait_for(lambda: (good.predicts(rows[0]) or {}).get("degraded") is False, monotonic() + 5)


def test_rotated_credentials_show_who_reads_them_anew(good: Scene, fragile: Scene, rows: list[Row]) -> None:
    facts = perform("dependency_credentials", good, rows).facts
    assert facts["accepted_with_old_token"] > 60 and facts["accepted_with_new_token"] > 60
    assert facts["n_plain_ok"] >= 0.98 * facts["n_sent"] and facts["failed"] <= 2
    stale = perform("dependency_credentials", fragile, rows).facts
    assert stale["rejected_401"] > 60 and stale["failed"] > 60 and stale["accepted_with_new_token"] <= 0
