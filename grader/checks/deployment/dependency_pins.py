"""Which share of the declared dependencies names one exact version, and do the lock files lock what they name?"""

from __future__ import annotations

from grader.checks.analysis.locks import differs, floats
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, not_applicable, reached, unmeasured
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence, bars: Bars) -> Finding:
    pins = repository.probes.get("dependencies_pinned")
    if pins is None:
        return unmeasured("the repository scan did not read dependencies")
    if not pins.subject:
        return not_applicable(pins.detail or "no dependencies are installed into the image")
    share = pins.value if pins.value is not None else float(pins.found)
    level = at_least(share, (bars["locked"], "locked"), (bars["mostly"], "mostly"), below="loose")
    for rung, flaw in (("apart", differs(pins)), ("direct", floats(pins))):
        if level == "locked" and flaw is not None:
            told, place = flaw
            return reached(rung, told, measure("pinned", share * 100, "%"), places=[place, *pins.places])
    return reached(level, f"{pins.detail or f'{share:.0%} pinned'}", measure("pinned", share * 100, "%"), places=pins.places)
