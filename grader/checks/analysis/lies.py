"""Names for the ways in which a metric is not true, from the numbers that it and our client tell."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite

from grader.checks.analysis.metrics import PREDICTS, Between, Distribution, falling_counters, on_route, readable
from grader.schema.challenge import Challenge
from grader.schema.evidence import MetricsEvidence, Scrape

MANY_WORKERS = 16
NEAR = 0.05
"""How close to 2, or to one half, a ratio must be to be called so."""
MICRO = 2e4
"""Times our client's mean: beyond it the unit is rather microseconds than milliseconds, whatever share of the time lies outside of the handler."""


def miscount(name: str, counted: float, between: Between, metrics: MetricsEvidence) -> str:
    """Which lie a count that is off by more than the bar tells."""
    sent = between.truth.sent
    ratio = counted / sent
    good = sum(n for status, n in between.truth.statuses.items() if status.startswith(("1", "2", "3")))
    fell = any(name in falling_counters(a, b) for a, b in idle_pairs(metrics))
    if ratio < 0 or fell:
        return "it falls while nothing is reset: one worker's share is told at a time (no multiprocess mode)"
    if counted == 0:
        return "it does not move"
    if abs(ratio - 2) <= 2 * NEAR:
        return "everything is counted twice (say, by a middleware and by the handler)"
    if ratio > 1:
        return "more is counted than was sent: other routes, or retries, count as predictions"
    if good < sent and abs(counted - good) <= max(2, 0.01 * sent):
        return "only successes are counted"
    share = round(1 / ratio)
    if 2 <= share <= MANY_WORKERS and abs(ratio * share - 1) <= 2 * NEAR:
        return f"about 1 in {share} is counted: one worker's share, as without multiprocess mode"
    return "requests are missing from it"


def counts_scrapes(name: str, metrics: MetricsEvidence, challenge: Challenge) -> float:
    """By how much the counter grew on the prediction route from the first idle scrape to the last, while nothing but scrapes was sent."""
    idle = idle_scrapes(metrics)

    def on_predictions(scrape: Scrape) -> float:
        samples = [s for family in scrape.families for s in family.samples if s.name == name]
        return sum(s.value for s in on_route(samples, challenge.contract) if s.value is not None)

    return on_predictions(idle[-1]) - on_predictions(idle[0]) if len(idle) > 1 else 0.0


def wrong_unit(own: Distribution, mean: float, client_s: float) -> str:
    """What unit a mean is in that cannot be seconds."""
    unit = "microseconds" if mean >= client_s * MICRO else "milliseconds"
    promise = " in a metric named seconds" if own.name.endswith("_seconds") else ""
    return f"{unit}{promise}"


def blunt(own: Distribution, mean_s: float, slo_s: float, factor: float) -> str | None:
    """Why the buckets cannot tell the p99 around the latency target, or None.

    A p99 whose whole bucket lies within the target is told well enough; else the bucket's ends may be a factor apart.
    """
    if not own.bounds:
        return None
    below = max((bound for bound in own.bounds if bound <= slo_s), default=0.0)
    above = min((bound for bound in own.bounds if bound >= slo_s), default=float("inf"))
    if below <= 0 or above / below > factor:
        return f"no two buckets lie within a factor of {factor:g} around the target of {slo_s:g} s"
    low, high = 0.0, float("inf")
    for bound, count in own.buckets:
        if count >= 0.99 * own.count:
            high = bound
            break
        low = bound
    if high > slo_s and high / max(low, mean_s) > factor:
        return f"the p99 lies anywhere between {low:g} and {high:g} s"
    return None


def one_bucket(own: Distribution) -> float | None:
    """The width of the one bucket that all observations of the stretch fell into; None where they spread over several, or beyond the last bound."""
    low, held = 0.0, 0.0
    for bound, count in own.buckets:
        if count > held:
            return bound - low if count >= own.count > 0 and isfinite(bound) else None
        low, held = bound, count
    return None


def fallen(earlier: Scrape, later: Scrape) -> tuple[str, bool] | None:
    """(counter that fell, whether one series fell alone). All of one process fall together where workers report apart; a gauge falls alone."""
    names = [name for name in falling_counters(earlier, later) if not name.endswith("_created")]
    return (names[0], len(names) == 1) if names else None


def idle_scrapes(metrics: MetricsEvidence) -> list[Scrape]:
    return [scrape for scrape in metrics.scrapes if scrape.moment.startswith("idle") and readable(scrape)]


def idle_pairs(metrics: MetricsEvidence) -> list[tuple[Scrape, Scrape]]:
    idle = idle_scrapes(metrics)
    return list(pairwise(idle))


def started_anew(earlier: Scrape, later: Scrape) -> bool:
    """The process's own start time says that counters began again."""
    return _total(earlier, "process_start_time_seconds") != _total(later, "process_start_time_seconds")


def names_predictions(name: str) -> bool:
    """The counter promises predictions, so nothing else may count."""
    return bool(PREDICTS.search(name))


def _total(scrape: Scrape, name: str) -> float:
    return sum(s.value for family in scrape.families for s in family.samples if s.name == name and s.value is not None)
