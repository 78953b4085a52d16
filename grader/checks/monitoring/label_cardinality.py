"""Does the number of series stay bounded while requests are sent?"""

from __future__ import annotations

from grader.checks.analysis.cardinality import churning, growing, series_of
from grader.checks.analysis.metrics import busiest, readable
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import MetricsEvidence, Scrape


def check(metrics: MetricsEvidence, bars: Bars) -> Finding:
    between = busiest(metrics)
    if isinstance(between, Finding):
        return between
    if between is None:
        swollen = next((s for s in metrics.scrapes if s.truncated and s.moment == "after_steady"), None)
        first = metrics.scrape("before_steady")
        if swollen and first and not first.truncated:
            return reached("grows", f"the answer outgrew the cap while requests were sent: {swollen.problem}")
        return reached("missing", "no metrics whose series could be counted")
    before, after, sent = series_of(between.before), series_of(between.after), between.truth.sent
    grown = sum(after.values()) - sum(before.values())
    figures = measure("series", sum(after.values()), "series"), measure("new series per 1000 requests", grown / sent * 1e3, "series", n=sent)
    seen = f"{sum(before.values())} series before {sent} requests, {sum(after.values())} after"
    label = growing(between.before, between.after, round(bars["new"]))
    if label:
        return reached("grows", f"{seen}: {label.family} grows by a series per value of the label {label.name!r}", *figures)
    unruly = next((found for pair in _wrong(metrics) if (found := growing(*pair, round(bars["new"])))), None)
    if unruly:
        return reached("grows", f"{seen}: {unruly.family} grows by a series per wrong request, by the label {unruly.name!r}", *figures)
    restless = churning(metrics)
    if restless:
        return reached("grows", f"{seen}: {restless.family} gets a new {restless.name!r} at every scrape, so each one begins a new series", *figures)
    return reached("bounded" if sum(after.values()) <= bars["large"] else "large", seen, *figures)


def _wrong(metrics: MetricsEvidence) -> list[tuple[Scrape, Scrape]]:
    """The scrapes around the wrong requests: what they say, and what an error says of them, is as endless as customers are."""
    pairs = ((metrics.scrape(f"before_{stage}"), metrics.scrape(f"after_{stage}")) for stage in ("errors", "malformed_input"))
    return [(before, after) for before, after in pairs if before and after and readable(before) and readable(after)]
