"""Would an alert with a long `for` have fired, had the drift lasted? Replayed by `promtool test rules` on the recorded series, slower.

Gauges keep their values in stretched time. A counter under a range (`rate(x_total[2m])`) is interpolated and multiplied by the stretch,
so that its rate stays what it was.
"""

from __future__ import annotations

import bisect
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from grader.schema.evidence import AlertStretch, Replay, Rule
from harness.telemetry.prometheus.api import Refused
from harness.telemetry.prometheus.promql import Selector, quote, selectors
from harness.telemetry.prometheus.watcher import Watcher
from harness.text import one_line

MARGIN = 1.2
"""The time from the moment on which the alert was pending is stretched to this many times the rule's `for`."""
MAX_REPLAYS, MAX_SERIES, MAX_STEPS = 20, 400, 2000
FINEST_S = 1
PER_RANGE = 4
"""Samples that a range must hold for its function to be sound."""
_COUNTERS = ("_total", "_count", "_sum", "_bucket")


@dataclass(frozen=True)
class Grid:
    """Recorded Unix times `start`..`end`, played `stretch` times as slowly in `steps` steps of `step_s`."""

    start: float
    end: float
    stretch: float
    step_s: int
    steps: int


def replay(
    watch: Watcher, rules: Sequence[Rule], alerts: Sequence[AlertStretch], stretches: Sequence[tuple[float, float]], unix: Callable[[float], float]
) -> list[Replay]:
    """One replay per alert that was pending in a stretch and had no time to fire. `unix` turns seconds of the run into Prometheus's."""
    found: list[Replay] = []
    for from_s, to_s in stretches:
        for rule, alert in _unripe(rules, alerts, from_s, to_s):
            if len(found) < MAX_REPLAYS:
                found.append(_replayed(watch, rule, alert, from_s, to_s, unix))
    return found


def _unripe(rules: Sequence[Rule], alerts: Sequence[AlertStretch], from_s: float, to_s: float) -> Iterator[tuple[Rule, AlertStretch]]:
    """Alerts that were pending when the stretch ended, before their `for` was over."""
    within = [alert for alert in alerts if alert.start_s < to_s and alert.end_s > from_s]
    fired = {_identity(alert) for alert in within if alert.state == "firing"}
    by_name = {rule.name: rule for rule in rules if rule.kind == "alerting" and rule.for_s > 0}
    seen: set[tuple[object, ...]] = set()
    for alert in within:
        rule, identity = by_name.get(alert.name), _identity(alert)
        if rule is None or alert.state != "pending" or identity in fired | seen:
            continue
        if rule.for_s >= to_s - max(alert.start_s, from_s):
            seen.add(identity)
            yield rule, alert


def _identity(alert: AlertStretch) -> tuple[object, ...]:
    return (alert.name, *sorted(alert.labels.items()))


def _replayed(watch: Watcher, rule: Rule, alert: AlertStretch, from_s: float, to_s: float, unix: Callable[[float], float]) -> Replay:
    fired, problem = False, None
    selected = selectors(rule.expr)
    pending_s = to_s - max(alert.start_s, from_s)
    shortest = min((s.range_s for s in selected if s.range_s), default=math.inf)
    grid = _grid(unix(from_s), unix(to_s), MARGIN * rule.for_s / max(pending_s, FINEST_S), shortest)
    try:
        lines = {line["series"]: line for selector in selected for line in _series(watch, selector, grid)}
        fired, problem = _ask(watch, rule, alert, list(lines.values())[:MAX_SERIES], grid)
    except Refused as refused:
        problem = one_line(str(refused), 300)
    return Replay(
        rule=rule.name, labels=alert.labels, from_s=from_s, to_s=to_s, stretch=round(grid.stretch, 3), fired=fired, problem=problem,
    )  # fmt: skip


def _grid(start: float, end: float, stretch: float, shortest_range_s: float) -> Grid:
    length, stretch = end - start, max(1.0, stretch)
    wanted = max(FINEST_S, math.ceil(length * stretch / MAX_STEPS))
    step = max(FINEST_S, min(wanted, int(shortest_range_s / PER_RANGE))) if math.isfinite(shortest_range_s) else wanted
    return Grid(start, end, stretch, step, min(5 * MAX_STEPS, math.ceil(length * stretch / step)))


def _series(watch: Watcher, selector: Selector, grid: Grid) -> Iterator[dict[str, str]]:
    """Input series of one selector: name and values as promtool takes them."""
    for recorded in watch.api.query(f"{selector.text}[{math.ceil(grid.end - grid.start)}s]", grid.end):
        labels = dict(recorded["metric"])
        metric = labels.pop("__name__", selector.metric)
        name = f"{metric}{{{','.join(f'{key}={quote(value)}' for key, value in labels.items())}}}"
        counts = selector.range_s > 0 and metric.endswith(_COUNTERS)
        yield {"series": name, "values": " ".join(_values(recorded["values"], grid, counts))}


def _values(recorded: Sequence[tuple[float, str]], grid: Grid, counts: bool) -> Iterator[str]:
    """The series on the grid. `_` stands for no sample."""
    times, values = [float(at) for at, _ in recorded], [float(value) for _, value in recorded]
    for number in range(grid.steps + 1):
        at = grid.start + number * grid.step_s / grid.stretch
        place = bisect.bisect_right(times, at)
        if place == 0 or at - times[place - 1] > 5.0:
            yield "_"
        elif not counts:
            yield _number(values[place - 1])
        else:
            yield _number(grid.stretch * _between(times, values, place, at))


def _between(times: Sequence[float], values: Sequence[float], place: int, at: float) -> float:
    if place == len(times) or values[place] < values[place - 1]:
        return values[place - 1]
    share = (at - times[place - 1]) / (times[place] - times[place - 1])
    return values[place - 1] + share * (values[place] - values[place - 1])


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else {math.inf: "Inf", -math.inf: "-Inf"}.get(value, "NaN")


def _ask(watch: Watcher, rule: Rule, alert: AlertStretch, series: list[dict[str, str]], grid: Grid) -> tuple[bool, str | None]:
    """(whether it fired, what went wrong)."""
    length = grid.step_s * grid.steps
    matchers = ",".join(f"{key}={quote(value)}" for key, value in {"alertname": rule.name, "alertstate": "firing", **alert.labels}.items())
    question = f"count(count_over_time(ALERTS{{{matchers}}}[{length + grid.step_s}s])) > bool 0"
    made: dict[str, Any] = {"alert": rule.name, "expr": rule.expr, "for": f"{round(rule.for_s * 1000)}ms", "labels": rule.labels}
    test = {
        "rule_files": ["replay-rule.yml"], "evaluation_interval": f"{grid.step_s}s",
        "tests": [{
            "interval": f"{grid.step_s}s", "input_series": series,
            "promql_expr_test": [{"expr": question, "eval_time": f"{length}s", "exp_samples": [{"labels": "{}", "value": 1}]}],
        }],
    }  # fmt: skip
    (watch.folder / "replay-rule.yml").write_text(json.dumps({"groups": [{"name": "replay", "rules": [made]}]}))
    (watch.folder / "replay.yml").write_text(json.dumps(test))
    code, said = watch.promtool("test", "rules", "replay.yml")
    if code == 0:
        return True, None
    return False, None if "got:" in said or "got nil" in said else one_line(said, 300)
