"""Does the latency histogram agree with what our client measured, in seconds?"""

from __future__ import annotations

from grader.checks.analysis.metrics import Distribution, busiest, latencies
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import MetricsEvidence, SentTruth


def check(metrics: MetricsEvidence, challenge: Challenge, bars: Bars) -> Finding:
    between = busiest(metrics)
    if isinstance(between, Finding):
        return between
    found = latencies(between, challenge) if between else []
    if between is None or not found or found[0].mean is None:
        return reached("missing", "no latency histogram moved under load")
    own, mean_s = found[0], found[0].mean
    client_s = (between.truth.mean_latency_ms or 0.0) / 1e3
    seen = f"{own.name}: {own.count:.0f} observations, mean {mean_s * 1e3:.2f} ms; our client measured {client_s * 1e3:.2f} ms"
    level, why = _level(own, mean_s, client_s, between.truth, bars)
    return reached(level, seen + why, measure("server mean", mean_s * 1e3, "ms"), measure("client mean", client_s * 1e3, "ms", n=between.truth.sent))


def _level(own: Distribution, mean_s: float, client_s: float, truth: SentTruth, bars: Bars) -> tuple[str, str]:
    if mean_s >= client_s * bars["unit"] or "millis" in own.name or own.name.endswith("_ms"):
        return "wrong_unit", "; that is not in seconds"
    if own.broken:
        return "untrue", f"; {own.broken}"
    if abs(own.count - truth.sent) > max(bars["spare"], bars["count"] * truth.sent):
        return "untrue", f"; {truth.sent} requests were sent"
    slack = bars["slack_ms"] / 1e3
    too_low = client_s * 1e3 > bars["floor_ms"] and mean_s < client_s * bars["least"]
    if mean_s > client_s * bars["most"] + slack or too_low:
        return "untrue", "; the two do not agree"
    return ("true", "") if own.type == "histogram" and own.bounds else ("flat", "; without buckets there are no percentiles")
