"""Wrong input against reference services: sound, polite (200 with an error inside), fragile (500) and mortal (gone)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import pytest
from checks.builders import judge

from challenges.simulator import Row
from grader.checks.analysis.inputs import flaw
from grader.schema.evidence import FaultsEvidence
from grader.schema.evidence.faults import FaultRecord
from harness.faults import inputs, runner
from harness.faults.base import Scene, Timing
from harness.faults.catalogue import CATALOGUE

pytestmark = pytest.mark.engine


def sent(scene: Scene, rows: list[Row]) -> FaultRecord:
    return runner.run(replace(CATALOGUE["malformed_input"], timing=Timing(0.3, 0.0, 0.3)), scene, rows)


def level(record: FaultRecord) -> str | None:
    return judge("malformed_input", faults=FaultsEvidence(faults=[record])).level


def test_a_strict_service_handles_every_input_right(start: Callable[..., Scene], rows: list[Row]) -> None:
    scene, began = start(), monotonic()
    record = sent(scene, rows)
    assert monotonic() - began < 15
    assert record.injected and record.expectation and record.facts["cases"] == record.facts["planned"] >= 105
    assert {case.name: (flaw(case), case.request, case.body) for case in record.cases if flaw(case)} == {}
    assert level(record) == "refuses"


def test_an_error_in_a_good_answer_is_no_refusal(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = sent(start(INPUT="polite"), rows)
    found = {case.name: case for case in record.cases}
    assert found["null"].status == 200 and found["null"].violations
    assert found["unicode_name"].violations == []
    assert all(case.alive_after for case in record.cases)
    assert level(record) == "swallows"


def test_an_exception_on_deep_nesting_shows_with_the_request_that_caused_it(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = sent(start(INPUT="fragile"), rows)
    assert {case.status for case in record.cases if case.name.startswith("deep_array")} == {500}
    assert level(record) == "mostly"
    assert "500" in judge("malformed_input", faults=FaultsEvidence(faults=[record])).observed


def test_a_process_that_dies_of_an_input_is_seen_dead(start: Callable[..., Scene], rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "BACK_S", 0.5)
    record = sent(start(INPUT="mortal"), rows)
    assert not record.cases[-1].alive_after and record.cases[-1].name == "deep_array"
    assert level(record) == "dies"


def test_a_service_that_hangs_is_not_asked_for_ever(start: Callable[..., Scene], rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "LONGEST_S", 0.0)
    record = sent(start(), rows)
    assert record.facts["cases"] == 1 < record.facts["planned"]
