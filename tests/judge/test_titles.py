"""A title says what the reached rung shows, not the worst that the check knows."""

from __future__ import annotations

import pytest
from checks.builders import feedback

import grader.rubric
from grader.checks.registry import CHECKS
from grader.judge.evaluate import one
from grader.schema.evidence import FaultsEvidence, Probe, RepositoryEvidence
from grader.schema.result import Outcome, Result
from judge import made

RULES = {id: rule for area in grader.rubric.load().areas.values() for id, rule in area.checks.items()}


def title(result: Result, id: str) -> str:
    return next(c.title for c in result.checks if c.id == id)


def risk(result: Result, id: str) -> str:
    return next(r.title for r in result.risks if r.check == id)


@pytest.mark.parametrize(("alive", "says"), [(True, "Many wrong inputs are not handled right"), (False, "The service is gone after a wrong input")])
def test_of_two_rungs_without_credit_each_has_its_title(alive: bool, says: str) -> None:
    records = made.faults(made.challenge(), "standard").faults
    spoilt = [
        r.model_copy(update={"cases": [case.model_copy(update={"status": 500, "expected": "refused", "alive_after": alive}) for case in r.cases]})
        if r.id == "malformed_input"
        else r
        for r in records
    ]
    assert title(made.verdict(made.changed(made.sound(), faults=FaultsEvidence(faults=spoilt))), "malformed_input") == says


def test_a_title_names_the_bar_that_was_missed() -> None:
    records = [made.fault("pause", 1, bad=(2.0, 12.0)) if r.id == "pause" else r for r in made.faults(made.challenge(), "standard").faults]
    result = made.verdict(made.changed(made.sound(), faults=FaultsEvidence(faults=records)))
    assert title(result, "pause_recovery") == "Not good again within 5 s of a freeze"


def test_a_rung_between_has_its_title_where_the_table_gives_one_and_else_is_partly() -> None:
    boot = made.BOOT.model_copy(update={"uids": [0, 10001]})
    result = made.verdict(made.changed(made.sound(), boot=boot))
    assert title(result, "nonroot_process") == risk(result, "nonroot_process") == "Some processes run as root"
    late = made.verdict(made.changed(made.sound(), boot=made.BOOT.model_copy(update={"first_ready_s": 12.0})))
    assert title(late, "service_ready") == RULES["service_ready"].title
    assert risk(late, "service_ready") == f"Partly: {RULES['service_ready'].title}"


@pytest.mark.parametrize("id", ["bad_labels_refused", "retraining_gain"])
def test_a_service_that_never_retrains_is_not_accused_of_what_a_new_model_did(id: str) -> None:
    bundle = made.changed(made.sound(), feedback=feedback().model_copy(update={"switches": []}))
    asked = one(CHECKS[id], RULES[id], bundle, made.challenge())
    assert (asked.outcome, asked.credit, asked.title) == (Outcome.FAIL, 0, f"Not judged: {RULES[id].title}")


def test_a_route_that_never_says_ready_did_not_say_so_too_early() -> None:
    never = made.changed(made.sound(), boot=made.BOOT.model_copy(update={"first_ready_s": None, "ready_status": 503}))
    assert title(made.verdict(never), "readiness_truthfulness") == "Not judged: Ready means that it predicts"
    early = made.changed(made.sound(), boot=made.BOOT.model_copy(update={"ready_before_prediction": 9}))
    assert title(made.verdict(early), "readiness_truthfulness") == "It says ready before it can predict"


def test_a_trail_without_an_entry_neither_lacks_fields_nor_differs() -> None:
    empty = made.AUDIT.model_copy(update={"predictions_found": 0, "scores_agree": 0})
    rows = {c.id: c for c in made.verdict(made.changed(made.sound(), audit=empty)).checks}
    assert rows["audit_trail"].judged and rows["audit_trail"].outcome is Outcome.FAIL
    assert all(not rows[id].judged and rows[id].low_bp == 0 for id in ("audit_fields", "audit_agreement"))


def test_a_row_does_not_say_its_title_twice() -> None:
    probes = {**made.REPOSITORY.probes, "dashboard": Probe(subject=True, found=False, detail="no dashboard")}
    result = made.verdict(made.changed(made.sound(), repository=RepositoryEvidence(probes=probes)))
    assert next(c.observed for c in result.checks if c.id == "dashboard") == "not found: dashboard"
