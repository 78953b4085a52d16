"""Load in rows: latency, answers and resources per window, the batch route, slow clients, the control service."""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.analysis.load import cpu_ms_per_request
from grader.judge.control import moved, of_window, ratios, readings
from grader.judge.say import figure, percent
from grader.judge.timeline import named, rate
from grader.schema.challenge import Challenge
from grader.schema.evidence import BatchTrial, ControlReading, LoadEvidence, LoadWindow, SlowClients, StressEvidence
from grader.schema.result import Table

MIB, KIB = 1 << 20, 1 << 10

Row = list[str | float | None]


def windows(sent: Sequence[LoadWindow]) -> Table | None:
    columns = ["window", "requests/s", "n", "seed", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms", "late or lost", "window is"]
    return Table(
        id="windows", title="Latency per window, from the intended arrival", leading=True, columns=columns, rows=[_window(w) for w in sent],
        says="In brackets the 95 % interval from order statistics; where n is too small for one, none stands here.",
    ) if sent else None  # fmt: skip


def _window(w: LoadWindow) -> Row:
    name: Row = [named(w), rate(w)]
    verdict = "void" if w.void else "sound"
    if w.latency is None:
        return [*name, 0, w.seed_digest[:8], None, None, None, None, w.sent, verdict]
    seen = w.latency
    percentiles = {"p50": seen.p50_ms, "p95": seen.p95_ms, "p99": seen.p99_ms, "p999": seen.p999_ms}
    return [*name, seen.n, w.seed_digest[:8], *(_ms(value, seen.intervals.get(key)) for key, value in percentiles.items()), seen.over_slo, verdict]


def _ms(value: float, interval: tuple[float, float] | None) -> str:
    return f"{value:.1f}" + (f" ({interval[0]:.1f}-{interval[1]:.1f})" if interval else "")


def outcomes(sent: Sequence[LoadWindow]) -> Table:
    """What became of the requests, and what our own client did."""
    columns = ["window", "scheduled", "sent", "ok", "degraded", "others", "sent twice", "dropped by us", "generator late by ms (p99)"]
    return Table(id="outcomes", title="Answers per window", columns=columns, rows=[_outcomes(w) for w in sent])


def _outcomes(w: LoadWindow) -> Row:
    others = ", ".join(f"{kind} {n}" for kind, n in sorted(w.errors.items())) or "none"
    return [named(w), w.scheduled, w.sent, w.ok, w.degraded, others, w.retried, w.dropped, round(w.lag_p99_ms, 2)]


def resources(sent: Sequence[LoadWindow], challenge: Challenge) -> Table:
    service = ["CPU s", "CPU % of the limit", "CPU ms per request", "throttled s", "memory at most MiB", "open files at most", "log KiB"]
    columns = ["window", *service, "core taken by others %"]
    return Table(id="resources", title="Resources per window", columns=columns, rows=[_used(w, challenge) for w in sent])


def _used(w: LoadWindow, challenge: Challenge) -> Row:
    use = w.resources
    if use is None:
        return [named(w), None, None, None, None, None, None, None, None]
    each, share = cpu_ms_per_request(w), use.cpu_seconds / w.seconds / challenge.limits.cpus if w.seconds else None
    return [
        named(w), round(use.cpu_seconds, 2), _rounded(share, 100), _rounded(each), round(use.throttled_seconds, 2),
        round(use.memory_peak_bytes / MIB, 1), use.open_files_peak, _rounded(use.log_bytes, 1 / KIB), round(use.others_core_share * 100, 1),
    ]  # fmt: skip


def _rounded(value: float | None, factor: float = 1) -> float | None:
    return None if value is None else round(value * factor, 2)


def batch(sent: LoadEvidence | None) -> Table | None:
    """One prediction per request against many, where the submission has the optional route."""
    found = sent.batch if sent else None
    if found is None or not found.trials:
        return None
    columns = ["predictions per request", "requests", "answered", "p50 ms", "p50 ms per prediction", "CPU ms per prediction"]
    rows = [_batch(trial) for trial in found.trials]
    return Table(id="batch", title=f"Single predictions against {found.route}", columns=columns, rows=rows, says=_cheaper(found.trials))


def _batch(trial: BatchTrial) -> Row:
    each = trial.p50_ms / trial.size if trial.p50_ms is not None and trial.size else None
    return [trial.size, trial.requests, trial.answered, _rounded(trial.p50_ms), _rounded(each), _rounded(trial.cpu_ms_per_prediction)]


def _cheaper(trials: Sequence[BatchTrial]) -> str:
    """The largest batch against single requests."""
    single, most = next((t for t in trials if t.size == 1), None), max(trials, key=lambda t: t.size)
    if single is None or most is single or not single.cpu_ms_per_prediction or most.cpu_ms_per_prediction is None:
        return ""
    ratio = most.cpu_ms_per_prediction / single.cpu_ms_per_prediction
    return f"A prediction in a batch of {most.size} takes {figure(most.cpu_ms_per_prediction)} ms of CPU, {figure(ratio)} times that of a single one."


def slow_clients(sent: Sequence[LoadWindow]) -> Table | None:
    """What became of those who send byte by byte, and of everybody else meanwhile."""
    rows = [_slow(w, w.slow_clients) for w in sent if w.slow_clients]
    columns = ["window", "slow connections", "a byte every s", "opened", "cut by the service", "first cut after s", "p99 ms of the others"]
    says = "A service that never cuts a slow sender lets each of them hold a connection, or a thread, for as long as it likes."
    return Table(id="slow_clients", title="Clients that send one byte at a time", columns=columns, rows=rows, says=says) if rows else None


def _slow(w: LoadWindow, slow: SlowClients) -> Row:
    p99_ms = w.latency.p99_ms if w.latency else None
    return [
        named(w), slow.connections, slow.byte_every_s, slow.opened, slow.cut_by_service, _rounded(slow.first_cut_s), _rounded(p99_ms),
    ]  # fmt: skip


def control(sent: LoadEvidence | None, stressed: StressEvidence | None) -> Table | None:
    """Each reading of the control service; below them the submission under steady load, in ms and as multiples of the control."""
    found, steady = readings(sent, stressed), sent.window("steady") if sent else None
    if not found:
        return None
    rows: list[Row] = [
        [r.moment, round(r.at_s), r.n, round(r.rate_rps), _rounded(r.p50_ms), _rounded(r.p99_ms), _rounded(r.cpu_ms_per_request)] for r in found
    ]
    if steady and steady.latency and not steady.void:
        rows.append(["the submission, steady", round(steady.start_s), steady.latency.n, *map(_rounded, of_window(steady).values())])
        rows.append(["the submission / the control", None, None, *map(_rounded, ratios(steady, found).values())])
    columns = ["reading", "at s", "n", "requests/s", "p50 ms", "p99 ms", "CPU ms per request"]
    return Table(id="control", title="Control service on the same core", columns=columns, rows=rows, says=_moved(found))


def _moved(found: Sequence[ControlReading]) -> str:
    told = [f"{name} by {percent(share)}" for name, share in moved(found).items() if share is not None]
    return (
        f"A fixed server of ours under the submission's flags, kept busy by four callers. Between its readings it moved: {', '.join(told)}."
        if told
        else ""
    )
