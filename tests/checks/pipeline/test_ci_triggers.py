"""Pipelines that no change of the service starts: what is planted, and what sound repositories write, through scan and check."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from checks.builders import level
from checks.scanned import levels, put, tree
from grader.checks.pipeline.ci_pipeline import check
from harness.source.probes import scan

CODE = {
    "svc/__main__.py": "from fastapi import FastAPI\nfrom svc.model import load\napp = FastAPI()\n"
    "@app.post('/predict')\ndef predict(x): return load()(x)\n",
    "svc/model.py": "def load():\n    return len\n",
    "jobs/train.py": "import joblib\ndef main():\n    joblib.dump(Model().fit([]), 'm')\nif __name__ == '__main__':\n    main()\n",
    "tests/test_api.py": "from svc.model import load\ndef test_it():\n    assert load()([]) == 0\n",
    "Dockerfile": 'FROM python:3.11-slim\nCOPY svc svc\nCMD ["python", "-m", "svc"]\n',
    "docs/index.md": "# Scoring\n",
    "docs/conf.py": "project = 'svc'\n",
}
STEPS = "jobs:\n  all:\n    steps:\n      - run: python -m pytest -q\n      - run: docker build -t svc .\n"
RUNS = "script:\n    - pytest -q\n    - docker build -t svc .\n"
GITHUB, GITLAB, CIRCLE = ".github/workflows/ci.yml", ".gitlab-ci.yml", ".circleci/config.yml"


def github(on: str, jobs: str = STEPS) -> dict[str, str]:
    return CODE | {GITHUB: f"{on}\n{jobs}"}


def gitlab(job: str, above: str = "") -> dict[str, str]:
    return CODE | {GITLAB: f"{above}check:\n  {job}\n  {RUNS}"}


def circle(filters: str) -> dict[str, str]:
    told = "version: 2.1\njobs:\n  t: {steps: [{run: pytest}, {run: docker build .}]}\n"
    return CODE | {CIRCLE: f"{told}workflows:\n  a:\n    jobs:\n      - t:\n          filters: {filters}\n"}


def azure(head: str) -> dict[str, str]:
    return CODE | {"azure-pipelines.yml": f"{head}\nsteps:\n- script: pytest -q\n- script: docker build -t svc .\n"}


def bitbucket(pipelines: str) -> dict[str, str]:
    return CODE | {"bitbucket-pipelines.yml": f"pipelines:\n  {pipelines}\n    - step: {{script: [pytest, docker build .]}}\n"}


def woodpecker(when: str) -> dict[str, str]:
    return CODE | {".woodpecker.yml": f"when: {when}\nsteps:\n  t: {{image: python, commands: [pytest, docker build .]}}\n"}


PLANTED = {
    "push for documents": github("on: {push: {paths: ['docs/**']}}"),
    "push and pull request for documents": github("on:\n  push: {paths: ['docs/**', '*.md']}\n  pull_request: {paths: ['**.md']}"),
    "python is ignored": github("on:\n  push:\n    paths-ignore: ['**.py']\n  pull_request:\n    paths-ignore: ['**/*.py']"),
    "the service's folder is ignored": github("'on': {pull_request: {paths-ignore: [svc/**, jobs/**]}}"),
    "the training alone": github("on: {push: {paths: [jobs/**]}, pull_request: {paths: ['jobs/*.py']}}"),
    "the tests alone": github("on: {push: {paths: ['tests/**']}}"),
    "all but the service": github("on: {push: {paths: ['**', '!svc/**']}}"),
    "a release branch": github("on: {push: {branches: [release]}}"),
    "release branches, and pull requests to them": github("on: {push: {branches: ['release/**']}, pull_request: {branches: ['release/**']}}"),
    "the branch of the pages": github("on:\n  push:\n    branches:\n      - gh-pages"),
    "tags": github("on: {push: {tags: ['v*']}}"),
    "a release": github("on: {release: {types: [published]}}"),
    "somebody writes an issue": github("on: [issues, issue_comment]"),
    "an event that does not come": github("on: push", STEPS.replace("    steps:", "    if: github.event_name == 'merge_group'\n    steps:")),
    "a job for a release branch": github("on: push", STEPS.replace("    steps:", "    if: github.ref == 'refs/heads/release'\n    steps:")),
    "a step for tags": github("on: push", STEPS.replace("- run: python", "- if: startsWith(github.ref, 'refs/tags/')\n        run: python")),
    "gitlab, only a branch": gitlab("only: [release]"),
    "gitlab, only an expression": gitlab("only: [/^release-.*$/]"),
    "gitlab, only tags": gitlab("only: {refs: [tags]}"),
    "gitlab, only changes": gitlab("only: {changes: ['docs/**/*']}"),
    "gitlab, rules with changes": gitlab("rules: [{changes: ['docs/**/*', README.md]}]"),
    "gitlab, rules with paths": gitlab("rules: [{if: $CI_COMMIT_BRANCH, changes: {paths: [docs/*]}}]"),
    "gitlab, rules with a branch": gitlab("""rules: [{if: '$CI_COMMIT_BRANCH == "release"'}, {when: never}]"""),
    "gitlab, rules with tags": gitlab("rules: [{if: $CI_COMMIT_TAG}]"),
    "gitlab, a workflow for the web alone": gitlab("stage: test", """workflow: {rules: [{if: '$CI_PIPELINE_SOURCE == "web"'}]}\n"""),
    "gitlab, all but the code": gitlab("except: {changes: ['**/*.py']}"),
    "circle, a branch": circle("{branches: {only: release}}"),
    "circle, no branch": circle("{branches: {ignore: /.*/}, tags: {only: /^v.*/}}"),
    "azure, a branch": azure("trigger: [release/*]\npr: none"),
    "azure, documents": azure("trigger: {branches: {include: [main]}, paths: {include: [docs/*]}}\npr: none"),
    "bitbucket, a branch": bitbucket("branches:\n    release/*:"),
    "woodpecker, a tag": woodpecker("{event: tag}"),
    "woodpecker, documents": woodpecker("[{event: push, path: 'docs/**'}]"),
    "travis, a branch": CODE | {".travis.yml": "branches: {only: [release]}\nscript:\n  - pytest\n  - docker build .\n"},
}


@pytest.mark.parametrize("style", PLANTED)
def test_a_pipeline_that_no_change_of_the_service_starts_runs_no_tests(tmp_path, style):
    assert levels(put(tmp_path, PLANTED[style]), "ci_pipeline") == {"ci_pipeline": "bare"}


SOUND = {
    "the service's folder": github("on: {push: {paths: ['svc/**']}}"),
    "all but documents": github("on: {push: {paths-ignore: ['docs/**', '**.md']}, pull_request: {}}"),
    "paths for pushes, every pull request": github("on: {push: {paths: ['docs/**']}, pull_request: }"),
    "python and more": github("on: {pull_request: {paths: ['**.py', 'requirements*.txt', '.github/workflows/ci.yml']}}"),
    "one folder with a slash": github("on: {push: {paths: ['svc/']}}"),
    "documents are taken out again": github("on: {push: {paths: ['**', '!docs/**']}}"),
    "a usual branch": github("on: {push: {branches: [main, release]}, pull_request: {branches: [develop]}}"),
    "an old usual branch": github("on: {push: {branches: [master]}}"),
    "every branch": github("on: {push: {branches: ['**']}}"),
    "no branch of machines": github("on: {push: {branches-ignore: ['dependabot/**', gh-pages]}}"),
    "a branch of one's own name": github("on: {push: {branches: [solution]}}"),
    "the default branch": github("on: {push: {branches: [$default-branch]}}"),
    "a branch that documents tell of": github("on: {push: {branches: [production]}}") | {"README.md": "Work is done on the branch `production`.\n"},
    "tags and branches": github("on: {push: {branches: [main], tags: ['v*']}}"),
    "tags, and pull requests": github("on: {push: {tags: ['v*']}, pull_request: {}}"),
    "a merge queue": github("on: merge_group"),
    "after a deployment": github("on: deployment_status"),
    "every night as well": github("on: {push: {paths: [docs/**]}, schedule: [{cron: '0 5 * * *'}]}"),
    "tests for all, the image for releases": github("on: push") | {
        GITHUB: "on: push\njobs: {t: {steps: [{run: pytest -q}]}}\n",
        ".github/workflows/image.yml": "on: {push: {tags: ['v*'], branches: [release]}}\njobs: {i: {steps: [{run: docker build .}]}}\n",
    },
    "a workflow for each part": CODE | {
        ".github/workflows/jobs.yml": "on: {push: {paths: [jobs/**]}}\njobs: {t: {steps: [{run: pytest jobs}]}}\n",
        ".github/workflows/svc.yml": "on: {push: {paths: [svc/**, tests/**]}}\njobs: {t: {steps: [{run: pytest tests}]}}\n",
        ".github/workflows/image.yml": "on: {push: {paths: [Dockerfile, requirements.txt]}}\njobs: {i: {steps: [{run: docker build .}]}}\n",
    },
    "an event that does come": github("on: [push, pull_request]", STEPS.replace("    steps:", "    if: github.event_name == 'push'\n    steps:")),
    "a condition on a usual branch": github("on: push", STEPS.replace("    steps:", "    if: github.ref == 'refs/heads/main'\n    steps:")),
    "one of two conditions": github("on: push", STEPS.replace(
        "    steps:", "    if: github.ref == 'refs/heads/release' || github.event_name == 'push'\n    steps:")),
    "gitlab, a default branch": gitlab("""rules: [{if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}, {if: $CI_MERGE_REQUEST_IID}]"""),
    "gitlab, merge requests": gitlab("""rules: [{if: '$CI_PIPELINE_SOURCE == "merge_request_event"'}]"""),
    "gitlab, a rule without a condition": gitlab("rules: [{if: $CI_COMMIT_TAG, when: never}, {when: always}]"),
    "gitlab, only words": gitlab("only: [merge_requests, main]"),
    "gitlab, an expression of any case": gitlab("only: [/^main$/i]"),
    "gitlab, changes of the code": gitlab("rules: [{changes: ['svc/**/*', 'docs/**/*']}]"),
    "gitlab, endings in braces": gitlab("rules: [{changes: ['**/*.{py,toml}']}]"),
    "gitlab, a variable of one's own": gitlab("rules: [{if: $RUN_TESTS}]"),
    "gitlab, no schedules": gitlab("except: [schedules, tags]"),
    "circle, usual branches": circle("{branches: {only: [main, /release.*/]}}"),
    "circle, tags as well": circle("{tags: {only: /.*/}}"),
    "azure, pull requests of themselves": azure("trigger: [release/*]"),
    "azure, with pull requests": azure("trigger: {paths: {exclude: [docs]}}\npr: [main]"),
    "bitbucket, default": bitbucket("default:"),
    "bitbucket, pull requests": bitbucket("pull-requests:\n    '**':"),
    "bitbucket, a pattern": bitbucket("branches:\n    '{main,develop}':"),
    "woodpecker, pushes": woodpecker("{event: [push, pull_request], branch: main}"),
    "woodpecker, one of two": woodpecker("[{event: tag}, {event: pull_request}]"),
    "travis, usual branches": CODE | {".travis.yml": "branches: {only: [master]}\nscript:\n  - pytest\n  - docker build .\n"},
}  # fmt: skip


@pytest.mark.parametrize("style", SOUND)
def test_a_pipeline_that_some_change_of_the_service_starts_is_not_blamed(tmp_path, style):
    assert levels(put(tmp_path, SOUND[style]), "ci_pipeline") == {"ci_pipeline": "complete"}


@pytest.mark.parametrize(
    ("expected", "branch", "filter"),
    [
        ("bare", "main", "acceptance"),
        ("bare", "master", "candidate-7/**"),
        ("complete", "main", "master"),
        ("complete", "solution", "solution"),
        ("complete", "release", "release"),
        ("complete", "feature/metrics", "solution"),
        ("bare", "feature/metrics", "release"),
    ],
)
def test_a_clone_tells_its_branch(tmp_path, expected, branch, filter):
    files = tree(put(tmp_path, github(f"on: {{push: {{branches: ['{filter}']}}}}")))
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=" + branch]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "all"], ["checkout", "-q", "--detach"]):
        subprocess.run([*git, *words], check=True)
    assert level("ci_pipeline", repository=scan(replace(files, kind="git"))) == expected


def test_who_does_not_know_what_serves_objects_to_nothing(tmp_path):
    whole = github("on: {push: {paths: ['docs/**']}}")
    files = {path: text for path, text in whole.items() if not path.endswith(".py")}
    assert levels(put(tmp_path, files), "ci_pipeline") == {"ci_pipeline": "complete"}


def test_the_finding_says_what_starts_it_and_where(oracle):
    file = oracle / GITHUB
    file.write_text(file.read_text().replace("  push: {branches: [main]}\n  pull_request:\n", "  push: {branches: [release]}\n"))
    found = check(scan(tree(oracle)))
    assert "runs only on: push (branches: release)" in found.observed
    assert f"{GITHUB}:16" in found.observed
