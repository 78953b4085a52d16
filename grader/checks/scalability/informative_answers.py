"""Under load, do answers still depend on the input, or is one and the same number given to everybody?"""

from __future__ import annotations

from grader.checks.analysis.load import good
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import LoadEvidence


def check(load: LoadEvidence, bars: Bars) -> Finding:
    seen = [(w.alike_share, w) for w in load.windows if w.alike_share is not None and good(w) >= bars["fewest"]]
    if not seen:
        return unmeasured("no window of load had enough valid predictions to compare")
    share, window = max(seen, key=lambda item: item[0])
    level = up_to(share, (bars["varied"], "varied"), (bars["flat"], "flat"), beyond="alike")
    text = f"at most {share:.1%} of the answers of one window carry the same score (window {window.name}, {good(window)} answers)"
    return reached(level, text, measure("answers alike", share * 100, "%", n=good(window)))
