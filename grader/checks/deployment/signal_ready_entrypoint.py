"""Does the main process hear SIGTERM and leave in time, whatever form the entrypoint has?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence, ImageEvidence

_NOT_TO_BE_HEARD = frozenset({"KILL", "9", "STOP", "19"})
"""No process can handle these: an orchestrator that stops the image as it asks for ends it in the middle of its requests."""


def check(image: ImageEvidence, faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "sigterm_drain", worst="deaf")
    if isinstance(record, Finding):
        return record
    form = "shell form" if image.shell_form else "exec form"
    if image.stop_signal.upper().removeprefix("SIG") in _NOT_TO_BE_HEARD:
        return reached("deaf", f"the image asks to be stopped by {image.stop_signal} (STOPSIGNAL), which no process hears: SIGTERM never comes")
    exit_s = record.facts.get("exit_s")
    if exit_s is None:
        return unmeasured("the time from SIGTERM to exit was not recorded")
    if exit_s < 0:
        return reached("deaf", f"still running when the grace period ended after SIGTERM ({form} entrypoint)")
    level = up_to(exit_s, (bars["prompt_s"], "hears"), beyond="late")
    seen = f"exited {exit_s:.1f} s after SIGTERM (at most {bars['prompt_s']:g} s; {form} entrypoint)"
    return reached(level, seen, measure("exit after SIGTERM", exit_s, "s"))
