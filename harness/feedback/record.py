"""Turns what happened in an experiment on late labels into evidence: pure arithmetic on traces, posted labels and scrapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from challenges.simulator import Row
from grader.schema.evidence import FeedbackSegment, ServedQuality, VersionSwitch
from harness.drift import quality
from harness.drift.plan import PlannedWindow, Schedule
from harness.feedback.labels import Posted
from harness.feedback.plan import Experiment, Segment
from harness.load.tape import COLUMNS
from harness.load.trace import Floats, Trace, quantile
from harness.text import one_line

NEAR_S = 2.0
"""Requests sent so close to a switch may have suffered from it."""
MAX_SWITCHES = 16
MAX_VERSIONS = 16
MAX_TEXT = 100
MOST_DROPPED = 0.01
MOST_LATE_S = 0.05


def join(first: Trace, second: Trace | None, shift: int) -> Trace:
    """Two plans of one stream as one trace. `shift` is the row at which the second plan began; `index` is the row then."""
    if second is None:
        return first
    versions = list(dict.fromkeys([*first.versions, *second.versions]))
    place = np.array([versions.index(name) for name in second.versions] + [-1])  # -1, an answer without a version, picks the last
    merged = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in COLUMNS if name != "version"}
    merged |= {"version": np.concatenate([first.version, place[second.version]]), "index": np.concatenate([first.index, second.index + shift])}
    ids, cpu_s = [*first.ids, *second.ids], first.cpu_s + second.cpu_s
    return Trace(t0=first.t0, versions=versions, ids=ids, cpu_s=cpu_s, end=second.end, **merged)


def segments(experiment: Experiment, trace: Trace, posted: Sequence[Posted], since: float) -> list[FeedbackSegment]:
    """One record per segment of which anything was due to be sent."""
    parts = [(s, trace.where((trace.index >= s.first) & (trace.index < s.last))) for s in experiment.segments]
    return [_segment(experiment, s, part, [p for p in posted if s.first <= p.position < s.last], since) for s, part in parts if len(part)]


def _segment(experiment: Experiment, segment: Segment, trace: Trace, posted: Sequence[Posted], since: float) -> FeedbackSegment:
    sent, ok = int(np.count_nonzero(trace.was_sent)), int(np.count_nonzero(trace.valid))
    latency = trace.latency_s()
    moments = trace.sent[trace.was_sent] if sent else trace.intended
    named = {name: trace.where(trace.valid & (trace.version == trace.versions.index(name))) for name in _by_first_answer(trace)[:MAX_VERSIONS]}
    return FeedbackSegment(
        name=segment.name, first_request=segment.first, sent=sent, ok=ok, failed=sent - ok,
        start_s=round(float(moments.min()) - since, 6), end_s=round(float(moments.max()) - since, 6),
        latency_p99_ms=round(quantile(latency, 0.99) * 1e3, 3) if len(latency) else None,
        versions={text(name): len(part) for name, part in named.items()},
        labels_sent=len(posted), labels_taken=sum(p.taken for p in posted),
        label_statuses=dict(sorted(Counter("none" if p.status is None else str(p.status) for p in posted).items())),
        quality=served(experiment.rows, trace.where(trace.valid)),
        by_version={text(name): found for name, part in named.items() if (found := served(experiment.rows, part))},
    )  # fmt: skip


def served(rows: Sequence[Row], answered: Trace) -> ServedQuality | None:
    """Quality of these valid answers; None for fewer than two, or without a row of either label."""
    asked = [rows[i] for i in answered.index.tolist()]
    truth, probability = np.array([row.label for row in asked], dtype=float), np.array([row.probability for row in asked])
    if len(asked) < 2 or not 0 < truth.sum() < len(asked):
        return None
    losses, excess = (answered.score - truth) ** 2, (answered.score - probability) ** 2
    return ServedQuality(
        n=len(asked), brier=float(losses.mean()), brier_se=_error(losses), excess=float(excess.mean()), excess_se=_error(excess),
        base_brier=quality.brier(truth, np.full(len(truth), truth.mean())), reference_brier=quality.brier(truth, probability),
    )  # fmt: skip


def _error(values: Floats) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def _by_first_answer(trace: Trace) -> list[str]:
    """Versions that valid answers named, by their first answer's arrival."""
    named = trace.where(trace.valid & (trace.version >= 0))
    order = named.version[np.argsort(named.received, kind="stable")]
    return [named.versions[v] for v in dict.fromkeys(order.tolist())]


def switches(trace: Trace, posted: Sequence[Posted], since: float) -> list[VersionSwitch]:
    """One record per version that came up after the first. In-flight answers of the old version are no fault: only what was sent later counts."""
    order = _by_first_answer(trace)
    named = trace.where(trace.valid & (trace.version >= 0))
    rank = np.array([order.index(name) if name in order else -1 for name in trace.versions])
    ranks = rank[named.version] if len(named) else np.array([], dtype=np.int64)
    first = [float(named.received[ranks == i].min()) for i in range(len(order))]
    taken = np.sort([p.at for p in posted if p.taken])
    ends = [*first[1:], np.inf]
    return [_switch(trace, named, ranks, i, (first[i], ends[i]), order, taken, since) for i in range(1, min(len(order), MAX_SWITCHES + 1))]


def _switch(
    trace: Trace, named: Trace, ranks: NDArray[np.int64], i: int, span: tuple[float, float], order: Sequence[str], taken: Floats, since: float
) -> VersionSwitch:
    at, end = span
    later = (named.sent > at) & (named.sent < end)
    by_moment = np.argsort(named.sent[later], kind="stable")
    old = (ranks[later] < i)[by_moment]
    late = (named.sent[later] > at + NEAR_S)[by_moment]
    near = trace.where(trace.was_sent & (np.abs(trace.sent - at) <= NEAR_S))
    return VersionSwitch(
        before=text(order[i - 1]), after=text(order[i]), at_s=round(at - since, 6), request=int(np.count_nonzero(trace.sent <= at)),
        labels_taken=int(np.searchsorted(taken, at)), near=len(near), near_failed=int(np.count_nonzero(~near.valid)), near_s=NEAR_S,
        old_answers=int(old.sum()), old_answers_late=int((old & late).sum()), flips=int(np.count_nonzero(np.diff(old, prepend=False))),
    )  # fmt: skip


def text(version: str) -> str:
    return one_line(version, MAX_TEXT)


def spans(found: Sequence[FeedbackSegment]) -> Schedule:
    """The segments as windows of a schedule, for whoever sorts alerts by what had been sent."""
    return Schedule([PlannedWindow("control", None, s.first_request, s.sent) for s in found], [])


def void(trace: Trace) -> str | None:
    """Why the experiment must not be judged: our generator did not send as planned."""
    if trace.dropped > MOST_DROPPED * len(trace):
        return f"generator_limited: {trace.dropped} of {len(trace)} requests were never sent"
    lag = np.sort(trace.lag_s)
    if len(lag) and quantile(lag, 0.99) > MOST_LATE_S:
        return f"generator_limited: requests left {quantile(lag, 0.99) * 1e3:.0f} ms late (p99)"
    return None
