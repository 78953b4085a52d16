"""The frozen policy, and what makes two requests one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.jobs import policy
from grader.jobs.model import Job, Priority, identity
from grader.schema.base import Culprit
from grader.schema.causes import CAUSES

JOB = Job(origin="https://example.org/a.git", challenge="fraud-scoring")
VERSIONS = {"grader": "1", "challenge": "c", "rubric": "r"}


def test_what_the_candidate_or_the_submitter_did_is_never_repeated() -> None:
    for culprit in (Culprit.CANDIDATE, policy.SUBMITTER):
        assert policy.pause(culprit, "build_failed", 1) is None


def test_the_hosts_trouble_is_waited_out_with_growing_pauses_and_an_end() -> None:
    waits = [policy.pause(Culprit.HOST, "engine_down", tries) for tries in (1, 2, 3, 4)]
    assert waits == [60.0, 300.0, 900.0, None]


def test_what_waiting_does_not_mend_is_not_waited_for() -> None:
    assert policy.pause(Culprit.HOST, "not_permitted", 1) is None
    assert set(CAUSES) >= policy.NEVER


def test_a_verdict_without_enough_evidence_is_repeated_only_for_our_own_troubles() -> None:
    assert policy.worth_another([("candidate", "start_exited")]) is None
    assert policy.worth_another([("candidate", "start_exited"), ("host", "host_noisy")]) == ("host", "host_noisy")
    assert policy.worth_another([("host", "prometheus_missing")]) is None


def test_every_culprit_has_a_row() -> None:
    assert set(policy.POLICY) == {*Culprit, policy.SUBMITTER, policy.LOST}


@pytest.mark.parametrize("other", [{"commit": "f" * 40}, {"challenge": "b"}, {"mode": "quick"}, {"attempt": 2}, {"rescore": "x"}, {"origin": "https://example.org/b.git"}])
def test_another_content_or_attempt_is_another_job(other: dict[str, object]) -> None:
    assert identity(replace(JOB, **other), VERSIONS) != identity(JOB, VERSIONS)  # type: ignore[arg-type]


def test_another_version_of_rubric_or_challenge_is_another_job() -> None:
    assert identity(JOB, VERSIONS | {"rubric": "r2"}) != identity(JOB, VERSIONS)


def test_the_same_content_is_the_same_job_whoever_asks_and_however_urgently() -> None:
    assert identity(replace(JOB, owner="b", priority=Priority.HIGH), VERSIONS) == identity(JOB, VERSIONS)


def test_with_a_key_only_the_key_counts() -> None:
    keyed = replace(JOB, key="submission-7")
    assert identity(replace(keyed, origin="https://example.org/b.git"), {}) == identity(keyed, VERSIONS)
    assert identity(replace(keyed, key="submission-8"), {}) != identity(keyed, {})


def test_a_job_survives_being_written_down() -> None:
    assert Job.load(replace(JOB, priority=Priority.LOW).dump()) == replace(JOB, priority=Priority.LOW)
