"""Two whole gradings of one service, the second beside a busy neighbour: one series, one table, and nobody is blamed for the neighbour."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.repeat.neighbour import PROGRAM
from grader.repeat.record import Repeatability
from grader.repeat.series import place as repeat_folder
from grader.schema.base import Culprit
from grader.schema.result import Outcome

from .grading import Place, processes_of, result_of

pytestmark = pytest.mark.engine


def test_two_repeats_make_a_series_that_can_be_read_again(place: Place, good: Path) -> None:
    arguments = ("repeat", str(good), "-c", "fraud-scoring", "-m", "brief", "-n", "2", "--noise", "-o", str(place.out))
    done = place.run(*arguments, timeout_s=500)
    assert done.code in (0, 3), done.err + done.out[-2000:]
    found = Repeatability.model_validate_json((place.out / "repeats.json").read_bytes())
    assert [(facts.number, facts.noisy, facts.attempt) for facts in found.repeats] == [(1, False, 1), (2, True, 1)]
    results = [result_of(repeat_folder(place.out, number, noisy=number == 2)) for number in (1, 2)]
    assert results[0].submission.tree == results[1].submission.tree and results[0].seeds == results[1].seeds, "one and the same grading"
    assert {event["number"]: event["kind"] for event in done.events if event["event"] == "repeated"} == {1: "quiet", 2: "noisy"}
    notes = [event["text"] for event in done.events if event["event"] == "note" and event["stage"] == "slot"]
    assert notes.count("a busy neighbour is here") == 1
    # What the neighbour spoils is not measured; it is never the candidate's doing.
    unmeasured = [check for check in results[1].checks if check.outcome is Outcome.UNKNOWN]
    assert {check.culprit for check in unmeasured} <= {Culprit.HOST, Culprit.GRADER}
    assert (done.code == 3) == bool(found.over)
    assert [line for line in processes_of(place.folder) if PROGRAM.name in line] == []
    again = place.run("repeat", str(place.out), "-n", "2", timeout_s=60)
    assert again.code == done.code and json.loads(again.out)["repeats"] == 2, again.err
