"""Does a CI workflow run the tests and build the image, so that a failure of either stops it?"""

from __future__ import annotations

import re

from grader.checks.analysis.ci_steps import few_tests, why_idle
from grader.checks.analysis.probes import climb, holds
from grader.checks.api import Finding, reached
from grader.schema.evidence import Place, Probe, RepositoryEvidence, Sighting

WORKFLOW, TESTS, IMAGE = "ci_workflow", "ci_runs_tests", "ci_builds_image"
SUBJECTS = {
    TESTS: re.compile(r"test|\b[tn]ox\b|\b(?:npm t|jest|rspec|mocha|verify|check|install|build)\b", re.I),
    IMAGE: re.compile(r"build|kaniko|\bimage\b|\bbake\b|\b(?:make|just|task)\b", re.I),
}
"""The commands of a quoted line that are meant by each finding."""


def check(repository: RepositoryEvidence) -> Finding:
    judged = {id: _stopping(seen, subject) for id, subject in SUBJECTS.items() if (seen := repository.probes.get(id)) is not None}
    rungs = [("complete", [WORKFLOW, TESTS, IMAGE]), ("tests", [WORKFLOW, TESTS]), ("bare", [WORKFLOW])]
    found = climb(RepositoryEvidence(probes={**repository.probes, **judged}), rungs, none="none")
    few = few_tests(_that_stop(repository.probes.get(TESTS)))
    if few is None or found.level not in ("complete", "tests"):
        return found
    first = judged[TESTS].sightings[0]
    return reached("few", f"{few}: {first.text} at {_at(first.place)}; {found.observed}", places=found.places)


def _stopping(seen: Probe, subject: re.Pattern[str]) -> Probe:
    """Not found where none of the steps that do it can stop anything."""
    whys = [why_idle(step, subject) for step in seen.sightings] if holds(seen) else []
    if not whys or not all(whys):
        return seen
    first = seen.sightings[0]
    return seen.model_copy(update={"found": False, "detail": f"{first.text} at {_at(first.place)}: {whys[0]}"})


def _at(place: Place) -> str:
    return place.file if place.line is None else f"{place.file}:{place.line}"


def _that_stop(seen: Probe | None) -> list[Sighting]:
    """The steps with tests whose failure stops something."""
    return [step for step in seen.sightings if why_idle(step, SUBJECTS[TESTS]) is None] if seen is not None else []
