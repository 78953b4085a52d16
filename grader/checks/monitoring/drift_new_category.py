"""Is a value that training never saw noticed, and is it let go afterwards?"""

from __future__ import annotations

from grader.checks.analysis.drift import noticed
from grader.checks.api import Bars, Finding
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence, PrometheusEvidence


def check(drift: DriftEvidence, prometheus: PrometheusEvidence | None, challenge: Challenge, bars: Bars) -> Finding:
    return noticed(drift, prometheus, challenge, "new_category", bars)
