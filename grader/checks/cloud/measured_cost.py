"""What do a million predictions cost at the latency target, on the challenge's machine and prices?

The bars are shares of what a machine costs per million that just carries the spike: so a level depends on the service, and not on whose
price table it is, nor in which currency.
"""

from __future__ import annotations

from grader.checks.analysis.cost import Basis, basis, cpu_ms_per_prediction, money, per_million, sum_in_words
from grader.checks.analysis.load import PER_MILLION
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, Measure, measure, reached, unmeasured
from grader.schema.challenge import Challenge, Prices
from grader.schema.evidence import LoadEvidence, StressEvidence


def check(stress: StressEvidence, load: LoadEvidence, challenge: Challenge, bars: Bars) -> Finding:
    if challenge.prices is None:
        return unmeasured("the bundle holds no price table")
    found = basis(stress, load, challenge)
    if found is None:
        return unmeasured("neither a capacity nor CPU time per prediction was measured")
    finding = _judge(found, challenge.prices, challenge, bars, _cpu_hours(stress, load))
    if found.at_least and finding.level != "lean":
        return unmeasured(f"{finding.observed}; more could not be sent, so the truth may be cheaper")
    return finding


def _judge(found: Basis, prices: Prices, challenge: Challenge, bars: Bars, cpu: list[Measure]) -> Finding:
    if not found.rate_rps:
        return reached("wasteful", "no rate held the latency target: at it, no prediction is to be had for money", *cpu)
    limits, spike = challenge.limits, challenge.reality.rate_rps * challenge.reality.burst_factor
    cost, carries = per_million(prices, limits, found.rate_rps), per_million(prices, limits, spike)
    level = up_to(cost / carries, (bars["lean"], "lean"), (bars["fair"], "fair"), (bars["dear"], "dear"), beyond="wasteful")
    seen = f"{money(prices, cost)} per million predictions {found.says}: {sum_in_words(prices, limits, found.rate_rps)}"
    seen += "".join(f"; {m.value:.2f} CPU hours per million" for m in cpu)
    seen += f"; a machine that just carries the spike of {spike:g}/s costs {money(prices, carries)}"
    return reached(level, seen, measure("cost per million predictions", cost, prices.currency), *cpu)


def _cpu_hours(stress: StressEvidence, load: LoadEvidence) -> list[Measure]:
    cpu_ms = cpu_ms_per_prediction(stress, load)
    return [measure("CPU per million predictions", cpu_ms / 1e3 * PER_MILLION / 3600, "h")] if cpu_ms else []
