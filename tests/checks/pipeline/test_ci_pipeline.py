from __future__ import annotations

import pytest

from checks.builders import level, repository
from grader.schema.evidence import Place, Probe


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("complete", {"repository": repository(ci_workflow=True, ci_runs_tests=True, ci_builds_image=True)}),
        ("tests", {"repository": repository(ci_workflow=True, ci_runs_tests=True, ci_builds_image=False)}),
        ("bare", {"repository": repository(ci_workflow=True, ci_runs_tests=False, ci_builds_image=False)}),
        ("none", {"repository": repository(ci_workflow=None, ci_runs_tests=None, ci_builds_image=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("ci_pipeline", **evidence) == expected


def quoted(command, times=1):
    return Probe(subject=True, found=True, detail=command, places=[Place(file="ci.yml", line=n + 9) for n in range(times)])


def piped(tests="python -m pytest -q", image="docker build -t api .", times=1):
    return repository(ci_workflow=True, ci_runs_tests=quoted(tests, times), ci_builds_image=quoted(image))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("bare", piped("pytest -q || true")),
        ("bare", piped("make test || :")),
        ("bare", piped("pip install . && pytest || echo 'tests failed'")),
        ("bare", piped("npm test || exit 0")),
        ("bare", piped("pytest --collect-only -q")),
        ("bare", piped("bash -c 'echo pytest passed'")),
        ("tests", piped(image="docker build -t api . || true")),
        ("tests", piped(image="docker build -t api . || true; docker images")),
    ],
)
def test_a_step_that_cannot_fail_checks_nothing(expected, evidence):
    assert level("ci_pipeline", repository=evidence) == expected


@pytest.mark.parametrize(
    "evidence",
    [
        piped("pytest -q || exit 1"),
        piped("pytest -q || (docker logs api && exit 1)"),
        piped("pytest -q || pytest --last-failed"),
        piped("docker rm -f api || true; pytest -q"),
        piped("docker rm -f api || true && pytest -q"),
        piped("pytest -q; true"),
        piped("echo 'running pytest' && pytest -q"),
        piped("pytest -q || true", times=2),
        piped("./gradlew test --info"),
        piped(image="docker/build-push-action@v6"),
        piped(image="echo $DOCKERFILE | docker build -t api -"),
        piped(image="docker rmi api || true; docker build -t api ."),
        piped(image="gcr.io/kaniko-project/executor:v1.23.0"),
    ],
)
def test_a_step_that_can_fail_is_not_blamed_nor_one_of_several_of_which_one_is_seen(evidence):
    assert level("ci_pipeline", repository=evidence) == "complete"
