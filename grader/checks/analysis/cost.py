"""From a measured rate to money: what a million predictions cost at the latency target, on the challenge's machine and price table.

    cost = (vcpu_hour x CPUs + gib_hour x GiB) / (rate x utilisation x 3600) x 1e6

The whole machine is charged, idle or not, since that is what a bill does; `utilisation` is the share of its capacity that it serves on
average. Pure; shared by the cost checks and the table of cost drivers.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.checks.analysis.load import PER_MILLION, cpu_ms_per_request, shown_rate
from grader.schema.challenge import Challenge, Limits, Prices
from grader.schema.evidence import LoadEvidence, StressEvidence

HOUR_S = 3600
MIB_PER_GIB = 1024


@dataclass(frozen=True)
class Basis:
    """The rate in requests/s that a cost is reckoned at, and in words why that one. `confirmed`: it held the latency target.

    `rate_rps` is None where the service held the target at no rate. `at_least`: the truth may be a higher rate, and so a lower cost.
    """

    rate_rps: float | None
    says: str
    confirmed: bool
    at_least: bool = False


def basis(stress: StressEvidence, load: LoadEvidence, challenge: Challenge) -> Basis | None:
    """The confirmed capacity, or what a window showed to hold before the search; where none was measured, what CPU time alone would allow.

    That is the most. None without either.
    """
    capacity = stress.capacity
    if capacity is not None and not capacity.void:
        if capacity.rate_rps is None and (shown := shown_rate(load, challenge)):
            return Basis(shown, "at the latency target, at the rate of a window that held it before the search found none", confirmed=True)
        return Basis(capacity.rate_rps, "at the latency target", confirmed=True, at_least=capacity.limited_by != "service")
    cpu_ms = cpu_ms_per_prediction(stress, load)
    if cpu_ms is None:
        return None
    why = f"is void: {capacity.void}" if capacity is not None else "was not searched"
    return Basis(challenge.limits.cpus * 1e3 / cpu_ms, f"by CPU time alone, so at least this, since the capacity {why}", confirmed=False)


def cpu_ms_per_prediction(stress: StressEvidence, load: LoadEvidence) -> float | None:
    """At full load where that was measured: a core that sleeps between requests makes the same work look dearer. Else under steady load."""
    if stress.capacity is not None and stress.capacity.cpu_ms_per_request:
        return stress.capacity.cpu_ms_per_request
    steady = load.window("steady")
    return (cpu_ms_per_request(steady) or None) if steady else None


def machine_hour(prices: Prices, limits: Limits) -> float:
    """Price of the challenge's machine for an hour."""
    return prices.vcpu_hour * limits.cpus + prices.gib_hour * limits.memory_mib / MIB_PER_GIB


def per_million(prices: Prices, limits: Limits, rate_rps: float) -> float:
    """Cost of a million predictions on a machine that serves at most `rate_rps`."""
    return machine_hour(prices, limits) / (rate_rps * prices.utilisation * HOUR_S) * PER_MILLION


def served_rate(prices: Prices, limits: Limits, cost: float) -> float:
    """The other way round: requests/s that a machine must hold for a million predictions to cost `cost`."""
    return machine_hour(prices, limits) / (cost * prices.utilisation * HOUR_S) * PER_MILLION


def money(prices: Prices, value: float) -> str:
    """Three digits that count: `USD 0.0117`, `USD 1,234`."""
    return f"{prices.currency} {value:,.0f}" if value >= 100 else f"{prices.currency} {value:.3g}"


def sum_in_words(prices: Prices, limits: Limits, rate_rps: float) -> str:
    """The division behind a cost, with its numbers."""
    hour = f"{limits.cpus:g} vCPU x {prices.vcpu_hour:g} + {limits.memory_mib / MIB_PER_GIB:g} GiB x {prices.gib_hour:g}"
    served = rate_rps * prices.utilisation * HOUR_S / PER_MILLION
    return (
        f"({hour}) {prices.currency} an hour for {served:.3g} million predictions ({rate_rps:.0f}/s x {prices.utilisation:.0%} x {HOUR_S} s), "
        f"prices of {prices.date}"
    )
