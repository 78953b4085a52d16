"""Is the sizing explained, and does the measured use fit the machine that was given?"""

from __future__ import annotations

from grader.checks.analysis.load import usable
from grader.checks.analysis.probes import holds
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, LoadWindow, Probe, RepositoryEvidence


def check(repository: RepositoryEvidence, load: LoadEvidence, challenge: Challenge, bars: Bars) -> Finding:
    rationale = repository.probes.get("sizing_rationale")
    return usable(load, "steady", lambda window: _judge(window, rationale, challenge, bars), best="fits")


def _judge(window: LoadWindow, rationale: Probe | None, challenge: Challenge, bars: Bars) -> Finding:
    if rationale is None or window.resources is None:
        return unmeasured("the reasoning was not looked for, or use was not measured")
    cpu = window.resources.cpu_seconds / window.seconds / challenge.limits.cpus
    memory = window.resources.memory_peak_bytes / (challenge.limits.memory_mib * 2**20)
    seen = f"steady load takes {cpu:.0%} of the CPU and {memory:.0%} of the memory; the sizing is {'' if holds(rationale) else 'not '}explained"
    figures = measure("CPU in use", cpu * 100, "%"), measure("memory in use", memory * 100, "%")
    if not holds(rationale):
        return reached("unexplained", seen, *figures)
    fits = cpu <= bars["cpu"] and memory <= bars["memory"]
    return reached("fits" if fits else "explained", seen, *figures, places=rationale.places)
