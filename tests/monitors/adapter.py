"""The one seam to the product: draws a schedule, plays a monitor against it without any network, and asks the real checks.

Everything that the product computes from an experiment is computed by its own functions; made up are only the generator's trace
(constant rate, every request answered) and the moment at which an alert arrives (`LATENCY_S` after the request that caused it).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from challenges.loader import TRAINING_ROWS, TRAINING_SEED, LoadedChallenge, load, write_csv
from challenges.simulator import Row
from grader.checks.registry import BARS, CHALLENGE, CHECKS, CheckSpec
from grader.judge.evaluate import in_scope
from grader.rubric import load as load_rubric
from grader.schema.evidence import DriftEvidence, DriftWindow
from grader.schema.rubric import FULL, CheckRule
from harness.drift import record, stream
from harness.drift.plan import Schedule, draw
from harness.load.outcomes import Outcome
from harness.load.trace import Trace

from .scripts import Script
from .sound import Monitor, Reference

RATE_RPS = 300.0
LATENCY_S = 0.02
DRIFT = "drift"
GAUGE = 'fraud_drift_score{{feature="{}"}}'


@dataclass(frozen=True)
class Sent:
    """An alert as the receiver hands it out."""

    status: str
    labels: Mapping[str, str]
    at_monotonic: float
    name: str = "DataDrift"
    source: str = "webhook"
    text: str = ""


@dataclass(frozen=True)
class Drawn:
    """One submission's experiment. `rows` is empty where only scripts are played, `windows` what they look like without gauges."""

    schedule: Schedule
    trace: Trace
    fields: list[str]
    windows: list[DriftWindow]
    rows: list[Row]


@cache
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@cache
def reference() -> Reference:
    """Read from data/train.csv, as every candidate gets it."""
    with tempfile.TemporaryDirectory() as folder:
        return Reference.read(training_data(Path(folder)))


def training_data(folder: Path) -> Path:
    path = folder / "train.csv"
    write_csv(challenge(), path, challenge().simulator().stream(TRAINING_ROWS, TRAINING_SEED))
    return path


@cache
def _sample() -> list[Row]:
    return challenge().simulator().stream(1, 0)


def drawn(mode: str, seed: int, *, rows: bool) -> Drawn:
    spec = challenge().spec
    schedule = draw(spec.drift, spec.modes[mode].drift, seed)
    composed = stream.compose(challenge().simulator(), schedule, seed, spec.contract.id_field) if rows else []
    trace = _trace(schedule.requests)
    return Drawn(schedule, trace, record.fields(composed or _sample()), record.windows(schedule, trace, {}, 0.0), composed)


def _trace(n: int) -> Trace:
    at = np.arange(n, dtype=np.float64) / RATE_RPS
    zeros = np.zeros(n, dtype=np.int64)
    return Trace(
        t0=0.0, intended=at, sent=at, received=at + LATENCY_S / 2, done=at + LATENCY_S / 2, score=np.full(n, 0.06), status=zeros + 200,
        outcome=zeros + int(Outcome.OK), degraded=zeros.astype(bool), retries=zeros, target=zeros, version=zeros, index=np.arange(n), versions=["1"],
        ids=[], cpu_s=0.0, end=n / RATE_RPS,
    )  # fmt: skip


def play(monitor: Monitor, experiment: Drawn) -> DriftEvidence:
    """The evidence that a monitor in the service's own process leaves."""
    sent: list[Sent] = []
    gauges: dict[int, dict[str, float]] = {}
    ends = {end: index for index, end in enumerate(experiment.schedule.ends)}
    for i, row in enumerate(experiment.rows, 1):
        sent += [_sent(i, status, feature) for status, feature in monitor.observe(row.request, row.probability)]
        if i in ends:
            gauges[ends[i]] = {GAUGE.format(name): value for name, value in monitor.gauges().items()}
    return _evidence(experiment, sent, gauges)


def play_script(script: Script, experiment: Drawn) -> DriftEvidence:
    """The same for one that looks at no data, in a thousandth of the time."""
    n, ends = experiment.schedule.requests, experiment.schedule.ends
    sent = [_sent(request, status, feature) for request, status, feature in script.said() if request <= n]
    return _evidence(experiment, sent, {i: {GAUGE.format(name): v for name, v in script.gauges_at(end).items()} for i, end in enumerate(ends)})


def _sent(request: int, status: str, feature: str) -> Sent:
    return Sent(status, {"feature": feature} if feature else {}, (request - 1) / RATE_RPS + LATENCY_S)


def _evidence(experiment: Drawn, sent: list[Sent], gauges: Mapping[int, dict[str, float]]) -> DriftEvidence:
    return DriftEvidence(
        rate_rps=RATE_RPS, window=challenge().spec.drift.window, runs=record.runs(experiment.schedule), fields=experiment.fields,
        windows=[window.model_copy(update={"gauges": gauges.get(window.index, {})}) for window in experiment.windows],
        alerts=record.alerts(sent, experiment.schedule, experiment.trace, 0.0), webhook_rejected=0, quality=None,
    )  # fmt: skip


@cache
def drift_checks(mode: str) -> dict[str, tuple[CheckSpec, CheckRule]]:
    """The checks of this mode that judge the drift experiment alone; what they could read besides is not there."""
    rules = load_rubric().areas["monitoring"].checks
    judge = {id: (CHECKS[id], rule) for id, rule in rules.items() if in_scope(rule, challenge().spec, mode)}
    return {id: (spec, rule) for id, (spec, rule) in judge.items() if _required(spec) == {DRIFT}}


def _required(spec: CheckSpec) -> set[str]:
    return {name for parameter, name in spec.inputs.items() if parameter not in spec.optional} - {CHALLENGE, BARS}


def credits(evidence: DriftEvidence, mode: str) -> dict[str, float]:
    """Check -> share of its credit. A check that says `unknown` or `not applicable` is left out."""
    found: dict[str, float] = {}
    for id, (spec, rule) in drift_checks(mode).items():
        given = {DRIFT: evidence, CHALLENGE: challenge().spec, BARS: rule.bars}
        finding = spec.function(**{parameter: given.get(name) for parameter, name in spec.inputs.items()})
        if finding.level is not None:
            found[id] = (finding.credit if finding.credit is not None else rule.ladder[finding.level].credit) / FULL
    return found


def share(credit: Mapping[str, float], mode: str) -> float:
    """Share of the drift experiment's points."""
    weights = {id: rule.weight for id, (_, rule) in drift_checks(mode).items() if id in credit}
    return sum(weights[id] * credit[id] for id in weights) / sum(weights.values())
