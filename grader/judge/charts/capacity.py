"""The capacity search as a picture: every rate that was tried, and what became of it."""

from __future__ import annotations

from grader.judge.say import figure, percent
from grader.judge.tables.stress import OUTCOMES, outcome, trials
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, CapacityTrial, StressEvidence
from grader.schema.result import Chart, Dot, Mark


def search(stress: StressEvidence | None, challenge: Challenge) -> Chart | None:
    found = stress.capacity if stress else None
    if found is None or not found.trials:
        return None
    slo_ms, rate = challenge.reality.slo_p99_ms, found.rate_rps
    published = [] if rate is None or found.void else [Mark(x=rate, label=f"published {figure(rate)}/s", kind="capacity", written=True)]
    return Chart(
        id="capacity", title="Capacity search", says=f"{verdict(found)} Marks are p99 of the valid predictions, stems reach down to p95.",
        x_unit="requests/s offered", y_unit="ms", y_scale="log", series=[], dots=[dot for t in found.trials if (dot := _dot(t))], marks=published,
        limit=slo_ms, limit_label=f"SLO {slo_ms:g} ms", table=trials(found),
    )  # fmt: skip


def _dot(trial: CapacityTrial) -> Dot | None:
    """Nothing was answered in a trial without latency: the table has it, the picture has no place for it."""
    if trial.p99_ms is None:
        return None
    kind = outcome(trial)
    label = f"{figure(trial.rate_rps)}/s: {OUTCOMES[kind]}, p99 {figure(trial.p99_ms)} ms, {trial.over_slo:,} of {trial.sent:,} late or lost"
    return Dot(x=trial.rate_rps, y=trial.p99_ms, low=trial.p95_ms, kind=kind, label=label)


def verdict(found: Capacity) -> str:
    """What the search found, in words."""
    if found.void:
        return f"Nothing can be said about the capacity: {found.void}."
    if found.rate_rps is None:
        return _none(found)
    return f"Held {figure(found.rate_rps)} requests/s{_confirmed(found)}; {_beyond(found)}{_cpu(found)}."


def _none(found: Capacity) -> str:
    """A rate that held for a moment and not in the longer trials is no capacity, and worth a question."""
    failed = min((t.rate_rps for t in found.trials if t.held is False), default=found.failed_rps)
    brief = max((t for t in found.trials if t.held), key=lambda t: t.rate_rps, default=None)
    lowest = "" if failed is None else f"; the lowest that failed was {figure(failed)}/s"
    if brief is None:
        return f"No rate held{lowest}."
    return f"No rate was confirmed: {figure(brief.rate_rps)}/s held over {brief.seconds:g} s, but no rate did for longer{lowest}."


def _confirmation(found: Capacity) -> CapacityTrial | None:
    return next((t for t in reversed(found.trials) if t.phase == "confirm" and t.held), None)


def _confirmed(found: Capacity) -> str:
    trial = _confirmation(found)
    return f" (confirmed over {trial.seconds:g} s)" if trial else ""


LIMITED = {
    "service": "no rate above it failed",
    "generator": "the generator could not send more",
    "highest_rate": "no rate beyond {highest}/s was tried",
}
"""Why no higher rate is known to fail."""


def _beyond(found: Capacity) -> str:
    if found.failed_rps is not None:
        return f"the next rate that failed was {figure(found.failed_rps)}/s"
    return LIMITED[found.limited_by].format(highest=figure(found.highest_rps))


def _cpu(found: Capacity) -> str:
    trial = _confirmation(found)
    return f"; CPU {percent(trial.cpu_share)}" if trial and trial.cpu_share is not None else ""
