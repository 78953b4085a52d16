"""Are there tests, and do they reach the serving code?"""

from __future__ import annotations

from grader.checks.analysis.probes import holds
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence, bars: Bars) -> Finding:
    present, serving = repository.probes.get("tests_present"), repository.probes.get("tests_cover_serving")
    if present is None or serving is None:
        return unmeasured("the repository scan did not look for tests")
    count = int(present.value or 0) if holds(present) else 0
    reaches = holds(serving)
    seen = f"{count} test functions; the serving code is {'' if reaches else 'not '}reached by them"
    figure = measure("tests", count, "functions")
    if count >= bars["enough"] and reaches:
        return reached("serving", seen, figure, places=present.places)
    return reached("some" if count >= bars["few"] else "none", seen, figure, places=present.places)
