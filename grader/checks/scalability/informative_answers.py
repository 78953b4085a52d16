"""Under load, do answers still depend on their own input, or is one number given to everybody, or one request's number to another?"""

from __future__ import annotations

import math

from grader.checks.analysis.load import good
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import ContractEvidence, LoadEvidence


def check(load: LoadEvidence, contract: ContractEvidence | None, bars: Bars) -> Finding:
    seen = [(w.alike_share, w) for w in load.windows if w.alike_share is not None and good(w) >= bars["fewest"]]
    if not seen:
        return unmeasured("no window of load had enough valid predictions to compare")
    share, window = max(seen, key=lambda item: item[0])
    level = up_to(share, (bars["varied"], "varied"), (bars["flat"], "flat"), beyond="alike")
    text = f"at most {share:.1%} of the answers of one window carry the same score (window {window.name}, {good(window)} answers)"
    figures = [measure("answers alike", share * 100, "%", n=good(window))]
    alone = contract.predictions.rank_correlation if contract else None
    ranked = [(w.rank_correlation, w) for w in load.windows if w.rank_correlation is not None]
    if contract is not None and alone is not None and ranked:
        error = bars["kept"] * _error(alone, contract.predictions.valid)
        least = {w.name: bars["kept"] * alone - bars["sigmas"] * math.hypot(_error(rank, w.ok), error) for rank, w in ranked}
        together, worst = min(ranked, key=lambda item: item[0] - least[item[1].name])
        text += f"; scores rank payments with {together:.2f} in window {worst.name}, and with {alone:.2f} one at a time"
        figures.append(measure("rank correlation under load", together, "Spearman", n=worst.ok))
        if level == "varied" and together < least[worst.name]:
            return reached("mixed", f"{text}: under load they are not those of their own requests", *figures)
    return reached(level, text, *figures)


def _error(correlation: float, n: int) -> float:
    """Standard error of a rank correlation over n pairs (Bonett and Wright 2000, on the scale of the correlation itself)."""
    return (1 - correlation**2) * math.sqrt((1 + correlation**2 / 2) / (n - 3)) if n > 3 else 1.0
