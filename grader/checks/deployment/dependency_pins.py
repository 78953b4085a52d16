"""Which share of the declared dependencies names one exact version?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence, bars: Bars) -> Finding:
    pins, lock = repository.probes.get("dependencies_pinned"), repository.probes.get("lock_file")
    if pins is None or lock is None:
        return unmeasured("the repository scan did not read dependencies")
    if lock.subject and lock.found:
        return reached("locked", f"dependencies are locked ({lock.places[0].file if lock.places else 'lock file'})", places=lock.places)
    if not pins.subject:
        return reached("loose", "the repository declares no dependencies")
    share = pins.value if pins.value is not None else float(pins.found)
    level = at_least(share, (bars["locked"], "locked"), (bars["mostly"], "mostly"), below="loose")
    return reached(level, f"{share:.0%} of the dependencies name an exact version", measure("pinned", share * 100, "%"), places=pins.places)
