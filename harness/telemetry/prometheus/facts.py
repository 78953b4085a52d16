"""Reads out of a running watch what the candidate's rules and dashboards did. Facts only; nothing here judges."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from grader.schema.causes import Trouble
from grader.schema.evidence import AlertStretch, Panel, PrometheusEvidence, Rule, RuleFile, Scraping
from harness.telemetry import exposition
from harness.telemetry.prometheus import promql
from harness.telemetry.prometheus.api import Refused
from harness.telemetry.prometheus.replay import replay
from harness.telemetry.prometheus.watcher import Watcher
from harness.telemetry.scraper import ACCEPT
from harness.text import one_line

STEP_S = 1.0
GAP_S = 2.5
"""Samples of an alert further apart than this belong to two stretches."""
MAX_STRETCHES, MAX_RULES, MAX_LABELS, MAX_LINT = 2000, 200, 16, 40
MAX_POINTS_STEP = 1000
BUDGET_S = 25.0
"""For all queries of dashboards: hostile ones run into Prometheus's own limits, each of them 5 s late."""
_SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created", "_info")


@dataclass(frozen=True)
class Span:
    """The watched time, in Unix seconds (Prometheus's clock), and how that clock stands to the run's."""

    start: float
    end: float
    offset: float

    def since(self, unix: float) -> float:
        """Seconds since the run's start."""
        return round(unix - self.offset, 3)

    def unix(self, since: float) -> float:
        return since + self.offset


def collect(watch: Watcher, since: float, stretches: Sequence[tuple[float, float]] = ()) -> PrometheusEvidence:
    """Everything that the watch saw until now. `since` is the CLOCK_MONOTONIC start of the run.

    `stretches` are (start_s, end_s) of drifts, in seconds since then: pending alerts that outlast one are replayed. Raises
    Trouble(prometheus_missing | stimulus_missing) when our side did not run; a candidate that cannot be scraped is a fact.
    """
    ready_s = watch.wait_ready()
    watch.wait_scraped()
    offset = time.time() - (time.monotonic() - since)
    span = Span(watch.started - since + offset, time.time(), offset)
    try:
        return _read(watch, span, ready_s, stretches)
    except Refused as refused:
        if watch.stopped is None:
            raise Trouble("prometheus_missing", f"Prometheus stopped answering: {refused}; {watch.prometheus.said()}") from refused
        return _stopped(watch, span, ready_s)


def _read(watch: Watcher, span: Span, ready_s: float, stretches: Sequence[tuple[float, float]]) -> PrometheusEvidence:
    scraping, first = _scraping(watch, span)
    if not scraping.scrapes:
        raise Trouble("stimulus_missing", "Prometheus never tried to scrape")
    names = Names(watch, span)
    rules = list(_rules(watch, names))
    alerts = _alerts(watch, span)
    return PrometheusEvidence(
        **_head(watch, span, ready_s), first_scrape_s=first, scraping=scraping, rules=rules, alerts=alerts,
        replays=replay(watch, rules, alerts, stretches, span.unix),
        panels=list(_panels(watch, span, names)), lint=_lint(watch),
    )  # fmt: skip


def _head(watch: Watcher, span: Span, ready_s: float) -> dict[str, Any]:
    return {
        "version": _version(watch), "job": watch.material.job, "target_labels": watch.material.target_labels, "ready_s": round(ready_s, 3),
        "from_s": span.since(span.start), "to_s": span.since(span.end), "files": [_file(rules) for rules in watch.files],
        "dashboards": list(dict.fromkeys(query.dashboard for query in watch.material.queries)), "stopped": watch.stopped,
    }  # fmt: skip


def _stopped(watch: Watcher, span: Span, ready_s: float) -> PrometheusEvidence:
    """What is still known of a watch that outgrew its memory."""
    nothing = Scraping(scrapes=0, failed=0, error="", median_s=None, max_s=None, samples=None)
    return PrometheusEvidence(
        **_head(watch, span, ready_s), first_scrape_s=None, scraping=nothing, rules=[], alerts=[], replays=[], panels=[], lint=[]
    )


def _version(watch: Watcher) -> str:
    try:
        return str(watch.api.get("status/buildinfo").get("version", ""))
    except Refused:
        return ""


def _file(rules: Any) -> RuleFile:
    alerting = sum("alert" in rule for rule in rules.rules)
    return RuleFile(
        path=one_line(rules.path, 200), alerting=alerting, recording=len(rules.rules) - alerting,
        problem=one_line(rules.problem, 400) if rules.problem else None, notes=[one_line(note, 200) for note in rules.notes],
    )  # fmt: skip


# --- scraping


def _scraping(watch: Watcher, span: Span) -> tuple[Scraping, float | None]:
    """The scrapes, and how long after the start the first one succeeded."""
    up = _raw(watch, "up", span)
    seconds = [float(value) for _, value in _raw(watch, "scrape_duration_seconds", span)]
    samples = [int(float(value)) for _, value in _raw(watch, "scrape_samples_scraped", span)]
    target: dict[str, Any] = next(iter(watch.api.get("targets", state="active")["activeTargets"]), {})
    first = next((at for at, value in up if value == "1"), None)
    return Scraping(
        scrapes=len(up), failed=sum(value != "1" for _, value in up), error=one_line(str(target.get("lastError", "")), 300),
        median_s=round(median(seconds), 4) if seconds else None, max_s=round(max(seconds), 4) if seconds else None,
        samples=max(samples, default=None),
    ), None if first is None else max(0.0, round(first - span.start, 3))  # fmt: skip


def _raw(watch: Watcher, metric: str, span: Span) -> list[tuple[float, str]]:
    found = watch.api.query(f"{metric}[{max(1, int(span.end - span.start) + 1)}s]", span.end)
    return sorted((float(at), str(value)) for series in found for at, value in series["values"])


# --- which series there are


class Names:
    """What Prometheus knows of metric names and their labels over the watch."""

    def __init__(self, watch: Watcher, span: Span) -> None:
        self._watch, self._span = watch, span
        self._seen = set(watch.api.get("label/__name__/values", start=span.start, end=span.end))
        declared = {str(entry.get("metric")) for entry in watch.api.get("targets/metadata")}
        self._declared = declared | {name.removesuffix(suffix) for name in declared for suffix in _SUFFIXES}
        self._labels: dict[str, set[str]] = {}

    def seen(self, metric: str) -> bool:
        return metric in self._seen or metric in ("ALERTS", "ALERTS_FOR_STATE")

    def declared(self, metric: str) -> bool:
        """A `# TYPE` without series: a counter with labels has none before its first event."""
        return metric in self._declared or any(metric.removesuffix(suffix) in self._declared for suffix in _SUFFIXES)

    def absent(self, expr: str) -> list[str]:
        """`metric` that is unknown, `metric{label}` of which no series carries the label."""
        found: list[str] = []
        for selector in promql.selectors(expr):
            if not selector.metric:
                continue
            if not self.seen(selector.metric):
                found += [] if self.declared(selector.metric) else [selector.metric]
            elif not selector.metric.startswith("ALERTS"):
                found += [f"{selector.metric}{{{label}}}" for label in selector.demanded if label not in self._labels_of(selector.metric)]
        return list(dict.fromkeys(one_line(name, 200) for name in found))

    def silent(self, expr: str) -> list[str]:
        return [metric for metric in promql.metrics(expr) if not self.seen(metric) and self.declared(metric)]

    def _labels_of(self, metric: str) -> set[str]:
        if metric not in self._labels:
            self._labels[metric] = set(self._watch.api.get("labels", **{"match[]": metric, "start": self._span.start, "end": self._span.end}))
        return self._labels[metric]


# --- rules and alerts


def _rules(watch: Watcher, names: Names) -> Iterator[Rule]:
    loaded = ((group, rule) for group in watch.api.get("rules")["groups"] for rule in group["rules"])
    for number, (group, rule) in enumerate(loaded):
        if number >= MAX_RULES:
            return
        expr = str(rule["query"])
        yield Rule(
            file=one_line(watch.file_of(str(group["file"])), 200), group=one_line(str(group["name"]).partition(" ")[2], 100),
            name=one_line(str(rule["name"]), 120), kind="alerting" if rule["type"] == "alerting" else "recording",
            expr=one_line(expr, 1000), for_s=float(rule.get("duration", 0.0)), labels=_labels(rule.get("labels", {})),
            health=one_line(str(rule.get("health", "")), 20), error=one_line(str(rule.get("lastError", "")), 300),
            selects=[one_line(name, 200) for name in promql.metrics(expr)], absent=names.absent(expr), silent=names.silent(expr),
        )  # fmt: skip


def _alerts(watch: Watcher, span: Span) -> list[AlertStretch]:
    """When which alert was pending or firing, to a second."""
    found: list[AlertStretch] = []
    for series in watch.api.query_range("ALERTS", span.start, span.end, STEP_S):
        labels = dict(series["metric"])
        labels.pop("__name__", None)
        state, name = labels.pop("alertstate", ""), labels.pop("alertname", "")
        if state not in ("pending", "firing"):
            continue
        for start, end in _stretches([float(at) for at, _ in series["values"]]):
            found.append(AlertStretch(
                name=one_line(name, 120), state=state, labels=_labels(labels), start_s=span.since(start), end_s=span.since(end),
            ))  # fmt: skip
    return sorted(found, key=lambda stretch: (stretch.start_s, stretch.name, stretch.state))[:MAX_STRETCHES]


def _stretches(times: Iterable[float]) -> Iterator[tuple[float, float]]:
    """(first, last) of runs of neighbouring times."""
    start = last = None
    for at in times:
        if last is not None and start is not None and at - last > GAP_S:
            yield start, last
            start = at
        start = at if start is None else start
        last = at
    if start is not None and last is not None:
        yield start, last


def _labels(labels: dict[str, Any]) -> dict[str, str]:
    return {one_line(str(key), 80): one_line(str(value), 120) for key, value in list(labels.items())[:MAX_LABELS]}


# --- dashboards and lint


def _panels(watch: Watcher, span: Span, names: Names) -> Iterator[Panel]:
    length = span.end - span.start
    step = max(STEP_S, round(length / MAX_POINTS_STEP))
    until = time.monotonic() + BUDGET_S
    for query in watch.material.queries:
        filled, problem = query.filled(length), None
        series: list[dict[str, Any]] = []
        if time.monotonic() > until:
            problem = "not run: the queries before it took too long"
        else:
            try:
                series = watch.api.query_range(filled, span.start, span.end, step)
            except Refused as refused:
                if watch.stopped is not None:
                    raise
                problem = str(refused)
        yield Panel(
            dashboard=query.dashboard, title=query.title, expr=one_line(query.expr, 1000), query=one_line(filled, 1000), series=len(series),
            points=sum(_counts(value) for one in series for _, value in one["values"]), absent=names.absent(filled), problem=problem,
        )  # fmt: skip


def _counts(value: str) -> bool:
    """NaN is drawn as nothing."""
    return value != "NaN"


def _lint(watch: Watcher) -> list[str]:
    """`promtool check metrics` on a scrape of now; empty where nothing could be scraped."""
    reply = watch.client.request("GET", watch.path, headers={"Accept": ACCEPT}, deadline_s=2.0, max_bytes=exposition.MAX_BYTES)
    if not reply.ok:
        return []
    _, said = watch.promtool("check", "metrics", data=reply.body)
    return [one_line(line, 200) for line in said.splitlines() if line.strip()][:MAX_LINT]
