"""A submission that cannot be measured gets exit code 1 and a complete report with the reason; the candidate is named, nobody else."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest

from grader.schema.base import Culprit

from .grading import Done, Place, result_of, submission

pytestmark = pytest.mark.engine


def failed_by_candidate(place: Place, done: Done, stage: str, cause: str) -> str:
    """Asserts the verdict; returns the failure's sentence."""
    assert done.code == 1, done.err + done.out[-1500:]
    assert not done.err
    result = result_of(place.out)
    assert result.status == "gate_failed" and result.score.high <= 500, result.headline
    failure = next(failure for failure in result.failures if failure.stage == stage)
    assert (failure.cause, failure.culprit) == (cause, Culprit.CANDIDATE)
    assert all(other.culprit is Culprit.CANDIDATE for other in result.failures), "nobody else is to blame"
    sentences = (place.out / "report.html").read_text()
    assert failure.sentence.split(":")[0] in sentences
    assert "<failure" in (place.out / "junit.xml").read_text()
    assert list(place.temporary.iterdir()) == [] and place.state() == []
    return failure.sentence


def test_a_repository_without_a_dockerfile(place: Place, tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "README.md").write_text("# Fraud\n")
    failed_by_candidate(place, place.grade(tmp_path / "repository"), "image", "no_dockerfile")


def test_one_that_does_not_build(place: Place, tmp_path: Path) -> None:
    repository = submission(tmp_path / "repository", extra="RUN echo compiling the model && exit 7")
    said = failed_by_candidate(place, place.grade(repository), "image", "build_failed")
    assert "exit 7" in said or "returned a non-zero code: 7" in said
    assert "compiling the model" in (place.out / "bundle" / "logs" / "build.log").read_text()


def test_one_that_copies_what_it_does_not_hold(place: Place, tmp_path: Path) -> None:
    repository = submission(tmp_path / "repository", extra="COPY model.pkl /model.pkl")
    assert "model.pkl" in failed_by_candidate(place, place.grade(repository), "image", "copy_source_missing")


def test_one_that_exits_at_once(place: Place, tmp_path: Path) -> None:
    done = place.grade(submission(tmp_path / "repository", "exits"))
    assert "exit code 1" in failed_by_candidate(place, done, "boot", "start_exited")
    assert "no model here" in (place.out / "report.html").read_text(), "the log's last words are in the report"


def test_one_that_never_listens(place: Place, tmp_path: Path) -> None:
    done = place.grade(submission(tmp_path / "repository", "hangs"))
    assert "nothing listens" in failed_by_candidate(place, done, "boot", "start_timeout")


def test_one_that_does_not_speak_http(place: Place, tmp_path: Path) -> None:
    failed_by_candidate(place, place.grade(submission(tmp_path / "repository", "not_http")), "boot", "not_http")


def test_one_that_answers_nothing_with_status_200(place: Place, tmp_path: Path) -> None:
    done = place.grade(submission(tmp_path / "repository", "answers_nothing"))
    assert "0 of" in failed_by_candidate(place, done, "load", "no_valid_prediction")


def test_one_that_dies_under_load_has_died_by_itself(place: Place, tmp_path: Path, engine: docker.DockerClient) -> None:
    """No part of ours moved, so nothing is unknown: what was refused after the crash was refused by the candidate."""
    done = place.grade(submission(tmp_path / "repository", "crashes"), "-m", "brief")
    result = result_of(place.out)
    assert done.code in (0, 1, 4)
    assert all(failure.culprit is Culprit.CANDIDATE for failure in result.failures), result.failures
    lost = [check for check in result.checks if check.area == "scalability" and check.outcome == "fail"]
    assert lost, "the load that nobody answered costs points"
