"""A fault that the host disturbed can help a score and never lower it; a check over all faults goes by those that were not disturbed."""

from __future__ import annotations

import pytest
from checks.builders import CHALLENGE, dependency, fault, faults

import grader.rubric
from grader.checks.registry import CHECKS
from grader.judge.evaluate import Evaluated, one
from grader.schema.base import Culprit
from grader.schema.bundle import Bundle
from grader.schema.evidence import FaultRecord
from grader.schema.result import Outcome

BUSY = "host noisy: other work took 40% of the candidate's core"
LOST = (4.0, {"failed": 1.0})


def judged(check: str, *records: FaultRecord) -> Evaluated:
    rule = grader.rubric.load().areas["failure"].checks[check].model_copy(update={"behaviour": False})
    return one(CHECKS[check], rule, Bundle(challenge=CHALLENGE, evidence={"faults": faults(*records)}), CHALLENGE)


def disturbed(record: FaultRecord) -> FaultRecord:
    return record.model_copy(update={"disturbed": BUSY, "attempts": 2})


def test_a_full_pass_stands_and_anything_less_is_the_hosts_trouble() -> None:
    assert judged("dependency_slow", disturbed(dependency())).outcome is Outcome.PASS
    spoilt = judged("dependency_slow", disturbed(dependency(during={"failed": 1.0})))
    assert (spoilt.outcome, spoilt.culprit) == (Outcome.UNKNOWN, Culprit.HOST)
    assert judged("dependency_slow", dependency(during={"failed": 1.0})).outcome is Outcome.FAIL


@pytest.mark.parametrize("calm", [fault("sigkill"), fault("sigkill", (2.0, {}), (3.0, {}), LOST)], ids=["whole", "falls"])
def test_a_check_over_all_faults_goes_by_the_undisturbed_ones(calm: FaultRecord) -> None:
    alone = judged("service_survives", calm)
    beside = judged("service_survives", calm, disturbed(fault("pause", (2.0, {}), (3.0, {}), LOST)))
    assert (beside.outcome, beside.finding.observed) == (alone.outcome, alone.finding.observed)


def test_with_nothing_but_disturbed_faults_nothing_is_known() -> None:
    assert judged("service_survives", disturbed(fault("pause", (2.0, {}), (3.0, {}), LOST))).outcome is Outcome.UNKNOWN
