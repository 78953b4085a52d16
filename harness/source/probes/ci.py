"""Continuous integration: pipelines with steps that run something, and what they run."""

from __future__ import annotations

import re
from typing import Any

from grader.schema.evidence import Probe
from harness.source.probes.view import View, basename, no_subject, probe, walk

NO_CI = "no continuous integration"
_FILES = re.compile(
    r"^\.github/workflows/[^/]+\.ya?ml$|^\.gitlab-ci\.ya?ml$|^\.circleci/config\.ya?ml$|^azure-pipelines[^/]*\.ya?ml$|^bitbucket-pipelines\.ya?ml$|"
    r"^\.travis\.ya?ml$|^\.drone\.ya?ml$|^cloudbuild\.ya?ml$|^\.buildkite/[^/]+\.ya?ml$|^\.gitea/workflows/[^/]+\.ya?ml$|^\.woodpecker[^/]*\.ya?ml$"
)
_RUN_KEYS = frozenset({"run", "script", "command", "commands", "bash", "before_script", "uses", "args", "entrypoint"})
_TESTS = re.compile(r"\bpytest\b|\bpython3? -m unittest\b|\btox\b|\bnox\b|\b(?:make|just|task|poe|hatch run|npm(?: run)?|uv run) [\w:-]*test", re.I)
_IMAGE = re.compile(
    r"\bdocker(?: buildx| image)? build\b|docker/build-push-action|\bbuildah (?:bud|build)\b|\bpodman build\b|kaniko|"
    r"\bdocker[ -]compose\b[^\n]* build\b|"
    r"\b(?:make|just|task) [\w:-]*(?:image|docker|build)|pack build\b|gcr\.io/cloud-builders/docker",
    re.I,
)


def commands(view: View) -> dict[str, list[str]]:
    """File -> the commands and actions of its steps; files without any are left out."""
    found: dict[str, list[str]] = {}
    for path in view.paths:
        if _FILES.search(path) and path in view.yaml:
            found[path] = [line for document in view.yaml[path] for line in _lines(path, document)]
        elif basename(path) == "Jenkinsfile":
            found[path] = re.findall(r"\bsh\s*\(?\s*(?:script:\s*)?[\"']{1,3}([^\"']+)", view.text(path) or "")
    return {path: lines for path, lines in found.items() if lines}


def ci_workflow(view: View) -> Probe:
    found = commands(view)
    return probe(bool(found), f"{sum(map(len, found.values()))} steps" if found else NO_CI, found)


def ci_runs_tests(view: View) -> Probe:
    return _runs(view, _TESTS, "no step runs tests")


def ci_builds_image(view: View) -> Probe:
    return _runs(view, _IMAGE, "no step builds an image")


def _runs(view: View, pattern: re.Pattern[str], otherwise: str) -> Probe:
    found = commands(view)
    if not found:
        return no_subject(NO_CI)
    hits = [(path, line) for path, lines in found.items() for line in lines if any(pattern.search(part) for part in _parts(line))]
    places = [(path, view.line_of(path, re.escape(line[:60]))) for path, line in hits]
    return probe(bool(hits), hits[0][1] if hits else otherwise, places)


def _parts(line: str) -> list[str]:
    """The commands of a line; installing or naming a test runner is not running it."""
    return [part for part in re.split(r"&&|\|\||;", line) if not re.search(r"\b(?:install|add|which|--version)\b", part)]


def _lines(path: str, document: Any) -> list[str]:
    if path.startswith((".github/", ".gitea/")):
        jobs = document.get("jobs") if isinstance(document, dict) else None
        document = [job.get("steps") for job in jobs.values() if isinstance(job, dict)] if isinstance(jobs, dict) else None
    lines: list[str] = []
    for key, value in walk(document):
        if key in _RUN_KEYS and isinstance(value, str):
            lines += [line.strip() for line in value[:20_000].splitlines() if not re.match(r"^\s*(?:#|echo\b|$)", line)]
    return lines[:500]


PROBES = {"ci_workflow": ci_workflow, "ci_runs_tests": ci_runs_tests, "ci_builds_image": ci_builds_image}
