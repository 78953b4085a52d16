"""What drives the bill, in rows: the machine and its price, what a million predictions cost, and everything measured that a replica is paid for."""

from __future__ import annotations

from grader.checks.analysis.autoscaling import slo_limit, threshold_cores
from grader.checks.analysis.cost import basis, cpu_ms_per_prediction, machine_hour, money, per_million, sum_in_words
from grader.checks.analysis.load import reached_rate
from grader.checks.analysis.probes import holds
from grader.checks.analysis.sizing import use
from grader.judge.found import found
from grader.judge.say import figure
from grader.schema.bundle import Bundle
from grader.schema.challenge import Challenge, Prices
from grader.schema.evidence import BootEvidence, Capacity, ImageEvidence, LoadEvidence, Probe, RepositoryEvidence, StressEvidence
from grader.schema.result import Table

MIB = 1 << 20

Row = list[str | float | None]
Rows = list[Row | None]


def cost_table(bundle: Bundle, challenge: Challenge) -> Table | None:
    """None without a price table or without anything measured. Cells carry their units, since every row has another one."""
    prices = challenge.prices
    if prices is None:
        return None
    load, stress = found(bundle, LoadEvidence), found(bundle, StressEvidence)
    repository = found(bundle, RepositoryEvidence) or RepositoryEvidence(probes={})
    rows: Rows = [
        *_predictions(load, stress, repository, challenge, prices),
        *_replica(found(bundle, ImageEvidence), found(bundle, BootEvidence)),
        *_sizes(load, stress, repository, challenge),
        _autoscaler(stress, repository, challenge),
        _batch(load),
    ]
    kept = [row for row in rows if row]
    return Table(
        id="cost", title="Cost drivers", columns=["driver", "measured", "declared or stated", "in words"], rows=[_machine(challenge, prices), *kept],
        says=f"Prices of {prices.date}: {prices.source}.",
    ) if kept else None  # fmt: skip


def _machine(challenge: Challenge, prices: Prices) -> Row:
    limits = challenge.limits
    rates = f"{money(prices, prices.vcpu_hour)} per vCPU hour, {money(prices, prices.gib_hour)} per GiB hour, used at {prices.utilisation:.0%}"
    return [f"machine of {limits.cpus:g} vCPU, {limits.memory_mib} MiB", f"{money(prices, machine_hour(prices, limits))} an hour", None, rates]


def _predictions(
    load: LoadEvidence | None, stress: StressEvidence | None, repository: RepositoryEvidence, challenge: Challenge, prices: Prices
) -> Rows:
    """Capacity, CPU and cost per prediction."""
    if stress is None:
        return [_stated(repository)]
    sent, capacity = load or LoadEvidence(windows=[], bin_s=1), stress.capacity
    cpu_ms, at = cpu_ms_per_prediction(stress, sent), basis(stress, sent, challenge)
    rows: Rows = [_capacity(capacity), ["CPU per prediction", f"{figure(cpu_ms)} ms", None, None] if cpu_ms else None]
    if at is None or not at.rate_rps:
        return [*rows, _stated(repository)]
    cost = money(prices, per_million(prices, challenge.limits, at.rate_rps))
    words = f"{at.says}: {sum_in_words(prices, challenge.limits, at.rate_rps)}"
    return [*rows, ["cost per million predictions", f"at most {cost}" if at.at_least else cost, _statement(repository), words]]


def _capacity(capacity: Capacity | None) -> Row | None:
    if capacity is None:
        return None
    rate = None if capacity.void or capacity.rate_rps is None else f"{figure(capacity.rate_rps)} requests/s"
    return ["capacity at the latency target", rate, None, f"void: {capacity.void}" if capacity.void else reached_rate(capacity)]


def _stated(repository: RepositoryEvidence) -> Row | None:
    said = _statement(repository)
    return ["cost per million predictions", None, said, None] if said else None


def _statement(repository: RepositoryEvidence) -> str | None:
    """The submission's own words; what is not stated is said too, since that is a finding."""
    probe = repository.probes.get("cost_statement")
    if probe is None:
        return None
    return probe.detail if holds(probe) else "not stated"


def _replica(image: ImageEvidence | None, boot: BootEvidence | None) -> Rows:
    """What every replica costs before it serves anybody."""
    rows: Rows = [["image size", f"{image.size_bytes / 1e6:.0f} MB", None, "pulled by every node that is new"]] if image else []
    if boot and boot.first_prediction_s is not None:
        rows.append(["cold start", f"{boot.first_prediction_s:.1f} s", None, "from the start to the first prediction"])
    if boot and boot.idle_memory_bytes is not None:
        rows.append(["idle memory", f"{boot.idle_memory_bytes / MIB:.0f} MiB", None, "paid day and night, times replicas"])
    return rows


def _sizes(load: LoadEvidence | None, stress: StressEvidence | None, repository: RepositoryEvidence, challenge: Challenge) -> Rows:
    used = use(load, stress, challenge) if load else None
    cpu = f"{figure(used.steady_cores)} cores steady, {figure(used.spike_cores)} in the spike" if used else None
    memory = f"{figure(used.steady_mib)} MiB steady, {figure(used.peak_mib)} at the peak" if used else None
    return [_size("CPU", cpu, repository, "declared_cpu", "cores"), _size("memory", memory, repository, "declared_memory", "MiB")]


def _size(name: str, measured: str | None, repository: RepositoryEvidence, prefix: str, unit: str) -> Row | None:
    parts = {part: repository.probes.get(f"{prefix}_{part}") for part in ("request", "limit")}
    declared = [f"{part} {_amount(probe, unit)}" for part, probe in parts.items() if probe is not None]
    return [name, measured, ", ".join(declared) or None, None] if measured or declared else None


def _amount(probe: Probe, unit: str) -> str:
    if not holds(probe):
        return "none"
    return "not known" if probe.value is None else f"{figure(probe.value)} {unit}"


def _autoscaler(stress: StressEvidence | None, repository: RepositoryEvidence, challenge: Challenge) -> Row | None:
    scaler, target = repository.probes.get("autoscaler"), repository.probes.get("autoscaler_cpu_target")
    if scaler is None or target is None:
        return None
    capacity = stress.capacity if stress else None
    limit = slo_limit(capacity, repository, challenge) if capacity and not capacity.void else None
    at = f"{'at least ' if limit.at_least else ''}{figure(limit.cores)} cores at the latency limit" if limit else None
    threshold = threshold_cores(repository)
    acts = f"acts at {figure(threshold)} cores" if threshold else "none" if not holds(scaler) else None
    return ["autoscaler", at, acts, target.detail or None]


def _batch(load: LoadEvidence | None) -> Row | None:
    """CPU per prediction in the largest batch, against one at a time."""
    trials = [t for t in (load.batch.trials if load and load.batch else []) if t.cpu_ms_per_prediction]
    single, most = next((t for t in trials if t.size == 1), None), max(trials, key=lambda t: t.size, default=None)
    if single is None or most is None or most is single:
        return None
    one, many = single.cpu_ms_per_prediction or 0.0, most.cpu_ms_per_prediction or 0.0
    words = f"{figure(many / one)} x the CPU of a single prediction ({figure(one)} ms)"
    return [f"in batches of {most.size}", f"{figure(many)} ms of CPU per prediction", None, words]
