"""Continuous integration: pipelines with steps that run something, and what they run."""

from __future__ import annotations

import re

from grader.schema.evidence import Probe, Sighting
from harness.source.probes.changes import only_on
from harness.source.probes.ci_steps import Facts, Step, steps
from harness.source.probes.picked import picked
from harness.source.probes.recipes import recipe
from harness.source.probes.secrets import KINDS
from harness.source.probes.suites import is_hidden, left_out, runs_elsewhere
from harness.source.sightings import sighting
from harness.source.view import MAX_PLACES, View, no_subject, probe

NO_CI = "no continuous integration"
_TESTS = re.compile(
    r"\bpytest\b|\bpy\.test\b|\bpython3? -m unittest\b|\btox\b|\bnox\b|\b(?:make|just|task|poe|hatch run|npm(?: run)?|uv run) [\w:-]*test|"
    r"\b(?:yarn|pnpm|bun)(?: run)? [\w:-]*test|\bnpm t\b|\bnode --test\b|\b(?:jest|vitest|mocha|rspec|ctest)\b|\bhatch test\b|"
    r"\b(?:go|cargo|dotnet|sbt|swift|mix) (?:nextest|[\w -]*\btest)\b|"
    r"\bmvnw?\b[^;&|]*\b(?:test|verify|install)\b|\bgradlew?\b[^;&|]*\b(?:test|check|build)\b|"
    r"\bdocker(?: buildx)? build\b[^;&|]*--target[ =]\S*test|\bdocker[ -]compose\b[^;&|]*\b(?:run|up|exec)\b[^;&|]*test",
    re.I,
)
_IMAGE = re.compile(
    r"\bdocker(?: buildx| image)? build\b|\bdocker buildx bake\b|docker/(?:build-push|bake)-action|\bbuildah (?:bud|build)\b|\bpodman build\b|kaniko|"
    r"\bdocker[ -]compose\b[^\n]* build\b|\bskaffold build\b|\bko build\b|\bnerdctl build\b|\baz acr build\b|\bgcloud builds submit\b|"
    r"\b(?:make|just|task) [\w:-]*(?:image|docker|build)|pack build\b|gcr\.io/cloud-builders/docker",
    re.I,
)
_PASSED = re.compile(r"((?:--?p(?:ass(?:word)?)?|--token|\b\w*(?:SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY)\w*)(?:=|\s+))(?![$\"'{(-]|\s)[^\s|;&]+", re.I)
"""A password or token that is passed in a command, or set before it; variables are no secrets."""
MAX_PARTS = 50
"""Commands with tests that one step may come to, to be counted."""
MAX_LINE, MAX_SHOWN = 1_000, 4_000
"""Characters of a command that are searched for what it does, and that are searched for secrets before its beginning is shown."""
_NAMES_ONLY = re.compile(r"\b(?:install|add|which|--version)\b")
_LEAVES = re.compile(r"^\s*[@+-]*(?:cd|pushd)\s")
_MAY_TEST = re.compile(
    r"/\.github/workflows/|\b(?:pre-commit|prek|lefthook|earthly|dagger|bazel|pants)\b|"
    r"(?:\bpython[\d.]*|\bsh|\bRscript)\s+\S*(?:test|check|ci)\S*\.\w+\b",
    re.I,
)
"""Steps whose tests, if they run any, are told elsewhere."""
_BUILD_TOOLS = re.compile(r"\b(?:mvnw?|gradlew?)\b")


def commands(view: View) -> dict[str, list[str]]:
    """File -> the commands and actions of its steps; files without any are left out."""
    found: dict[str, list[str]] = {}
    for step in steps(view):
        found.setdefault(step.path, []).append(step.text)
    return found


def ci_workflow(view: View) -> Probe:
    found = commands(view)
    return probe(bool(found), f"{sum(map(len, found.values()))} steps" if found else NO_CI, found)


def ci_runs_tests(view: View) -> Probe:
    """sightings: every step that runs tests, with its conditions. `selected`: how many tests its options leave; `recipe`: what it stands for;
    `only_on`: what alone starts it, where no change of the service does; `ran` of `beside`: the tests that it runs of those in their folders."""
    return _runs(view, _TESTS, "no step runs tests")


def ci_builds_image(view: View) -> Probe:
    return _runs(view, _IMAGE, "no step builds an image")


def _runs(view: View, pattern: re.Pattern[str], otherwise: str) -> Probe:
    found = steps(view)
    if not found:
        return no_subject(NO_CI)
    hits = [(step, facts) for step in found if (facts := _does(view, step, pattern)) is not None]
    places = [(step.path, _line(view, step)) for step, _ in hits[:MAX_PLACES]]
    counted = pattern is _TESTS and _are_all_told(view, found)
    seen = (_sight(view, step, {**facts, **_limits(view, step, pattern, counted=counted)}) for step, facts in hits)
    return probe(bool(hits), _shown(hits[0][0].text) if hits else otherwise, places, sightings=seen)


def _limits(view: View, step: Step, pattern: re.Pattern[str], *, counted: bool) -> Facts:
    """What keeps a step from being run for every change, and from running all tests."""
    alone = only_on(view, step, image=pattern is _IMAGE)
    told: Facts = {"only_on": _shown(alone)} if alone is not None else {}
    seen = left_out(view, _named(view, step.text), step.folder) if counted else None
    return told | ({"ran": float(seen[0]), "beside": float(seen[1])} if seen is not None else {})


def _named(view: View, text: str) -> tuple[str, ...]:
    """The commands with tests, and those that change the folder, of a step and of what is behind it; read once for each text."""
    known = view.memo.setdefault("test_commands", {})
    assert isinstance(known, dict)
    if text not in known:
        parts = [part for line in [*(recipe(view, text) or []), text] for part in _parts(line) if _TESTS.search(part) or _LEAVES.match(part)]
        known[text] = tuple(part for part in parts if recipe(view, part) is None) if len(parts) <= MAX_PARTS else ()
    found = known[text]
    assert isinstance(found, tuple)
    return found


def _are_all_told(view: View, found: list[Step]) -> bool:
    """Whether the steps are all that may run tests."""
    return not (runs_elsewhere(view) or is_hidden(view) or any(_MAY_TEST.search(step.text) for step in found))


def _does(view: View, step: Step, pattern: re.Pattern[str]) -> Facts | None:
    """Facts of a step that does what the pattern says, by itself or through what it calls; None where it does not."""
    direct = any(pattern.search(part) for part in _parts(step.text))
    behind = recipe(view, step.text)
    if behind is None:
        return {} if direct else None
    lines = [line for line in behind if any(pattern.search(part) for part in _parts(line))]
    if not lines:
        return {"recipe": " ; ".join(behind)} if direct else None
    return {"recipe": " ; ".join(line.lstrip("@-+") for line in lines), "ignored": float(all(re.match(r"[@+]*-", line) for line in lines))}


def _sight(view: View, step: Step, facts: Facts) -> Sighting:
    chosen = picked(view, step.text, step.folder)
    more = {"selected": float(chosen)} if chosen is not None else {}
    told = {name: _shown(value) if isinstance(value, str) else value for name, value in {**step.facts, **facts, **more}.items()}
    return sighting(_shown(step.text), step.path, told, _line(view, step))


def _shown(text: str) -> str:
    """A command without the secrets in it: evidence is shown."""
    if len(text) > MAX_SHOWN:  # what is evidence is far shorter, and no part of a secret may stand at its end
        text = text[:MAX_SHOWN].rpartition(" ")[0] or "a command"
    for kind in KINDS.values():
        text = kind.sub("***", text)
    return _PASSED.sub(r"\1***", text)


def _line(view: View, step: Step) -> int | None:
    return view.line_of(step.path, step.first[:60])


def _parts(line: str) -> list[str]:
    """The commands of a line; installing or naming a test runner is not running it."""
    return [part for part in re.split(r"&&|\|\||;", line[:MAX_LINE]) if not _NAMES_ONLY.search(part) or _BUILD_TOOLS.search(part)]


PROBES = {"ci_workflow": ci_workflow, "ci_runs_tests": ci_runs_tests, "ci_builds_image": ci_builds_image}
