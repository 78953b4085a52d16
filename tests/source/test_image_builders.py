"""Pipelines that build an image by a task, a plugin, an orb or an action of somebody's, and those that only push, log in or speak of it."""

from __future__ import annotations

import pytest

from harness.source.probes import scan

BUILD = {
    "azure docker2": (
        ".azure-pipelines/ci.yml",
        "trigger: [main]\njobs:\n- job: b\n  steps:\n  - task: Docker@2\n    inputs:\n      command: buildAndPush\n"
        "      Dockerfile: Dockerfile\n",
    ),
    "azure default": ("azure-pipelines.yml", "steps:\n- task: Docker@2\n  inputs:\n    repository: x\n"),
    "azure compose": ("azure-pipelines.yml", "steps:\n- task: DockerCompose@0\n  inputs:\n    action: Build services\n"),
    "cloudbuild": ("cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n  args: ['build', '-t', 'x', '.']\n"),
    "cloudbuild kaniko": ("cloudbuild.yaml", "steps:\n- name: gcr.io/kaniko-project/executor:latest\n  args: ['--destination=x']\n"),
    "circle orb step": (
        ".circleci/config.yml",
        "version: 2.1\norbs: {docker: circleci/docker@2}\njobs:\n  b:\n    steps:\n    - docker/build: {image: x}\nworkflows:\n"
        "  w:\n    jobs: [b]\n",
    ),
    "circle orb job": (
        ".circleci/config.yml",
        "version: 2.1\norbs: {docker: circleci/docker@2}\nworkflows:\n  w:\n    jobs:\n    - docker/publish:\n        image: x\n",
    ),
    "circle ecr": (".circleci/config.yml", "version: 2.1\nworkflows:\n  w:\n    jobs:\n    - aws-ecr/build_and_push_image:\n        repo: x\n"),
    "drone": (".drone.yml", "kind: pipeline\nsteps:\n- name: image\n  image: plugins/docker\n  settings:\n    repo: x\n"),
    "woodpecker": (".woodpecker.yml", "steps:\n  image:\n    image: woodpeckerci/plugin-docker-buildx\n    settings:\n      repo: x\n"),
    "jenkins": ("Jenkinsfile", "pipeline { stages { stage('b') { steps { script { docker.build('x') } } } } }\n"),
    "tekton": (".tekton/p.yaml", "kind: PipelineRun\nspec:\n  pipelineSpec:\n    tasks:\n    - name: b\n      taskRef: {name: buildah}\n"),
    "gh depot": (".github/workflows/a.yml", "on: push\njobs:\n  b:\n    steps:\n    - uses: depot/build-push-action@v1\n"),
    "gh redhat": (".github/workflows/a.yml", "on: push\njobs:\n  b:\n    steps:\n    - uses: redhat-actions/buildah-build@v2\n"),
    "gh mr-smithers": (".github/workflows/a.yml", "on: push\njobs:\n  b:\n    steps:\n    - uses: mr-smithers-excellent/docker-build-push@v6\n"),
    "buildkite plugin": (".buildkite/pipeline.yml", "steps:\n- plugins:\n  - docker-compose#v4:\n      build: app\n"),
}
DO_NOT = {
    "azure push only": ("azure-pipelines.yml", "steps:\n- script: pytest\n- task: Docker@2\n  inputs:\n    command: push\n"),
    "cloudbuild push": (
        "cloudbuild.yaml",
        "steps:\n- name: python\n  args: ['pytest']\n- name: gcr.io/cloud-builders/docker\n  args: ['push', 'x']\n",
    ),
    "gh devcontainers": (".github/workflows/a.yml", "on: push\njobs:\n  b:\n    steps:\n    - uses: docker/login-action@v3\n"),
    "a comment": ("Jenkinsfile", "stage('b') { steps { sh 'pytest' } }\n// docker.build('x')\n"),
    "a service": (".drone.yml", "steps:\n- name: t\n  image: docker\n  commands: [pytest]\n"),
}


@pytest.mark.parametrize("kind", BUILD)
def test_an_image_is_built(kind: str, make_tree) -> None:
    path, text = BUILD[kind]
    probe = scan(make_tree({"Dockerfile": "FROM python:3.11\n", path: text})).probes["ci_builds_image"]
    assert probe.found and [place.file for place in probe.places] == [path], probe.detail


@pytest.mark.parametrize("kind", DO_NOT)
def test_no_image_is_built(kind: str, make_tree) -> None:
    path, text = DO_NOT[kind]
    probe = scan(make_tree({"Dockerfile": "FROM python:3.11\n", path: text})).probes["ci_builds_image"]
    assert probe.subject and not probe.found, probe.detail
