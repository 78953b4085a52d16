"""From its start to its first prediction: how long must a replica be paid for, or be kept ahead of need, before it helps?"""

from __future__ import annotations

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import BootEvidence


def check(boot: BootEvidence, bars: Bars) -> Finding:
    seconds = boot.first_prediction_s
    if seconds is None:
        return reached("never", "no prediction was answered after the start")
    level = up_to(seconds, (bars["prompt_s"], "prompt"), (bars["fair_s"], "fair"), beyond="slow")
    return reached(level, f"first prediction {seconds:.1f} s after the start (at most {bars['prompt_s']:g} s)", measure("cold start", seconds, "s"))
