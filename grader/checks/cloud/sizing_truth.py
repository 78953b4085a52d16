"""Do the declared requests and limits fit what was measured, and is the reason for them written down?"""

from __future__ import annotations

from grader.checks.analysis.load import usable
from grader.checks.analysis.probes import holds, places
from grader.checks.analysis.sizing import REQUIRED, Use, fits, use
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, RepositoryEvidence, StressEvidence


def check(repository: RepositoryEvidence, load: LoadEvidence, stress: StressEvidence, challenge: Challenge, bars: Bars) -> Finding:
    asked = {id: repository.probes.get(id) for id in (*REQUIRED, "sizing_rationale")}
    declared = [probe for id, probe in asked.items() if id in REQUIRED and probe is not None]
    if None in asked.values():
        return unmeasured("the repository scan did not look for declared sizes and their reasoning")
    if missing := [probe.detail or "not declared" for probe in declared if not holds(probe)]:
        return reached("undeclared", "; ".join(dict.fromkeys(missing)))
    if unknown := [probe.detail for probe in declared if probe.value is None]:
        return unmeasured("; ".join(dict.fromkeys(unknown)))
    return usable(load, "steady", lambda _: _judge(repository, use(load, stress, challenge), bars), best="fits")


def _judge(repository: RepositoryEvidence, used: Use | None, bars: Bars) -> Finding:
    rationale = repository.probes["sizing_rationale"]
    if used is None:
        return unmeasured("CPU and memory were not measured under steady load")
    compared = fits(repository, used, bars)
    under, over = ([fit.words for fit in compared if fit.verdict == verdict] for verdict in ("under", "over"))
    verdicts = [f"too little: {', '.join(under)}"] * bool(under) + [f"more than is used: {', '.join(over)}"] * bool(over)
    seen = f"{'; '.join(map(str, compared))}. {'. '.join(verdicts) or 'All of it fits'}, and it is {'' if holds(rationale) else 'not '}explained"
    level = "under" if under else "over" if over else "fits" if holds(rationale) else "unexplained"
    figures = [measure(fit.words, fit.declared, fit.unit) for fit in compared]
    figures += [measure("CPU under steady load", used.steady_cores, "cores"), measure("peak memory", used.peak_mib, "MiB")]
    return reached(level, seen, *figures, places=places(repository.probes[id] for id in (*REQUIRED, "sizing_rationale")))
