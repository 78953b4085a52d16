"""A check that a precondition, a gate or an earlier stage decided is worded as such, and nobody is told of a fault that nobody saw."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

import reports.html
from grader.schema.bundle import Bundle
from grader.schema.evidence import FaultsEvidence
from grader.schema.result import CheckResult, Outcome, Result
from judge import made
from reports import junit, losses, markdown

AFTER_BUILD = ("image", "sandbox", "boot", "contract", "load", "stress", "drift", "feedback", "prometheus", "faults", "metrics", "logs", "audit")
GATES = {"image_builds", "service_ready", "prediction_contract"}


def not_built() -> Result:
    return made.verdict(made.without(made.sound(), **dict.fromkeys(AFTER_BUILD, made.failure("build_failed", "no matching distribution"))))


def constant_answers() -> Result:
    facts = made.CONTRACT.predictions.model_copy(update={"distinct_scores": 1})
    return made.verdict(made.changed(made.sound(), contract=made.CONTRACT.model_copy(update={"predictions": facts})))


def gone() -> Result:
    """Gates pass, and the service was gone before any fault."""
    return made.verdict(made.without(made.sound(), faults=made.failure("service_gone")))


def check(result: Result, id: str) -> CheckResult:
    return next(c for c in result.checks if c.id == id)


def faulty(**update: object) -> Bundle:
    records = [r.model_copy(update=update) if r.id == "pause" else r for r in made.faults(made.challenge(), "standard").faults]
    return made.changed(made.sound(), faults=FaultsEvidence(faults=records))


@pytest.mark.parametrize("result", [not_built(), constant_answers(), gone()], ids=["not built", "constant answers", "gone before the faults"])
def test_what_was_not_tried_is_lost_and_not_told_as_seen(result: Result) -> None:
    lost = check(result, "pause_recovery")
    assert (lost.outcome, lost.low_bp, lost.judged) == (Outcome.FAIL, 0, False)
    assert lost.title in ("Not judged: Recovers from a freeze", "Not counted: Recovers from a freeze")
    assert lost.rule == "" and lost.observed
    page = reports.html.render(result)
    row = page[page.index('<tr id="check-pause_recovery"') :].split("</tr>")[0]
    assert "(reached)" not in row and "To mend" not in row and "does not stand for itself" in row and ">no points</span>" in row
    case = next(c for c in ET.fromstring(junit.render(result)).iter("testcase") if c.attrib["name"] == "pause_recovery")
    failure = case.find("failure")
    assert failure is not None and failure.attrib["message"] == f"{lost.title}: {lost.observed}"
    assert not any(means in (failure.text or "") for _, means in lost.ladder) and lost.remedy not in (failure.text or "")


@pytest.mark.parametrize("result", [not_built(), constant_answers()], ids=["not built", "constant answers"])
def test_a_failed_gate_was_judged_and_is_asked_about_and_what_it_decided_is_not(result: Result) -> None:
    first = next(gate for gate in result.gates if gate.outcome == "fail")
    row = check(result, {"builds": "image_builds", "predicts": "prediction_contract"}[first.id])
    assert row.judged and row.id in {item.check for item in result.interview} and result.risks[0].check == row.id
    judged = {c.id for c in result.checks if c.judged}
    assert {item.check for item in result.interview if item.kind == "finding"} <= judged
    assert {risk.check for risk in result.risks} <= judged
    unseen = next(item for item in result.interview if item.area == "failure" and item.kind == "unobserved")
    assert ("not judged: " in unseen.because) == check(result, "pause_recovery").title.startswith("Not judged")


def test_a_gate_row_says_what_its_check_saw() -> None:
    row = check(constant_answers(), "prediction_contract")
    assert row.title == "No valid, input-dependent prediction" and "with their request's id" in row.observed and row.rule


def test_where_gates_hold_the_risk_of_an_area_that_was_not_judged_is_told_once_and_honestly() -> None:
    told = [risk.title for risk in gone().risks if risk.title.startswith("Not judged: ")]
    assert len(told) == 1


def test_a_container_that_never_served_says_nothing_of_its_answers_and_its_image_was_seen() -> None:
    exited = made.failure("start_exited", "exit code 1")
    result = made.verdict(made.without(made.sound(), **dict.fromkeys(AFTER_BUILD[2:], exited)))
    assert [gate.outcome for gate in result.gates] == ["pass", "fail", "fail"]
    assert check(result, "service_ready").judged and not check(result, "prediction_contract").judged
    assert check(result, "image_builds").title == "Not counted: The image builds" and not check(result, "image_builds").judged
    unseen = next(item for item in result.interview if item.area == "deployment" and item.kind == "unobserved")
    assert "The image builds" not in unseen.question and "A readiness route answers" in unseen.question


def test_whatever_ends_a_run_before_the_first_gate_is_its_failure() -> None:
    refused = made.failure("repository_hostile", "a link out of the repository")
    result = made.verdict(made.without(made.sound(), **dict.fromkeys(("source", *AFTER_BUILD), refused)))
    assert check(result, "image_builds").judged and result.risks[0].title == "The image does not build"
    assert not check(result, "service_ready").judged


def test_a_loss_that_was_seen_keeps_its_own_words_without_a_prediction() -> None:
    facts = made.CONTRACT.predictions.model_copy(update={"distinct_scores": 1})
    root = made.changed(
        made.sound(), contract=made.CONTRACT.model_copy(update={"predictions": facts}), boot=made.BOOT.model_copy(update={"uids": [0]})
    )
    row = check(made.verdict(root), "nonroot_process")
    assert row.judged and row.title == "Processes run as root" and row.rule


def test_a_failure_of_the_host_in_the_contract_keeps_everything_open_that_stands_on_it() -> None:
    bundle = made.changed(made.without(made.sound(), contract=made.failure("engine_lost")), boot=made.BOOT.model_copy(update={"uids": [0]}))
    row = check(made.verdict(bundle), "nonroot_process")
    assert (row.outcome, row.high_bp, row.judged) == (Outcome.UNKNOWN, row.max_bp, True)


def test_a_fault_is_seen_only_if_it_was_active() -> None:
    before = check(made.verdict(faulty(injected=False, failure=made.failure("service_gone"))), "pause_recovery")
    under = check(made.verdict(faulty(injected=True, failure=made.failure("service_gone"))), "pause_recovery")
    assert (before.judged, under.judged, before.low_bp, under.low_bp) == (False, True, 0, 0)
    assert under.title == "Not good again within 5 s of a freeze" and under.rule


def test_a_strip_of_a_fault_that_nobody_tried_says_so() -> None:
    result = made.verdict(faulty(injected=False, failure=made.failure("service_gone")))
    strip = next(s for s in result.fault_strips if s.id == "pause")
    assert strip.outcome is Outcome.UNKNOWN and strip.says.startswith("not judged: ") and strip.recovered == "not exercised"


def test_the_summary_tells_one_reason_once_and_not_as_losses() -> None:
    result = not_built()
    reasons = losses.unjudged(result)
    assert reasons == [("the image does not build: no matching distribution", sum(not c.judged for c in losses.counted(result)))]
    assert GATES & {c.id for c in losses.judged(result)} == {"image_builds"}
    text = markdown.render(result)
    assert f"Without points, as something else decided: {reasons[0][1]} checks: the image does not build" in text
    assert "| pause" not in text and "| dependency" not in text


def test_what_a_slow_service_could_not_be_asked_counts_as_one_cause_and_costs_no_more_than_one() -> None:
    """Drift is not streamed to a service that would drown in it; what it says of drift is unknown, and its slowness is what is known."""
    slow = made.failure("too_slow")
    result = made.verdict(made.without(made.sound(), drift=slow, feedback=slow))
    lost = [c for c in result.checks if c.low_bp < c.max_bp and not c.judged]
    assert {"drift_covariate", "false_alarm_rate", "alert_resolution"} <= {c.id for c in lost}
    assert {c.root_cause for c in lost} == {"slow-path"}
    cap = next(row for row in result.ledger if row.kind == "root_cause_cap")
    assert cap.id == "slow-path" and cap.low_bp > 0
    assert made.verdict(made.sound()).score.low - result.score.low <= 1200
