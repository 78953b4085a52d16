"""Numbers that people would rather read in rows: latency and resources per load window, drift kinds, injected faults."""

from __future__ import annotations

from grader.checks.analysis.recovery import before, during, good_share, recovery_s
from grader.checks.analysis.signals import end_of, false_alarms, signal_of, stretches
from grader.schema.bundle import Bundle
from grader.schema.evidence import DriftEvidence, FaultCase, FaultRecord, FaultsEvidence, LoadEvidence, LoadWindow
from grader.schema.result import Table

MIB = 1 << 20
BODY = 120
"""Characters of an answer's body: enough to see whether it gives a reason."""

Row = list[str | float | None]


def tables(bundle: Bundle) -> list[Table]:
    """Whatever the evidence allows."""
    load, drift, faults = (bundle.evidence.get(name) for name in ("load", "drift", "faults"))
    found: list[Table] = []
    if isinstance(load, LoadEvidence) and load.windows:
        found += [_windows(load), _resources(load)]
    if isinstance(drift, DriftEvidence) and stretches(drift):
        found.append(_drift(drift))
    if isinstance(faults, FaultsEvidence) and faults.faults:
        found += [_faults(faults), *_inputs(faults)]
    return found


def _windows(load: LoadEvidence) -> Table:
    columns = ["window", "requests/s", "n", "seed", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms", "late or lost", "window is"]
    return Table(
        id="windows", title="Latency per window, from the intended arrival", columns=columns, rows=[_window(w) for w in load.windows],
        says="In brackets the 95 % interval from order statistics; where n is too small for one, none stands here.",
    )  # fmt: skip


def _window(w: LoadWindow) -> Row:
    name: Row = [w.name, w.rate_rps]
    verdict = "void" if w.void else "sound"
    if w.latency is None:
        return [*name, 0, w.seed_digest[:8], None, None, None, None, None, verdict]
    seen = w.latency
    percentiles = {"p50": seen.p50_ms, "p95": seen.p95_ms, "p99": seen.p99_ms, "p999": seen.p999_ms}
    return [*name, seen.n, w.seed_digest[:8], *(_ms(value, seen.intervals.get(key)) for key, value in percentiles.items()), seen.over_slo, verdict]


def _ms(value: float, interval: tuple[float, float] | None) -> str:
    return f"{value:.1f}" + (f" ({interval[0]:.1f}-{interval[1]:.1f})" if interval else "")


def _resources(load: LoadEvidence) -> Table:
    service = ["CPU s", "CPU ms per request", "throttled s", "memory at most MiB", "core taken by others %"]
    columns = ["window", *service, "generator late by ms (p99)", "dropped by us"]
    return Table(id="resources", title="Resources per window", columns=columns, rows=[_used(w) for w in load.windows])


def _used(w: LoadWindow) -> Row:
    tail: Row = [round(w.lag_p99_ms, 2), w.dropped]
    use = w.resources
    if use is None:
        return [w.name, None, None, None, None, None, *tail]
    each = round(use.cpu_seconds * 1000 / w.sent, 2) if w.sent else None
    memory_mib, taken = round(use.memory_peak_bytes / MIB, 1), round(use.others_core_share * 100, 1)
    return [w.name, round(use.cpu_seconds, 2), each, round(use.throttled_seconds, 2), memory_mib, taken, *tail]


def _drift(drift: DriftEvidence) -> Table:
    alarms, controls = false_alarms(drift)
    columns = ["kind", "feature", "severity", "drifted requests", "first alert after requests", "blamed", "resolved", "gauge that moved"]
    return Table(
        id="drift", title="What the submission's monitor noticed", columns=columns, rows=_kinds(drift),
        says=f"{alarms} of {controls} clean windows had an alert. A gauge moved when it left its own control range and came back.",
    )  # fmt: skip


def _kinds(drift: DriftEvidence) -> list[Row]:
    rows: list[Row] = []
    for stretch in stretches(drift):
        signal = signal_of(drift, stretch)
        resolved = ("yes" if signal.resolved else "no") if signal.episodes else None
        sent = sum(end_of(w) - w.first_request for w in stretch.windows)
        rows.append(
            [
                stretch.kind, stretch.feature, drift.severities.get(stretch.kind), sent, "none" if signal.delay is None else signal.delay,
                ", ".join(sorted(signal.blamed)) or None, resolved, ", ".join(signal.gauges[:2]) or "none",
            ]
        )  # fmt: skip
    return rows


def _faults(faults: FaultsEvidence) -> Table:
    columns = ["fault", "shown to be active", "began s", "ended s", "good before %", "good under it %", "good after %", "recovered in s", "proof"]
    return Table(id="faults", title="Injected failures in numbers", columns=columns, rows=[_fault(record) for record in faults.faults])


def _fault(record: FaultRecord) -> Row:
    after = [] if record.undo_s is None else [b for b in record.bins if b.t_s >= record.undo_s]
    shares: Row = [_percent(good_share(before(record))), _percent(good_share(during(record))), _percent(good_share(after))]
    proof = record.failure.sentence if record.failure else record.proof
    active = "yes" if record.injected else "no"
    recovered = recovery_s(record) if record.injected else None
    return [record.id, active, _rounded(record.inject_s), _rounded(record.undo_s), *shares, _rounded(recovered), proof]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def _inputs(faults: FaultsEvidence) -> list[Table]:
    """What each wrong input was answered with."""
    rows = [_input(case) for record in faults.faults for case in record.cases]
    columns = ["input", "answered with", "ms", "alive afterwards", "body"]
    return [Table(id="inputs", title="Wrong inputs and their answers", columns=columns, rows=rows)] if rows else []


def _input(case: FaultCase) -> Row:
    answer = case.error or "no answer" if case.status is None else str(case.status)
    return [case.name, answer, round(case.seconds * 1000, 1), "yes" if case.alive_after else "no", case.body[:BODY]]
