"""Does the latency histogram agree with what our client measured, in seconds, with buckets that tell the p99?"""

from __future__ import annotations

from grader.checks.analysis.lies import NEAR, blunt, wrong_unit
from grader.checks.analysis.metrics import Between, Distribution, busiest, latencies
from grader.checks.analysis.waiting import untold
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import FaultsEvidence, MetricsEvidence


def check(metrics: MetricsEvidence, faults: FaultsEvidence | None, challenge: Challenge, bars: Bars) -> Finding:
    between = busiest(metrics)
    if isinstance(between, Finding):
        return between
    found = latencies(between, challenge) if between else []
    if between is None or not found or found[0].mean is None:
        return reached("missing", "no latency histogram moved under load")
    own, mean_s = found[0], found[0].mean
    client_s = (between.truth.mean_latency_ms or 0.0) / 1e3
    seen = f"{own.name}: {own.count:.0f} observations, mean {mean_s * 1e3:.2f} ms; our client measured {client_s * 1e3:.2f} ms"
    level, why = _level(own, mean_s, client_s, between, bars)
    if level == "true" and (why := untold(own, metrics, faults, challenge, bars["floor_ms"])):
        level = "untrue"
    if level == "true" and (why := blunt(own, mean_s, challenge.reality.slo_p99_ms / 1e3, bars["factor"]) or ""):
        level = "blunt"
    figures = measure("server mean", mean_s * 1e3, "ms"), measure("client mean", client_s * 1e3, "ms", n=between.truth.sent)
    return reached(level, f"{seen}; {why}" if why else seen, *figures)


def _level(own: Distribution, mean_s: float, client_s: float, between: Between, bars: Bars) -> tuple[str, str]:
    sent = between.truth.sent
    if mean_s >= client_s * bars["unit"] or "millis" in own.name or own.name.endswith("_ms"):
        return "wrong_unit", f"that is {wrong_unit(own, mean_s, client_s)}, not seconds"
    if own.broken:
        return "untrue", own.broken
    if abs(own.count - 2 * sent) <= 2 * NEAR * sent:
        return "untrue", f"{sent} requests were sent: everything is observed twice"
    if abs(own.count - sent) > max(bars["spare"], bars["count"] * sent):
        return "untrue", f"{sent} requests were sent: {'some are not observed' if own.count < sent else 'more is observed than that'}"
    if mean_s > client_s * bars["most"] + bars["slack_ms"] / 1e3:
        return "untrue", "the two do not agree: a server cannot take longer than its caller waits"
    if client_s * 1e3 > bars["floor_ms"] and mean_s < client_s * bars["least"]:
        return "untrue", "the two do not agree: only a part of the handler is measured, say the model, and not the wait around it"
    flat = "without buckets there are no percentiles"
    return ("true", "") if own.type == "histogram" and own.bounds else ("flat", flat)
