"""Reading a candidate's metrics by what they did between two scrapes, since names are the candidate's choice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.checks.api import unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import Family, MetricsEvidence, Sample, Scrape, SentTruth
from grader.schema.result import Finding

ROUTE_LABELS = frozenset({"path", "route", "handler", "endpoint", "uri", "url", "view", "path_template"})
STATUS_LABELS = frozenset({"status", "code", "status_code", "http_status", "response_code"})
RUNTIME = re.compile(r"^(process|python|go|jvm|nodejs)_")

REQUESTS = re.compile(r"request|predict|http|inference|score", re.I)
NOT_REQUESTS = re.compile(r"feature|store|fallback|degrad|error|fail|exception|drift|alert|feedback|label|audit|batch|_created|in_?flight", re.I)
LATENCY = re.compile(r"latency|duration|seconds|_ms\b|millis|response_time|request_time", re.I)
NOT_LATENCY = re.compile(r"feature|store|drift|load|startup|feedback|audit|train|lag|_gc_", re.I)
SCORE = re.compile(r"score|probab|prediction", re.I)
NOT_SCORE = re.compile(r"latency|duration|seconds|_ms\b|drift|psi|ks_|size|bytes|request", re.I)


@dataclass(frozen=True)
class Between:
    """Two readable scrapes and what our own client did between them."""

    before: Scrape
    after: Scrape
    truth: SentTruth

    def grew(self, name: str, labels: dict[str, str] | None = None) -> float:
        """Growth of one series between the scrapes; a series that was not there before counts from 0."""
        return _value(self.after, name, labels) - _value(self.before, name, labels)


@dataclass(frozen=True)
class Distribution:
    """A histogram or summary between two scrapes. `mean` is in the metric's own unit."""

    name: str
    type: str
    count: float
    mean: float | None
    bounds: tuple[float, ...]
    broken: str | None


def readable(scrape: Scrape) -> bool:
    """Something could be parsed; `problem` may still name a flaw in it."""
    return scrape.status == 200 and bool(scrape.families)


def busiest(metrics: MetricsEvidence) -> Between | Finding | None:
    """The stretch with most requests between two readable scrapes; None if the candidate's metrics cannot be read there."""
    stretches = [between for truth in sorted(metrics.truths, key=lambda t: -t.sent) if truth.sent and (between := _between(metrics, truth))]
    if not stretches:
        return unmeasured("no requests were sent between two scrapes")
    return next((b for b in stretches if readable(b.before) and readable(b.after)), None)


def since(metrics: MetricsEvidence, moment: str) -> Between | Finding | None:
    """The stretch that begins at one moment; None if the candidate's metrics cannot be read there."""
    truth = metrics.truth(moment)
    between = _between(metrics, truth) if truth and truth.sent else None
    if between is None:
        return unmeasured(f"no requests were sent since the scrape {moment}")
    return between if readable(between.before) and readable(between.after) else None


def around(metrics: MetricsEvidence, fault: str) -> Between | None:
    """The scrapes `before_<fault>` and `after_<fault>`; what was sent between them stands in the fault's own record."""
    nothing = SentTruth(
        since=f"before_{fault}", until=f"after_{fault}", sent=0, statuses={}, mean_latency_ms=None, score_n=0, score_mean=None, score_sd=None
    )
    return _between(metrics, nothing)


def _between(metrics: MetricsEvidence, truth: SentTruth) -> Between | None:
    before, after = metrics.scrape(truth.since), metrics.scrape(truth.until)
    return Between(before, after, truth) if before and after else None


def own_families(scrape: Scrape) -> list[Family]:
    """Families beyond those that a client library exports by itself."""
    return [family for family in scrape.families if not RUNTIME.search(family.name)]


def on_route(samples: list[Sample], route: str) -> list[Sample]:
    """Samples of the prediction route where the family tells routes apart, else all."""
    if not any(ROUTE_LABELS & set(s.labels) for s in samples):
        return samples
    return [s for s in samples if any(s.labels.get(key, "").strip("/") == route.strip("/") for key in ROUTE_LABELS)]


def request_counters(between: Between, challenge: Challenge) -> list[tuple[str, dict[str, float]]]:
    """(name, growth by status) of every counter that seems to count requests, those with a status label first.

    The status is "" where the family has no such label. A latency histogram's count stands in where there is no counter.
    """
    found = [_by_status(between, family, name, challenge) for family, name in _counters(between.after)]
    found = found or [_by_status(between, f, f"{f.name}_count", challenge) for f in between.after.families if _is_latency(f)]
    return sorted(found, key=lambda item: ("" in item[1], abs(sum(item[1].values()) - between.truth.sent)))


def latencies(between: Between, challenge: Challenge) -> list[Distribution]:
    """Latency distributions, most likely the request's own first."""
    found = [distribution(between, f, challenge) for f in between.after.families if _is_latency(f)]
    return sorted(found, key=lambda d: (not re.search("request|http|predict", d.name), abs(d.count - between.truth.sent)))


def score_distributions(between: Between, challenge: Challenge) -> list[Distribution]:
    """Distributions of served scores, closest count first."""
    families = [f for f in between.after.families if f.type in ("histogram", "summary") and SCORE.search(f.name) and not NOT_SCORE.search(f.name)]
    return sorted((distribution(between, f, challenge) for f in families), key=lambda d: abs(d.count - between.truth.sent))


def distribution(between: Between, family: Family, challenge: Challenge) -> Distribution:
    """One histogram or summary, summed over its label sets on the prediction route."""
    samples = on_route(family.samples, challenge.contract.predict)
    count = sum(between.grew(s.name, s.labels) for s in samples if s.name == f"{family.name}_count")
    total = sum(between.grew(s.name, s.labels) for s in samples if s.name == f"{family.name}_sum")
    bounds = sorted({float(s.labels["le"]) for s in samples if s.name.endswith("_bucket") and _finite(s.labels.get("le", ""))})
    problem = between.after.problem or ""
    broken = problem if family.name in problem else None
    return Distribution(family.name, family.type, count, total / count if count > 0 else None, tuple(bounds), broken)


def falling_counter(earlier: Scrape, later: Scrape) -> str | None:
    """A counter that fell between two idle scrapes: two workers answered, each with numbers of its own."""
    for family, name in _counters(later, any_name=True):
        for sample in family.samples:
            if sample.name == name and sample.value is not None and sample.value < _value(earlier, name, sample.labels):
                return name
    return None


def growth_of(between: Between, named: re.Pattern[str]) -> dict[str, float]:
    """Growth of every counter whose name fits, by sample name."""
    names = {name for family, name in _counters(between.after, any_name=True) if named.search(family.name)}
    return {name: between.grew(name) for name in sorted(names)}


def _counters(scrape: Scrape, *, any_name: bool = False) -> Iterator[tuple[Family, str]]:
    """(family, sample name) of counters; by default of those that may count requests."""
    for family in scrape.families:
        fits = any_name or (REQUESTS.search(family.name) and not NOT_REQUESTS.search(family.name))
        if _counts(family) and fits and not RUNTIME.search(family.name):
            names = {s.name for s in family.samples if not s.name.endswith("_created")}
            yield from ((family, name) for name in sorted(names))


def _counts(family: Family) -> bool:
    """A counter by type, or by name where a hand-written exposition states no type."""
    return family.type == "counter" or (family.type in ("unknown", "untyped") and any(s.name.endswith("_total") for s in family.samples))


def _by_status(between: Between, family: Family, name: str, challenge: Challenge) -> tuple[str, dict[str, float]]:
    counts: dict[str, float] = {}
    for sample in on_route([s for s in family.samples if s.name == name], challenge.contract.predict):
        status = next((sample.labels[key] for key in STATUS_LABELS if key in sample.labels), "")
        counts[status] = counts.get(status, 0.0) + between.grew(name, sample.labels)
    return name, counts


def _is_latency(family: Family) -> bool:
    return family.type in ("histogram", "summary") and bool(LATENCY.search(family.name)) and not NOT_LATENCY.search(family.name)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _finite(text: str) -> bool:
    value = _number(text)
    return value is not None and abs(value) != float("inf")


def _value(scrape: Scrape, name: str, labels: dict[str, str] | None) -> float:
    """A series' value, summed over label sets where none is given; 0 where it is not there."""
    samples = (s for family in scrape.families for s in family.samples if s.name == name)
    return sum(s.value for s in samples if s.value is not None and (labels is None or s.labels == labels))
