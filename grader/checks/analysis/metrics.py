"""Reading a candidate's metrics by what they did between two scrapes, since names are the candidate's choice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from grader.checks.api import unmeasured
from grader.schema.challenge import Challenge, Contract
from grader.schema.evidence import Family, MetricsEvidence, Sample, Scrape, SentTruth
from grader.schema.result import Finding

ROUTE_LABELS = frozenset({"path", "route", "handler", "endpoint", "uri", "url", "view", "path_template", "http_route", "http_target"})
STATUS_LABELS = frozenset({"status", "code", "status_code", "http_status", "http_status_code", "response_code", "http_response_code", "status_class"})
RUNTIME = re.compile(r"^(process|python|go|jvm|nodejs)_")

REQUESTS = re.compile(r"request|predict|http|inference|score", re.I)
NOT_REQUESTS = re.compile(
    r"feature|store|fallback|degrad|error|fail|exception|drift|alert|feedback|label|audit|batch|_created|in_?flight|in_?progress"
    r"|duration|latency|seconds|_[mun]s$|bytes|size|promhttp|exec_count|pending",
    re.I,
)
PREDICTS = re.compile(r"predict|infer|invocation|scor", re.I)
TOLD_BY_NAME = re.compile(r"_(success(?:es|ful)?|fail(?:ed|ure|ures)?)(?:_total)?$", re.I)
"""Triton and MLServer have a counter per outcome instead of a label: nv_inference_request_success, nv_inference_request_failure."""
LATENCY = re.compile(r"latency|duration|seconds|_ms\b|millis|response_time|request_time", re.I)
NOT_LATENCY = re.compile(r"feature|store|drift|load|startup|feedback|audit|train|lag|_gc_", re.I)
SCORE = re.compile(r"score|probab|prediction", re.I)
NOT_SCORE = re.compile(r"latency|duration|seconds|_ms\b|drift|psi|ks_|size|bytes|request", re.I)


STEADY = "before_steady"
"""The scrape with which the stretch of steady load begins."""

MOST = 0.9
"""Share of the requests that must have been answered, for metrics to be judged by them where there are others."""


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
    buckets: tuple[tuple[float, float], ...] = ()
    """(upper bound, growth of the cumulative count), the +Inf bucket last."""


def readable(scrape: Scrape) -> bool:
    """Something could be parsed; `problem` may still name a flaw in it."""
    return scrape.status == 200 and bool(scrape.families)


def while_probed(metrics: MetricsEvidence) -> Scrape | None:
    """The readable scrape nearest to the contract's probe, which is the run's first: a retraining may change the model later on."""
    return next((scrape for scrape in metrics.scrapes if readable(scrape)), None)


def busiest(metrics: MetricsEvidence) -> Between | Finding | None:
    """The steady load, or what else has most requests between two readable scrapes; None if the candidate's metrics can be read nowhere.

    A service that drowns in the steady load answers no scrape then, or none in time. That is said where load is judged; its metrics are judged
    where it lives.
    """
    order = sorted(metrics.truths, key=lambda t: (_answered(t) < MOST, t.since != STEADY, -t.sent))
    stretches = [between for truth in order if truth.sent and (between := _between(metrics, truth))]
    if not stretches:
        return unmeasured("no requests were sent between two scrapes")
    return next((b for b in stretches if readable(b.before) and readable(b.after)), None)


def _answered(truth: SentTruth) -> float:
    """Share of the requests that got an answer, of whatever status."""
    return sum(count for status, count in truth.statuses.items() if status.isdigit()) / truth.sent if truth.sent else 0.0


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


def on_route(samples: list[Sample], contract: Contract) -> list[Sample]:
    """Samples of the prediction route where the family tells routes apart, else all.

    A route may be told by a template, a mounted prefix or the name of a function: then whatever sounds like predicting counts, and
    failing that whatever is none of the contract's other routes.
    """
    routes = [next((s.labels[key] for key in ROUTE_LABELS if key in s.labels), None) for s in samples]
    told = {route for route in routes if route is not None}
    if not told:
        return samples
    others = {_bare(path) for path in (contract.health, contract.ready, contract.metrics, contract.feedback, contract.version)}
    wanted = {route for route in told if _bare(route) == _bare(contract.predict)}
    wanted = wanted or {route for route in told if PREDICTS.search(route) and not re.search("batch", route, re.I)}
    wanted = wanted or {route for route in told if _bare(route) not in others}
    return [sample for sample, route in zip(samples, routes, strict=True) if route in wanted]


def _bare(route: str) -> str:
    return route.strip("/")


def request_counters(between: Between, challenge: Challenge) -> list[tuple[str, dict[str, float]]]:
    """(name, growth by status) of every counter that seems to count requests, those with a status label first.

    The status is "" where the family has no such label. A latency histogram's count stands in where there is no counter.
    """
    found = [_by_status(between, family, name, challenge) for family, name in _counters(between.after)]
    found += _by_name(between, challenge)
    found = found or [_by_status(between, f, f"{f.name}_count", challenge) for f in between.after.families if _is_latency(f)]
    return sorted(found, key=lambda item: ("" in item[1], abs(sum(item[1].values()) - between.truth.sent)))


def _by_name(between: Between, challenge: Challenge) -> list[tuple[str, dict[str, float]]]:
    """Pairs of counters whose names, not labels, tell success from failure; "failure" counts as an error's status."""
    stems: dict[str, dict[str, float]] = {}
    for family, name in _counters(between.after, any_name=True):
        outcome = TOLD_BY_NAME.search(name)
        if outcome and REQUESTS.search(name[: outcome.start()]):
            growth = _by_status(between, family, name, challenge)[1]
            stems.setdefault(name[: outcome.start()], {})[outcome[1].lower()] = sum(growth.values())
    return [(stem, by) for stem, by in stems.items() if len(by) > 1]


def latencies(between: Between, challenge: Challenge) -> list[Distribution]:
    """Latency distributions, most likely the request's own first."""
    found = [distribution(between, f, challenge) for f in between.after.families if _is_latency(f)]
    sent = between.truth.sent

    def likely(own: Distribution) -> tuple[object, ...]:
        """Of several that count what was sent, the one whose buckets tell most: one fine histogram beside a coarse one is enough."""
        off = abs(own.count - sent)
        about_all = off <= max(5, 0.02 * sent)
        return not re.search("request|http|predict", own.name), not about_all, not own.bounds, -len(own.bounds) if about_all else off

    return sorted(found, key=likely)


def score_distributions(between: Between, challenge: Challenge) -> list[Distribution]:
    """Distributions of served scores, closest count first."""
    families = [f for f in between.after.families if f.type in ("histogram", "summary") and SCORE.search(f.name) and not NOT_SCORE.search(f.name)]
    return sorted((distribution(between, f, challenge) for f in families), key=lambda d: abs(d.count - between.truth.sent))


def distribution(between: Between, family: Family, challenge: Challenge) -> Distribution:
    """One histogram or summary, summed over its label sets on the prediction route."""
    samples = on_route(family.samples, challenge.contract)
    count = sum(between.grew(s.name, s.labels) for s in samples if s.name == f"{family.name}_count")
    total = sum(between.grew(s.name, s.labels) for s in samples if s.name == f"{family.name}_sum")
    growth: dict[float, float] = {}
    for sample in samples:
        bound = _number(sample.labels.get("le", "")) if sample.name == f"{family.name}_bucket" else None
        if bound is not None:
            growth[bound] = growth.get(bound, 0.0) + between.grew(sample.name, sample.labels)
    bounds = tuple(sorted(bound for bound in growth if isfinite(bound)))
    mean = total / count if count > 0 else None
    return Distribution(family.name, family.type, count, mean, bounds, _broken(between.after, family.name), tuple(sorted(growth.items())))


def _broken(scrape: Scrape, name: str) -> str | None:
    """What the parser found wrong with this very family; names of families begin alike."""
    problems = (scrape.problem or "").split("; ")
    return next((problem for problem in problems if re.match(rf"{re.escape(name)}(?:_bucket|_sum|_count)?(?:[{{ ]|$)", problem)), None)


def falling_counters(earlier: Scrape, later: Scrape) -> list[str]:
    """Names of counters, one for each series that fell between two scrapes."""
    return sorted(
        name
        for family, name in _counters(later, any_name=True)
        for sample in family.samples
        if sample.name == name and sample.value is not None and sample.value < _value(earlier, name, sample.labels)
    )


def growth_of(between: Between, named: re.Pattern[str]) -> dict[str, float]:
    """Growth of every counter whose name fits, by sample name."""
    names = {name for family, name in _counters(between.after, any_name=True) if named.search(family.name)}
    return {name: between.grew(name) for name in sorted(names)}


def counter_growths(between: Between) -> list[float]:
    """Growth of every series of every counter, and of each counter over all of its series."""
    series = [between.grew(s.name, s.labels) for family, name in _counters(between.after, any_name=True) for s in family.samples if s.name == name]
    return series + [between.grew(name) for _, name in _counters(between.after, any_name=True)]


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
    for sample in on_route([s for s in family.samples if s.name == name], challenge.contract):
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


def _value(scrape: Scrape, name: str, labels: dict[str, str] | None) -> float:
    """A series' value, summed over label sets where none is given; 0 where it is not there."""
    samples = (s for family in scrape.families for s in family.samples if s.name == name)
    return sum(s.value for s in samples if s.value is not None and (labels is None or s.labels == labels))
