"""Is a shift of the base rate noticed, and is it let go afterwards?"""

from __future__ import annotations

from grader.checks.analysis.drift import noticed
from grader.checks.api import Bars, Finding
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence, RepositoryEvidence


def check(drift: DriftEvidence, repository: RepositoryEvidence, challenge: Challenge, bars: Bars) -> Finding:
    return noticed(drift, repository, challenge, "prior", bars)
