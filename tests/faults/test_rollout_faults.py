"""Faults of models and rollouts on a real container, with a good and a bad service each, told apart by the check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from checks.builders import judge

from challenges.simulator import Row
from grader.schema.evidence import FaultRecord, FaultsEvidence, FeedbackEvidence
from grader.schema.evidence.feedback import VersionSwitch
from harness.faults import rollout, runner
from harness.faults.artifacts import BROKEN, Artifacts, given, opened
from harness.faults.base import Known, Scene, Timing
from harness.faults.catalogue import CATALOGUE

from .conftest import built

pytestmark = pytest.mark.engine

MODEL = json.dumps({"kind": "test/1", "version": "7", "intercept": -4.0, "notes": "n" * 500})
DOCKERFILE = """FROM {base}
COPY service.py /service.py
COPY model.json /model/model.json
WORKDIR /model
USER 1234
ENTRYPOINT ["python3", "/service.py"]
"""
SHORT = Timing(before_s=0.5, fault_s=0.7, after_s=1.0)


@pytest.fixture(scope="session")
def image(engine: docker.DockerClient, base_image: str) -> str:
    service = Path(__file__).with_name("rollout_service.py").read_text()
    files = {"Dockerfile": DOCKERFILE.format(base=base_image), "service.py": service, "model.json": MODEL}
    return built(engine, "grader-test-rollout-service", files)


Start = Callable[..., Scene]


@pytest.fixture
def begin(start: Start) -> Iterator[Start]:
    """As `start`, for one test: an address is needed for the second instance."""
    scenes: list[Scene] = []

    def begin(**env: str) -> Scene:
        scenes.append(start(**env))
        return scenes[-1]

    yield begin
    for scene in scenes:
        scene.candidate.remove()


def carried_out(id: str, scene: Scene, rows: list[Row], injected: bool = True) -> FaultRecord:
    usual = CATALOGUE[id].timing
    record = runner.run(replace(CATALOGUE[id], timing=replace(SHORT, rate_rps=usual.rate_rps)), scene, rows)
    assert record.injected == injected and record.failure is None, (record.proof, record.failure)
    ours = scene.topology.client.containers.list(all=True, filters={"label": f"org.grader.run={scene.topology.run_id}"})
    apps = [container.name for container in ours if container.name.startswith("app-")]
    assert scene.candidate.name in apps and len(apps) == len([c for c in scene.topology.candidates if not c.removed]), "no second instance is left"
    assert scene.predicts(rows[0]) is not None
    return record


def level(check: str, record: FaultRecord) -> str | None:
    return judge(check, faults=FaultsEvidence(faults=[record])).level


@pytest.mark.parametrize(("kind", "expected"), [("strict", "refuses"), ("own", "refuses"), ("blind", "serves"), ("ignore", "ignores")])
def test_a_broken_model_must_keep_a_container_out(begin: Start, rows: list[Row], kind: str, expected: str) -> None:
    record = carried_out("bad_model", begin(MODEL=kind), rows)
    assert [case.name for case in record.cases] == list(BROKEN)
    assert record.facts["honoured"] == (kind != "ignore")
    assert level("bad_model", record) == expected


@pytest.mark.parametrize(("env", "expected"), [({}, {"seamless"}), ({"DRAIN": "0", "ANSWER_S": "0.3"}, {"drops"})], ids=["drains", "drops"])
def test_a_rolling_update_costs_what_the_first_instance_drops(begin: Start, rows: list[Row], env: dict[str, str], expected: set[str]) -> None:
    record = carried_out("rolling_update", begin(**env), rows)
    assert record.facts["own_model"] == 1 and record.facts["versions"] == 1
    assert record.facts["by_first"] > 20 and record.facts["by_second"] > 50
    assert (record.facts["held_lost"] > 0) == bool(env)
    assert level("rolling_update", record) in expected, record.facts


@pytest.mark.parametrize(("kind", "expected"), [("strict", "holds"), ("blind", "rolls_back"), ("made_up", "makes_up")])
def test_a_bad_rollout_stops_at_readiness(begin: Start, rows: list[Row], kind: str, expected: str) -> None:
    record = carried_out("bad_rollout", begin(MODEL=kind), rows)
    assert record.facts["second_ready"] == (kind != "strict")
    assert level("bad_rollout", record) == expected, record.facts


@pytest.mark.parametrize(("trail", "expected"), [("append", "kept"), ("anew", "lost"), ("held", "partly")])
def test_a_restart_keeps_what_was_written(begin: Start, rows: list[Row], trail: str, expected: str) -> None:
    record = carried_out("restart_with_data", begin(TRAIL=trail), rows)
    assert record.facts["lines_before"] > (5 if trail == "held" else 20)
    assert level("restart_keeps_state", record) == expected, record.facts


@pytest.mark.parametrize(("promoted", "kept", "expected"), [("7", 1, "kept"), ("8", 0, "partly")])
def test_a_retrained_model_that_any_earlier_restart_forgot_is_missed(
    begin: Start, rows: list[Row], promoted: str, kept: int, expected: str
) -> None:
    """What serves before this restart is no measure: the faults before it restart the service too."""
    switch = VersionSwitch(
        before="6", after=promoted, at_s=0, request=0, labels_taken=0, near=0, near_failed=0, near_s=1, old_answers=0, old_answers_late=0, flips=0
    )  # fmt: skip
    known = Known(first_version="6", feedback=FeedbackEvidence(switches=[switch]))
    record = carried_out("restart_with_data", replace(begin(), known=known), rows)
    assert (record.facts["retrained"], record.facts["version_kept"]) == (1, kept)
    assert level("restart_keeps_state", record) == expected, record.facts


def test_the_files_are_what_their_names_say(begin: Start) -> None:
    scene = begin()
    with Artifacts(scene.candidate, "MODEL_PATH", 5) as artifacts:
        own = artifacts.own()
        assert artifacts.found == "/model/model.json"
        assert own is not None and own.path is not None and own.path.read_text() == MODEL
        contents = {name: staged.path and staged.path.read_bytes() for name in BROKEN if (staged := artifacts.broken(name, 3))}
        assert contents["missing"] is None
        assert MODEL.encode().startswith(contents["truncated"] or b"!") and len(contents["truncated"] or b"") == len(MODEL) // 2
        assert isinstance(json.loads(contents["wrong_schema"] or b""), dict)
        assert artifacts.broken("corrupt", 3).sha256 == hashlib.sha256(contents["corrupt"] or b"").hexdigest()
        assert artifacts.broken("corrupt", 4).sha256 != artifacts.broken("corrupt", 3).sha256
        assert not given(scene.candidate, own, "MODEL_PATH").active, "the first instance was given nothing"


def test_an_opened_file_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_text("{}")
    with opened(file) as watch:
        assert watch.seen() == 0
        file.read_text()
        assert watch.seen() == 1 == watch.seen()
    with opened(None) as nothing:
        assert nothing.seen() == -1


def test_a_service_that_reads_no_file_gets_no_credit_for_holding(begin: Start, rows: list[Row]) -> None:
    record = carried_out("bad_rollout", begin(MODEL="ignore"), rows)
    assert record.facts["second_opened"] == 0
    assert level("bad_rollout", record) == "ignores", record.facts


def test_a_second_instance_that_is_never_ready_costs_no_request(begin: Start, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout.Rollout, "serves", lambda self, instance: instance is self.candidate)
    monkeypatch.setattr(rollout, "READY_S", 1.0)
    record = carried_out("rolling_update", begin(), rows, injected=False)
    assert record.facts["second_ready_s"] == -1 and record.facts["failed"] == 0 == record.facts["by_second"]
    assert level("rolling_update", record) is None, "it shares a core with the first, which may be why"


def test_a_first_instance_that_does_not_leave_is_killed_and_serves_again(begin: Start, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "EXIT_S", 1.0)
    scene = begin(DRAIN="never")
    pid = scene.candidate.state().pid
    record = carried_out("rolling_update", scene, rows)
    assert record.facts["exit_s"] == -1 and scene.candidate.state().pid != pid
    assert level("rolling_update", record) in {"lingers", "few"}, record.facts
