from __future__ import annotations

import json

import pytest

from checks.builders import level, repository
from checks.scanned import SOUND, SUBMISSIONS, levels, put
from grader.schema.evidence import Place, Probe, Sighting


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


def quoted(*commands):
    seen = [Sighting(text=command, place=Place(file="ci.yml", line=n)) for n, command in enumerate(commands, 9)]
    return Probe(subject=True, found=True, detail=commands[0], places=[step.place for step in seen], sightings=seen)


def counted(*steps):
    """Steps that run so many tests of so many beside them; (ran, beside, more facts)."""
    seen = [
        Sighting(text=f"pytest {n}", place=Place(file="ci.yml", line=n), facts={"ran": ran, "beside": beside} | more)
        for n, (ran, beside, more) in enumerate(steps, 9)
    ]
    return repository(ci_workflow=True, ci_runs_tests=Probe(subject=True, found=True, sightings=seen), ci_builds_image=True)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("few", counted((2, 16, {}))),
        ("few", counted((2, 16, {}), (16, 16, {"if": "false"}))),
        ("bare", counted((2, 16, {"only_on": "push (paths: docs/**)"}))),
        ("complete", counted((8, 16, {}))),
        ("complete", counted((2, 16, {}), (7, 16, {}))),
        ("complete", counted((1, 3, {}))),
        ("complete", repository(ci_workflow=True, ci_runs_tests=quoted("pytest tests/test_a.py"), ci_builds_image=True)),
    ],
)
def test_a_small_part_of_the_tests_is_few(expected, evidence):
    assert level("ci_pipeline", repository=evidence) == expected


def piped(*tests, image="docker build -t api ."):
    return repository(ci_workflow=True, ci_runs_tests=quoted(*tests or ["python -m pytest -q"]), ci_builds_image=quoted(image))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("bare", piped("pytest -q || true")),
        ("bare", piped("make test || :")),
        ("bare", piped("pip install . && pytest || echo 'tests failed'")),
        ("bare", piped("npm test || exit 0")),
        ("bare", piped("pytest --collect-only -q")),
        ("bare", piped("bash -c 'echo pytest passed'")),
        ("bare", piped("pytest -q || true", "pytest e2e || true")),
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
        piped("pytest e2e || true", "pytest -q"),
        piped("./gradlew test --info"),
        piped(image="docker/build-push-action@v6"),
        piped(image="echo $DOCKERFILE | docker build -t api -"),
        piped(image="docker rmi api || true; docker build -t api ."),
        piped(image="gcr.io/kaniko-project/executor:v1.23.0"),
    ],
)
def test_a_step_that_can_fail_is_not_blamed_nor_one_that_cannot_beside_it(evidence):
    assert level("ci_pipeline", repository=evidence) == "complete"


WORKFLOW = """\
on: [push, pull_request]
jobs:
  lint:
    steps: [{run: ruff check .}]
  test:
    needs: lint
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - name: tests
        run: |
          pip install -r requirements.txt
          pytest -q
  image:
    needs: [test]
    steps:
      - run: docker build -t api .
"""
TEST_STEP = "      - name: tests\n"
SCRIPT = "          pytest -q\n"
FILES = {"tests/test_api.py": "def test_it():\n    assert 1 + 1 == 2\n"}
GITLAB = """\
stages: [test, build]
.python: {image: python:3.12}
test:
  extends: .python
  script:
    - pip install -r requirements.txt
    - pytest -q
container:
  stage: build
  script: docker build -t api .
"""

CIRCLE = """\
version: 2.1
jobs:
  t: {steps: [{run: pytest}, {run: {command: docker build .}}]}
  x: {steps: [{run: ls}]}
workflows: {a: {jobs: [t]}}
"""


def workflow(before: str = "", after: str = "", file: str = ".github/workflows/ci.yml", text: str = WORKFLOW) -> dict[str, str]:
    assert before in text
    return FILES | {file: text.replace(before, after, 1)}


def trial(before: str, after: str) -> dict[str, str]:
    """Without the job that builds the image."""
    return workflow(before, after, text=WORKFLOW.split("  image:")[0])


def gitlab(before: str = "", after: str = "") -> dict[str, str]:
    return workflow(before, after, ".gitlab-ci.yml", GITLAB)


def gitlab_trial(before: str, after: str) -> dict[str, str]:
    return workflow(before, after, ".gitlab-ci.yml", GITLAB.split("container:")[0])


@pytest.mark.parametrize(
    ("expected", "files"),
    [
        ("bare", trial("on: [push, pull_request]", "on: workflow_dispatch")),
        ("bare", trial("on: [push, pull_request]", "'on': {workflow_dispatch: {inputs: {}}}")),
        ("bare", trial("  test:\n", "  test:\n    continue-on-error: true\n")),
        ("bare", trial(TEST_STEP, TEST_STEP + "        continue-on-error: true\n")),
        ("bare", trial(TEST_STEP, TEST_STEP + "        if: false\n")),
        ("bare", trial(TEST_STEP, TEST_STEP + "        if: ${{ false }}\n")),
        ("bare", trial("    steps: [{run: ruff check .}]", "    if: false\n    steps: [{run: ruff check .}]")),
        ("bare", trial("    needs: lint\n", "    if: github.event_name == 'workflow_dispatch'\n")),
        ("bare", trial(SCRIPT, "          set +e\n          pytest -q\n          ls\n")),
        ("bare", trial(SCRIPT, "          pytest -q | tee report.txt\n")),
        ("bare", trial(SCRIPT, "          pytest -q -k 'not test'\n")),
        ("bare", trial(SCRIPT, "          pytest -q --ignore=tests\n")),
        ("bare", trial(SCRIPT, "          pytest -q \\\n            --ignore tests\n")),
        ("bare", trial(SCRIPT, "          make test\n") | {"Makefile": "test:\n\t-pytest -q\n"}),
        ("bare", trial(SCRIPT, "          make test\n") | {"Makefile": "test: lint\n\t@echo no tests yet\nlint:\n\t@true\n"}),
        ("bare", trial(SCRIPT, "          npm test\n") | {"package.json": json.dumps({"scripts": {"test": "jest || true"}})}),
        ("bare", trial(SCRIPT, "          ./ci.sh\n") | {"ci.sh": "pytest -q || true\n"}),
        ("tests", workflow("    needs: [test]\n", "    needs: [test]\n    if: false\n")),
        ("tests", workflow("docker build -t api .", "docker build -t api . || echo later")),
        ("bare", gitlab_trial("  extends: .python\n", "  allow_failure: true\n")),
        ("bare", gitlab_trial("  extends: .python\n", "  when: manual\n")),
        ("bare", gitlab_trial("  extends: .python\n", "  rules: [{when: never}]\n")),
        ("bare", gitlab_trial(".python: {", ".python: {allow_failure: true, ")),
        ("bare", gitlab_trial("  script:\n", "  after_script:\n")),
        ("tests", gitlab("  stage: build\n", "  stage: build\n  when: manual\n")),
        ("bare", gitlab("stages:", "workflow: {rules: [{when: never}]}\nstages:")),
        ("bare", {"azure-pipelines.yml": "steps:\n- script: pytest\n  continueOnError: true\n- script: docker build .\n  enabled: false\n"}),
        ("bare", {"bitbucket-pipelines.yml": "pipelines:\n  custom:\n    all:\n    - step: {script: [pytest, docker build .]}\n"}),
        ("bare", {".buildkite/pipeline.yml": "steps:\n- {command: pytest, soft_fail: true}\n- {command: docker build ., skip: true}\n"}),
        ("bare", {".circleci/config.yml": CIRCLE.replace("[t]", "[x]")}),
        ("bare", {".drone.yml": "steps:\n- {name: t, commands: [pytest], failure: ignore}\n"}),
    ],
)  # fmt: skip
def test_what_never_runs_or_cannot_fail_stops_nothing(tmp_path, expected, files):
    assert levels(put(tmp_path, files), "ci_pipeline") == {"ci_pipeline": expected}


CALLED = {
    ".github/workflows/main.yml": "on: push\njobs:\n  t: {uses: ./.github/workflows/test.yml}\n  i: {steps: [{uses: ./.github/actions/image}]}\n",
    ".github/workflows/test.yml": "on: workflow_call\njobs:\n  t:\n    steps: [{run: pytest -q, working-directory: api}]\n",
    ".github/actions/image/action.yml": "runs:\n  using: composite\n  steps: [{run: docker build ., shell: bash}]\n",
}
STYLES = {
    "a workflow and an action of one's own": CALLED,
    "an experimental version that may fail": workflow("  test:\n", "  test:\n    continue-on-error: ${{ matrix.experimental }}\n"),
    "on demand as well": workflow("on: [push, pull_request]", "on: {push: {}, workflow_dispatch: {}}"),
    "every night": workflow("on: [push, pull_request]", "on: {schedule: [{cron: '0 5 * * *'}]}"),
    "not for drafts": workflow(TEST_STEP, TEST_STEP + "        if: ${{ !github.event.pull_request.draft }}\n"),
    "unless it was cancelled": workflow(TEST_STEP, TEST_STEP + "        if: ${{ !cancelled() }}\n"),
    "a pipe with pipefail": workflow(SCRIPT, "          set -o pipefail\n          pytest | tee x\n"),
    "a pipe in bash": workflow(SCRIPT + "  image:", "          pytest | tee x\n        shell: bash\n  image:"),
    "the status is asked for": workflow(SCRIPT, "          set +e\n          pytest -q\n          code=$?\n          exit $code\n"),
    "without the slow ones": workflow(SCRIPT, "          pytest -q -k 'not slow' --ignore=tests/load -m 'not gpu'\n"),
    "a linter that may fail": workflow("    steps: [{run: ruff check .}]", "    steps: [{run: mypy, continue-on-error: true}]"),
    "make check": workflow(SCRIPT, "          make check\n") | {"Makefile": "check: lint unit\nlint:\n\t-mypy .\nunit:\n\tpython -m pytest\n"},
    "make ci with the image": {
        ".github/workflows/a.yml": "on: push\njobs: {a: {steps: [{run: make ci}]}}\n",
        "Makefile": "ci:\n\tpytest\n\tdocker build .\n",
    },
    "a script": workflow(SCRIPT, "          bash scripts/verify.sh\n") | {"scripts/verify.sh": "set -eu\npython -m pytest -q\n"},
    "go": workflow(SCRIPT, "          go test ./...\n"),
    "maven": workflow(SCRIPT, "          ./mvnw -B verify\n"),
    "cargo": workflow(SCRIPT, "          cargo test --locked\n"),
    "in a stage of the image": workflow(SCRIPT, "          docker build --target test .\n"),
    "gitlab": gitlab(),
    "gitlab with references": gitlab("    - pip install -r requirements.txt\n", "    - !reference [.python, script]\n"),
    "gitlab with rules": gitlab("  extends: .python\n", "  rules: [{if: $CI_COMMIT_TAG, when: never}, {when: on_success}]\n"),
    "gitlab with an exit code that is known": gitlab("  extends: .python\n", "  allow_failure: {exit_codes: 137}\n"),
    "circle": {".circleci/config.yml": CIRCLE},
    "jenkins": {"Jenkinsfile": "stage('t') { steps { sh 'pytest -q' \n sh \"\"\"\n docker build -t api .\n\"\"\" } }\n"},
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_a_sound_pipeline_of_another_style_is_not_blamed(tmp_path, style):
    assert levels(put(tmp_path, FILES | STYLES[style]), "ci_pipeline") == {"ci_pipeline": "complete"}


@pytest.mark.parametrize("submission", SOUND)
def test_the_sound_submissions_are_complete(submission):
    assert levels(SUBMISSIONS / submission, "ci_pipeline") == {"ci_pipeline": "complete"}
