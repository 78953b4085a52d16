"""Evidence made by hand: a sound submission in memory, so that a test changes one fact and looks at the verdict."""

from __future__ import annotations

import json
from typing import Any

from checks.builders import feedback, panel, rule, watched

import challenges.loader
import grader.rubric
from grader.judge import judge
from grader.schema.base import Model
from grader.schema.bundle import Bundle
from grader.schema.causes import CAUSES, Failure
from grader.schema.challenge import Challenge
from grader.schema.evidence import (
    Alert,
    AuditEvidence,
    BaseImage,
    BootEvidence,
    ContractEvidence,
    DockerfileChoice,
    DriftEvidence,
    DriftRun,
    DriftWindow,
    Exchange,
    FaultCase,
    FaultRecord,
    FaultsEvidence,
    FeedbackEvidence,
    Host,
    ImageEvidence,
    IsolationProbe,
    LogsEvidence,
    Manifest,
    MetricsEvidence,
    ModelQuality,
    Place,
    PredictionFacts,
    Probe,
    RepositoryEvidence,
    RunFacts,
    SandboxEvidence,
    SourceEvidence,
    StageTiming,
    Submission,
)
from grader.schema.result import Result
from harness.source.probes import TABLE
from judge.made_load import BIN_S, MIB, SHA, batch, bins, capacity, latency, load, reading, resources, stress, trial, window

__all__ = ["BIN_S", "MIB", "batch", "bins", "capacity", "latency", "load", "reading", "resources", "stress", "trial", "window"]

VERSION = "2026-01-dede7b76"


def challenge() -> Challenge:
    return challenges.loader.load("fraud-scoring").spec


def verdict(bundle: Bundle, mode: str = "standard") -> Result:
    return judge(bundle, grader.rubric.load(), bundle.challenge or challenge(), mode)


def failure(cause: str, detail: str = "as seen") -> Failure:
    return Failure(cause=cause, culprit=CAUSES[cause].culprit, detail=detail)


def sound(mode: str = "standard") -> Bundle:
    """Everything measured and good, the metrics apart: they are long to write and have tests of their own."""
    asked = challenge()
    evidence: dict[str, Model] = {
        "source": SOURCE, "repository": REPOSITORY, "image": IMAGE, "sandbox": SANDBOX, "boot": BOOT, "contract": CONTRACT,
        "logs": LOGS, "audit": AUDIT,
        "load": load(asked, mode), "stress": stress(asked, mode), "drift": drift(asked, mode),
        "prometheus": watched().model_copy(update={"rules": [rule()], "panels": [panel()], "dashboards": ["dashboard.json"]}),
        "faults": faults(asked, mode), "metrics": METRICS,
        "feedback": feedback() if asked.modes[mode].feedback else FeedbackEvidence(),
    }  # fmt: skip
    return Bundle(manifest=manifest(mode), challenge=asked, evidence=evidence)


def without(bundle: Bundle, **failures: Failure) -> Bundle:
    """The bundle with these collectors failed."""
    kept = {name: data for name, data in bundle.evidence.items() if name not in failures}
    return Bundle(manifest=bundle.manifest, challenge=bundle.challenge, evidence=kept, failures={**bundle.failures, **failures})


def changed(bundle: Bundle, **evidence: Model) -> Bundle:
    """The bundle with other evidence for these collectors."""
    return Bundle(manifest=bundle.manifest, challenge=bundle.challenge, evidence={**bundle.evidence, **evidence}, failures=bundle.failures)


def manifest(mode: str) -> Manifest:
    stages = [
        StageTiming(name=name, start_s=float(i), seconds=1.5, measured_s=1.0) for i, name in enumerate(("source", "image", "boot", "load", "drift"))
    ]
    return Manifest(
        grader_version="0.1.0", created="2026-01-02T03:04:05+00:00", challenge="fraud-scoring", challenge_digest=challenge().digest,
        mode=mode, attempt=1,
        submission=Submission(origin="https://example.org/candidate/take-home", commit="c0ffee" * 6 + "c0ff", tree=SHA, image_digest=f"sha256:{SHA}"),
        host=Host(cores=2, memory_mib=7900, kernel="6.1", engine="Docker Engine 20.10.24", cgroup="v1", python="3.11.2"),
        seeds={"load": SHA, "drift": SHA, "faults": SHA}, files={},
        run=RunFacts(wall_s=322.4, build_s=21.7, measured_s=281.0, grader_peak_mib=131.8, generator_peak_mib=72.2, stages=stages),
    )  # fmt: skip


SOURCE = SourceEvidence(
    kind="git", commit="c0ffee" * 6 + "c0ff", tree=SHA, files=34, bytes=496_430, uncommitted=False, missing_copy_sources=[],
    dockerfile=DockerfileChoice(path="Dockerfile", context=".", why="the only Dockerfile; context by its COPY sources"),
)  # fmt: skip
SIZES = {
    "declared_cpu_request": 0.5, "declared_cpu_limit": 1.0, "declared_memory_request": 128.0, "declared_memory_limit": 256.0,
    "autoscaler_cpu_target": 70.0, "cost_statement": 0.02,
}  # fmt: skip
"""What the repository states in numbers; every other probe counts 30."""
PROBES = {
    id: Probe(subject=True, found=id != "notebooks_only", value=SIZES.get(id, 30.0), places=[Place(file=f"ops/{id}.yaml", line=3)]) for id in TABLE
}
REPOSITORY = RepositoryEvidence(probes=PROBES)
IMAGE = ImageEvidence(
    builder="classic", digest=f"sha256:{SHA}", seconds=21.7, cached=False, size_bytes=221_360_034,
    base_images=[BaseImage(reference="python:3.11-slim", pin="version")],
    user="10001", entrypoint=["python", "-m", "fraud"], command=[], shell_form=False, exposed_ports=[8090], healthcheck=True, log_tail="built\n",
    network="a bridge of its own",
)  # fmt: skip
TARGETS = ("internet address", "internet name", "metadata service", "host service", "container on another network")
SANDBOX = SandboxEvidence(
    isolation=[IsolationProbe(target=target, reachable=False, detail="no answer within 0.6 s") for target in TARGETS],
    flags={"cap_drop": "ALL", "memory": "512 MiB, no swap"}, candidate_cores=[1], generator_cores=[0], cgroup="v1",
)  # fmt: skip
BOOT = BootEvidence(
    port=8090, listening_ports=[8090], first_health_s=0.7, first_ready_s=0.8, first_prediction_s=0.8, ready_before_prediction=0, health_status=200,
    ready_status=200, uids=[10001], processes=["python -m fraud"], idle_memory_bytes=32 * MIB, exit_code=None, log_tail="listening\n",
)  # fmt: skip


def _exchange(name: str, path: str, body: str, method: str = "GET") -> Exchange:
    return Exchange(name=name, method=method, path=path, status=200, seconds=0.002, content_type="application/json", body=body)


TOLD = {"model_version": VERSION, "data_version": "d1", "code_commit": "c0ffee", "training_metrics": {"auc": 0.85}}
CONTRACT = ContractEvidence(
    predictions=PredictionFacts(sent=40, valid=40, distinct_scores=40, echoes_id=40, degraded=0), model_versions=[VERSION],
    exchanges=[
        _exchange("predict", "/predict", f'{{"score": 0.1, "model_version": "{VERSION}"}}'), _exchange("health", "/healthz", "{}"),
        _exchange("ready", "/readyz", "{}"),
        _exchange("version", "/version", json.dumps(TOLD)),
        _exchange("feedback", "/feedback", "{}", "POST"),
    ],
)  # fmt: skip
LOGS = LogsEvidence(
    lines=1958, bytes=689_501, json_lines=1958, with_request_id=1945, with_model_version=1945, canaries_sent=400, canaries_found=0, sample=["{}"]
)
FIELDS = ("transaction_id", "time", "model_version", "input_digest", "score", "degraded")
AUDIT = AuditEvidence(
    exists=True,
    lines=9000,
    parsed=9000,
    predictions_sent=9000,
    predictions_found=9000,
    duplicates=0,
    with_fields=dict.fromkeys(FIELDS, 9000),
    scores_agree=9000,
)
METRICS = MetricsEvidence(scrapes=[], truths=[])


def drift(asked: Challenge, mode: str, silent: tuple[str, ...] = ()) -> DriftEvidence:
    """Every kind alerts half a window after its onset and resolves after it; kinds in `silent` do not."""
    plan = asked.drift
    runs = [DriftRun(kind=k.kind, severity=s, feature=k.features[0] if k.features else "") for k in asked.modes[mode].drift for s in k.severities]
    windows: list[DriftWindow] = []
    alerts: list[Alert] = []

    def stream(phase: Any, run: int | None, count: int) -> int:
        severity = runs[run].severity if run is not None and phase == "drifted" else 0.0
        feature = runs[run].feature if run is not None else "amount"
        onset = sum(w.sent for w in windows)
        for _ in range(count):
            at, index = sum(w.sent for w in windows), len(windows)
            gauge = {f'fraud_drift_score{{feature="{feature}"}}': 0.2 + 3.4 * severity + 0.01 * (index % 3)}
            windows.append(
                DriftWindow(
                    index=index, phase=phase, run=run, first_request=at, sent=plan.window, ok=plan.window,
                    start_s=at / 100, end_s=(at + plan.window) / 100, mean_score=0.07 + 0.004 * (index % 3) + 0.03 * severity, gauges=gauge,
                )
            )  # fmt: skip
        return onset

    stream("warmup", None, 1)
    stream("control", None, plan.control_windows)
    for run, d in enumerate(runs):
        onset = stream("drifted", run, plan.drifted_windows)
        over = stream("recovery", run, plan.recovery_windows)
        if d.kind not in silent:
            for status, request in (("firing", onset + plan.window // 2), ("resolved", over + plan.window // 2)):
                labels = {"alertname": "FeatureDrift", "feature": d.feature}
                alerts.append(Alert(name="FeatureDrift", status=status, labels=labels, at_s=request / 100, request=request))
    stream("control", None, 1)
    return DriftEvidence(
        rate_rps=100, window=plan.window, runs=runs, fields=sorted({r.feature for r in runs} - {""}),
        windows=windows, alerts=alerts, webhook_rejected=0,
        quality=ModelQuality(n=3068, positives=187, auc=0.833, brier=0.0466, base_brier=0.0572, reference_auc=0.857),
    )  # fmt: skip


FACTS: dict[str, dict[str, float]] = {
    "pause": {"pause_s": 3},
    "sigterm_drain": {"in_flight_at_signal": 6, "in_flight_lost": 0, "exit_s": 2.1, "exit_code": 0, "ready_s": 1.2},
    "sigkill": {"restarts": 1, "ready_s": 1.4},
    "cpu_starvation": {"throttled_periods": 30, "quota_cpus": 0.2},
    "network_cut": {"cut_s": 3},
}
DEPENDENCY = {"hits": 80, "n_degraded": 300, "n_plain_ok": 0, "brier_degraded": 0.05, "brier_base": 0.057, "distinct_degraded": 290}
DOWN = {"pause": (2.0, 5.3), "sigterm_drain": (2.0, 4.2), "sigkill": (2.0, 3.4), "network_cut": (2.0, 5.2)}


def fault(id: str, number: int, *, injected: bool = True, bad: tuple[float, float] | None = None, failed: Failure | None = None) -> FaultRecord:
    """One record of 9 s: fault from 2 s to 5 s."""
    probed = bins(9.0, 100, bad=bad or DOWN.get(id))
    if id.startswith("dependency_"):
        probed = [b.model_copy(update={"ok": 0, "degraded": b.sent}) if 2 <= b.t_s < 5 else b for b in probed]
    wrong = id == "malformed_input"
    return FaultRecord(
        id=id, number=number, target="input" if wrong else "candidate", injected=injected, proof="seen" if injected else "no trace of it",
        failure=failed,
        inject_s=2.0 if injected else None, undo_s=5.0 if injected else None, end_s=9.0, bin_s=BIN_S, bins=[] if wrong else probed,
        liveness=[(round(i * 0.2, 1), 200) for i in range(45)], cases=[case(name) for name in ("nan", "huge", "empty")] if wrong else [],
        facts={"healthy_before": 1.0, **FACTS.get(id, DEPENDENCY if id.startswith("dependency") else {})},
    )  # fmt: skip


EVERY_FAULT = (
    "pause", "sigterm_drain", "shell_pid1", "sigkill", "worker_kill", "cpu_starvation", "memory_pressure", "disk_full", "network_cut", "packet_loss",
    "bandwidth_cap", "dependency_slow", "dependency_errors", "dependency_refused", "dependency_blackhole", "dependency_reset", "dependency_drip",
    "dependency_garbage", "dependency_missing_field", "dependency_nan", "dependency_huge_body", "dependency_flapping", "dependency_name_gone",
    "dependency_credentials", "model_missing", "malformed_input", "overload", "rolling_update", "bad_rollout", "retrain_race", "model_schema",
    "packet_loss_20",
)  # fmt: skip


def every_fault() -> FaultsEvidence:
    """As many as the whole catalogue has: outages, fallbacks and shedding by turns, one without proof, one that broke, some without a check."""
    records = []
    for number, id in enumerate(EVERY_FAULT, 1):
        made = fault(id, number, bad=(2.0, 3.0 + number % 4) if number % 5 == 0 else None, injected=number != 11)
        shed = [b.model_copy(update={"ok": 0, "shed": b.sent}) if number % 7 == 0 and 2.5 <= b.t_s < 4.5 else b for b in made.bins]
        records.append(made.model_copy(update={"bins": shed, "expectation": "answers as before"}))
    records[28] = fault("bad_rollout", 29, injected=False, failed=failure("engine_lost"))
    return FaultsEvidence(faults=records)


def case(name: str) -> FaultCase:
    return FaultCase(
        name=name, kind=name, expected="refused", status=422, seconds=0.003, error=None, body='{"error": "amount is no number"}', alive_after=True
    )


def faults(asked: Challenge, mode: str) -> FaultsEvidence:
    return FaultsEvidence(faults=[fault(id, number) for number, id in enumerate(asked.modes[mode].faults, 1)])
