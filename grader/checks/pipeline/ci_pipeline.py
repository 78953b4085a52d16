"""Does a CI workflow run the tests and build the image, so that a failure of either stops it?"""

from __future__ import annotations

import re

from grader.checks.analysis.commands import swallowed
from grader.checks.analysis.probes import climb, holds
from grader.checks.api import Finding
from grader.schema.evidence import Probe, RepositoryEvidence

WORKFLOW, TESTS, IMAGE = "ci_workflow", "ci_runs_tests", "ci_builds_image"
SUBJECTS = {TESTS: re.compile(r"test|\b[tn]ox\b", re.I), IMAGE: re.compile(r"build|kaniko|\bimage\b|\b(?:make|just|task)\b", re.I)}
"""The commands of a quoted line that are meant by each finding."""


def check(repository: RepositoryEvidence) -> Finding:
    judged = {id: _stopping(seen, subject) for id, subject in SUBJECTS.items() if (seen := repository.probes.get(id)) is not None}
    rungs = [("complete", [WORKFLOW, TESTS, IMAGE]), ("tests", [WORKFLOW, TESTS]), ("bare", [WORKFLOW])]
    return climb(RepositoryEvidence(probes={**repository.probes, **judged}), rungs, none="none")


def _stopping(seen: Probe, subject: re.Pattern[str]) -> Probe:
    """Not found where the one line that does it cannot fail. Of several lines the scan quotes the first, so then its word stands."""
    why = swallowed(seen.detail, subject) if holds(seen) and len(seen.places) <= 1 else None
    return seen.model_copy(update={"found": False, "detail": f"{seen.detail}: {why}"}) if why else seen
