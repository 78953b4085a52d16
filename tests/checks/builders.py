"""Tiny hand-made evidence for checks, and `judge`, which runs one check as scoring would: declared inputs, the rubric's bars."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.checks.registry import CHECKS
from grader.rubric import load as load_rubric
from grader.schema.causes import Failure, Trouble
from grader.schema.challenge import Challenge, Prices
from grader.schema.evidence import (
    Alert,
    AlertStretch,
    AuditEvidence,
    BaseImage,
    BootEvidence,
    BurstStep,
    Capacity,
    CapacityTrial,
    ContractEvidence,
    DriftEvidence,
    DriftRun,
    DriftWindow,
    ErrorLines,
    Exchange,
    Expected,
    FaultCase,
    FaultRecord,
    FaultsEvidence,
    FeedbackEvidence,
    FeedbackSegment,
    GaugeReading,
    ImageEvidence,
    Latency,
    LoadEvidence,
    LoadWindow,
    LogsEvidence,
    MetricsEvidence,
    ModelQuality,
    Panel,
    Place,
    PredictionFacts,
    Probe,
    PrometheusEvidence,
    Replay,
    RepositoryEvidence,
    ResourceSample,
    ResourceUse,
    Rule,
    Scrape,
    ScrapeCost,
    Scraping,
    SentTruth,
    ServedQuality,
    Sighting,
    StressEvidence,
    TimeBin,
    VersionDocument,
    VersionSwitch,
)
from grader.schema.result import Finding, Outcome
from harness.telemetry.exposition import parse

ROOT = Path(__file__).parents[2]
RUBRIC = load_rubric()
RULES = {id: rule for area in RUBRIC.areas.values() for id, rule in area.checks.items()}
PRICES = Prices.model_validate(tomllib.loads((ROOT / "challenges/prices.toml").read_text()))
CHALLENGE = Challenge.model_validate(tomllib.loads((ROOT / "challenges/fraud-scoring/challenge.toml").read_text()) | {"prices": PRICES})
MIB = 2**20
CANDIDATE = Trouble("service_gone", "no answer for 10 s").failure
GRADER = Trouble("sidecar_down", "the store is gone").failure


def judge(id: str, **evidence: Any) -> Finding:
    """Run a check on evidence given by collector name. A level that its ladder lacks, or an empty sentence, is an error."""
    rule, spec = RULES[id], CHECKS[id]
    given = {"challenge": CHALLENGE, "bars": rule.bars, **evidence}
    absent = {spec.inputs[parameter]: None for parameter in spec.optional}
    finding = spec.function(**{parameter: (absent | given)[name] for parameter, name in spec.inputs.items()})
    assert finding.level is None or finding.level in rule.ladder
    assert finding.observed
    return finding


def level(id: str, **evidence: Any) -> str:
    """The level's name; `unknown` or `not_applicable` where there is none."""
    finding = judge(id, **evidence)
    return finding.level or (finding.outcome or Outcome.UNKNOWN).value


# ---- submission


def image(**facts: Any) -> ImageEvidence:
    default = {
        "builder": "legacy", "digest": "sha256:1", "seconds": 40.0, "cached": False, "size_bytes": 400_000_000,
        "base_images": [BaseImage(reference="python:3.11-slim", pin="version")], "user": "app", "entrypoint": [], "command": ["serve"],
        "shell_form": False, "exposed_ports": [8090], "healthcheck": False, "log_tail": "", "network": "package indexes",
    }  # fmt: skip
    return ImageEvidence(**{**default, **facts})


def repository(*, detail: str = "", **probes: bool | float | Probe | None) -> RepositoryEvidence:
    """True: found; a number: found, with that value; False: not found; None: no subject."""
    return RepositoryEvidence(probes={id: _probe(id, seen, detail) for id, seen in probes.items()})


def _probe(id: str, seen: bool | float | Probe | None, detail: str) -> Probe:
    if isinstance(seen, Probe):
        return seen
    about_manifests = id.startswith(("kubernetes_", "manifest_", "declared_"))
    places = [Place(file="k8s/deployment.yaml" if about_manifests else f"{id}.yaml")] if seen else []
    value = None if seen is None or isinstance(seen, bool) else float(seen)
    return Probe(subject=seen is not None, found=bool(seen), value=value, detail=detail, places=places)


def seen(*facts: dict[str, str | float], text: str = "Deployment api") -> Probe:
    """A find with one sighting for each set of facts."""
    place = Place(file="k8s/deployment.yaml")
    return Probe(subject=True, found=True, places=[place], sightings=[Sighting(text=text, place=place, facts=told) for told in facts])


# ---- behaviour


def boot(**facts: Any) -> BootEvidence:
    default = {
        "port": 8090, "listening_ports": [8090], "first_health_s": 1.5, "first_ready_s": 2.0, "first_prediction_s": 2.1,
        "ready_before_prediction": 0, "health_status": 200, "ready_status": 200, "uids": [1000, 1000], "processes": ["python"],
        "idle_memory_bytes": 90 * MIB, "exit_code": None, "log_tail": "",
    }  # fmt: skip
    return BootEvidence(**{**default, **facts})


def exchange(name: str, method: str, path: str, status: int | None = 200, body: str = "") -> Exchange:
    return Exchange(name=name, method=method, path=path, status=status, seconds=0.01, body=body, error=None if status else "reset")


def contract(*exchanges: Exchange, versions: Sequence[str] = ("1.4.0",), **facts: Any) -> ContractEvidence:
    default = {"sent": 40, "valid": 40, "distinct_scores": 38, "echoes_id": 40, "degraded": 0}
    return ContractEvidence(predictions=PredictionFacts(**{**default, **facts}), exchanges=list(exchanges), model_versions=list(versions))


def logs(**facts: Any) -> LogsEvidence:
    default = {
        "lines": 1000, "bytes": 10**5, "json_lines": 1000, "with_request_id": 900, "with_model_version": 900, "canaries_sent": 300,
        "canaries_found": 0, "sample": [], "with_level": 1000, "errors": ErrorLines(wrong_requests=20, explained=40, bare=2, prose=0),
    }  # fmt: skip
    return LogsEvidence(**{**default, **facts})


def audit(**facts: Any) -> AuditEvidence:
    fields = dict.fromkeys(("transaction_id", "time", "model_version", "input_digest", "score", "degraded"), 1000)
    default = {
        "exists": True, "lines": 1000, "parsed": 1000, "predictions_sent": 1000, "predictions_found": 1000, "duplicates": 0,
        "with_fields": fields, "scores_agree": 1000, "canaries_found": 0,
    }  # fmt: skip
    return AuditEvidence(**{**default, **facts})


# ---- metrics

EXPOSITION = """\
# TYPE fraud_requests_total counter
fraud_requests_total{{status="200"}} {ok}
fraud_requests_total{{status="422"}} {wrong}
# TYPE fraud_request_latency_seconds histogram
fraud_request_latency_seconds_bucket{{le="0.01"}} {ok}
fraud_request_latency_seconds_bucket{{le="0.1"}} {ok}
fraud_request_latency_seconds_bucket{{le="+Inf"}} {ok}
fraud_request_latency_seconds_sum {latency_sum}
fraud_request_latency_seconds_count {ok}
# TYPE fraud_score histogram
fraud_score_bucket{{le="0.05"}} {most}
fraud_score_bucket{{le="0.1"}} {nearly}
fraud_score_bucket{{le="0.5"}} {ok}
fraud_score_bucket{{le="1.0"}} {ok}
fraud_score_bucket{{le="+Inf"}} {ok}
fraud_score_sum {score_sum}
fraud_score_count {ok}
# TYPE fraud_model_info gauge
fraud_model_info{{version="{version}"}} 1
# TYPE fraud_fallbacks_total counter
fraud_fallbacks_total {fallbacks}
"""
"""What a sound service exposes: 5 ms per request, a mean score of 0.06."""


def exposition(ok: float = 0, wrong: float = 0, fallbacks: float = 0, version: str = "1.4.0", **sums: float) -> str:
    default = {"latency_sum": ok * 0.005, "score_sum": ok * 0.06, "most": ok * 0.7, "nearly": ok * 0.9}
    return EXPOSITION.format(ok=ok, wrong=wrong, fallbacks=fallbacks, version=version, **{**default, **sums})


def scrape(moment: str, text: str | None) -> Scrape:
    parsed = parse(text.encode()) if text is not None else None
    return Scrape(
        moment=moment, at_s=0.0, status=200 if parsed else 404, seconds=0.01, bytes=len(text or ""), content_type="text/plain",
        problem=("; ".join(parsed.problems) or None) if parsed else "status 404", families=parsed.families if parsed else [],
        truncated=bool(parsed and parsed.truncated), series=parsed.series if parsed else {},
    )  # fmt: skip


def truth(since: str, until: str, sent: int = 3000, **facts: Any) -> SentTruth:
    default = {"statuses": {"200": sent}, "mean_latency_ms": 6.0, "score_n": sent, "score_mean": 0.06, "score_sd": 0.1}
    return SentTruth(since=since, until=until, sent=sent, **{**default, **facts})


def metrics(
    before: str | None = None, after: str | None = None, *more: Scrape, truths: Sequence[SentTruth] | None = None, **facts: Any
) -> MetricsEvidence:
    """Scrapes around the steady window, with its truth, and whatever other scrapes there are."""
    scrapes = [scrape("before_steady", before), scrape("after_steady", after), *more]
    told = list(truths) if truths is not None else [truth("before_steady", "after_steady", **facts)]
    return MetricsEvidence(scrapes=scrapes, truths=told, under_load=[cost() for _ in range(10)])


def cost(seconds: float = 0.01, size: int = 8000, rps: float = 150.0, status: int | None = 200) -> ScrapeCost:
    return ScrapeCost(at_s=0.0, status=status, seconds=seconds, bytes=size, rps=rps, error=None if status else "timeout")


def counters(**values: float) -> str:
    """An exposition of bare counters."""
    return "".join(f"# TYPE {name} counter\n{name} {value}\n" for name, value in values.items())


def summary(name: str, count: int, each: float) -> str:
    """An exposition of one summary without quantiles."""
    return f"# TYPE {name} summary\n{name}_sum {count * each}\n{name}_count {count}\n"


def sound_metrics(*more: Scrape) -> MetricsEvidence:
    return metrics(exposition(100), exposition(3100), *more).model_copy(update={"canaries_found": 0})


# ---- drift

WINDOW = 500


def drift(
    alerts: Sequence[AlertPost] = (), kinds: Sequence[str] = ("covariate",), gauges: Callable[[DriftWindow], Mapping[str, float]] = lambda _: {},
    quality: ModelQuality | None = None, void: str | None = None, rejected: int = 0, controls: int = 6, source: str = "webhook",
) -> DriftEvidence:  # fmt: skip
    """One warm-up window, the controls, then five drifted and three clean windows per kind; alerts are (name, status, feature, request).

    A kind may be given with its severity (`covariate 0.25`), else it is 0.5 and prior 1. With six controls the first drift begins at
    request 3500, is over at 6000, and its recovery ends at 7500.
    """
    phases: list[tuple[str, int | None]] = [("warmup", None), *[("control", None)] * controls]
    for run in range(len(kinds)):
        phases += [("drifted", run)] * 5 + [("recovery", run)] * 3
    windows = [_window(i, phase, run) for i, (phase, run) in enumerate(phases)]
    return DriftEvidence(
        rate_rps=200, window=WINDOW, fields=FIELDS, runs=[_run(kind) for kind in kinds],
        windows=[w.model_copy(update={"gauges": dict(gauges(w))}) for w in windows],
        alerts=[
            Alert(name=name, status=status, labels={"feature": feature} if feature else {}, at_s=request / 200, request=request, source=source)
            for name, status, feature, request in alerts
        ],
        webhook_rejected=rejected, quality=quality, void=void,
    )  # fmt: skip


def _run(kind: str) -> DriftRun:
    name, _, severity = kind.partition(" ")
    return DriftRun(kind=name, severity=float(severity or (1.0 if name == "prior" else 0.5)), feature=FEATURES[name])


def _window(index: int, phase: str, run: int | None) -> DriftWindow:
    return DriftWindow(
        index=index, phase=phase, run=run, first_request=index * WINDOW, sent=WINDOW, ok=WINDOW,
        start_s=index * 2.5, end_s=index * 2.5 + 2.5, mean_score=0.06, gauges={},
    )  # fmt: skip


FEATURES = {"covariate": "distance_km", "unit": "amount", "missing": "device_age_days", "new_category": "channel", "prior": ""}
FIELDS = ["amount", "avg_amount_30d", "channel", "country", "device_age_days", "distance_km", "merchant_category", "minutes_since_last"]
AlertPost = tuple[str, str, str, int]


def alert(feature: str, start: int, end: int | None = None) -> list[AlertPost]:
    """The posts of one alert: firing, and resolved unless it never is."""
    posts = [("DataDrift", "firing", feature, start)]
    return posts if end is None else [*posts, ("DataDrift", "resolved", feature, end)]


def false_alarms(count: int) -> list[AlertPost]:
    """One short alert in each of the first clean windows."""
    return [post for i in range(count) for post in alert("merchant_category", 700 + WINDOW * i, 900 + WINDOW * i)]


EVERY_KIND = ["covariate 0.25", "covariate 0.5", "unit", "missing", "new_category", "prior"]
EVERY_ANSWER = [
    post for i, kind in enumerate(EVERY_KIND) for post in alert(FEATURES[kind.split()[0]], 4100 + 4000 * i, 6600 + 4000 * i)
]
"""A sound monitor's alerts over all of them: each begins 4000 requests after the one before."""


def growing(window: DriftWindow) -> dict[str, float]:
    """A gauge of distance_km that follows the covariate drift of 0.25 and then of 0.5."""
    moved = {0: 0.2, 1: 0.5}.get(-1 if window.run is None else window.run, 0.01) if window.phase == "drifted" else 0.01
    return {'drift_score{feature="distance_km"}': moved}


ANSWERED = [*alert("distance_km", 4100, 6600), *alert("amount", 8100, 10600), *alert("device_age_days", 12100, 14600)]
"""A sound monitor's alerts over covariate, unit and missing drift in this order (each begins 4000 requests after the one before)."""


def waiting(feature: str, start: float = 19.0, end: float = 31.0, state: str = "pending") -> AlertStretch:
    """A rule that Prometheus held active. The drift is streamed from 17.5 s to 30 s, and is known to be over at 37.5 s."""
    return AlertStretch(name="InputDrift", state=state, labels={"feature": feature} if feature else {}, start_s=start, end_s=end)


def watched(*alerts: AlertStretch, fires: bool = False) -> PrometheusEvidence:
    """A watch that saw these; with `fires` a replay of each proves that it fires where the drift lasts."""
    replays = [
        Replay(rule=a.name, labels=a.labels, from_s=a.start_s - 1, to_s=a.end_s + 1, stretch=40.0, fired=True) for a in alerts if fires
    ]
    return PrometheusEvidence(
        version="2.42.0", job="fraud-scoring", target_labels={}, ready_s=0.4, first_scrape_s=5.0, from_s=0.0, to_s=40.0,
        scraping=Scraping(scrapes=35, failed=0, error="", median_s=0.004, max_s=0.02, samples=180), files=[], rules=[], alerts=list(alerts),
        replays=replays, panels=[], dashboards=[], lint=[],
    )  # fmt: skip


def rule(name: str = "InputDrift", **facts: Any) -> Rule:
    default = {
        "file": "alerts.rules.yml", "group": "drift", "name": name, "kind": "alerting", "expr": "drift > 1", "for_s": 0.0, "labels": {},
        "health": "ok", "error": "", "selects": ["drift"], "absent": [], "silent": [],
    }  # fmt: skip
    return Rule(**{**default, **facts})


def panel(title: str = "Requests", series: int = 1, **facts: Any) -> Panel:
    default = {"dashboard": "d.json", "title": title, "expr": "x", "query": "x", "series": series, "points": 30 * series, "absent": []}
    return Panel(**{**default, **facts})


def quality(brier: float = 0.05, base: float = 0.056, n: int = 3000, auc: float = 0.78) -> ModelQuality:
    return ModelQuality(n=n, positives=180, auc=auc, brier=brier, base_brier=base, reference_auc=0.81)


# ---- late labels

OLD_LOSS, NEW_LOSS = 0.0145, 0.0042
SWITCHED = {"v1": 2000, "v2": 600}


def served(excess: float, n: int = 1500, excess_se: float = 0.001) -> ServedQuality:
    return ServedQuality(n=n, brier=0.052 + excess, brier_se=0.005, base_brier=0.06, reference_brier=0.052, excess=excess, excess_se=excess_se)


def stretch(
    name: Any, start_s: float, loss: float, versions: Mapping[str, int], labels: int = 0, taken: bool = True, **facts: Any
) -> FeedbackSegment:
    sent = sum(versions.values())
    default = {
        "name": name, "first_request": round(start_s * 300), "sent": sent, "ok": sent, "failed": 0, "start_s": start_s, "end_s": start_s + sent / 300,
        "latency_p99_ms": 9.0, "versions": dict(versions), "labels_sent": labels, "labels_taken": labels if taken else 0,
        "label_statuses": {"202" if taken else "404": labels} if labels else {}, "quality": served(loss),
        "by_version": {version: served(OLD_LOSS if version == "v1" else NEW_LOSS) for version in versions},
    }  # fmt: skip
    return FeedbackSegment(**{**default, **facts})


def switched(at_s: float = 12.0, **facts: Any) -> VersionSwitch:
    default = {
        "before": "v1", "after": "v2", "at_s": at_s, "request": round(300 * at_s), "labels_taken": 2400, "near": 1200, "near_failed": 0,
        "near_s": 2.0, "old_answers": 0, "old_answers_late": 0, "flips": 0,
    }  # fmt: skip
    return VersionSwitch(**{**default, **facts})


def told(moment: Any, version: str, metrics: Sequence[str] | None = None, **more: Any) -> VersionDocument:
    document = {"model_version": version, "data_version": "d1", "code_commit": "c", "training_metrics": {"auc": 0.8}, **more}
    return VersionDocument(moment=moment, at_s=0.0, status=200, document=document, metric_versions=list([version] if metrics is None else metrics))


def feedback(**facts: Any) -> FeedbackEvidence:
    """A service that retrains at 12 s, 7 s after the relation turned (5 s), is better then and takes no harm from inverted labels."""
    segments = [
        stretch("calm", 0.0, 0.004, {"v1": 1500}, 1500), stretch("concept", 5.0, OLD_LOSS, SWITCHED, 2600),
        stretch("held_out", 14.0, NEW_LOSS, {"v2": 1500}), stretch("inverted", 19.0, NEW_LOSS, {"v2": 1000}, 1000),
        stretch("settling", 22.4, NEW_LOSS, {"v2": 900}), stretch("after", 25.4, NEW_LOSS, {"v2": 800}),
    ]  # fmt: skip
    default = {
        "rate_rps": 300.0, "delay_s": (1.0, 2.5), "segments": segments, "switches": [switched()],
        "documents": [told("before", "v1"), told("retrained", "v2", parent="v1"), told("end", "v2", parent="v1")],
        "readings": brier_readings(0.07),
        "alerts": [Alert(name="ModelQuality", status="firing", labels={"alertname": "ModelQuality"}, at_s=8.0, request=2400)],
    }  # fmt: skip
    return FeedbackEvidence(**{**default, **facts})


def brier_readings(turned: float) -> list[GaugeReading]:
    """Five readings in calm around 0.05, then five at `turned`."""
    values = [0.05, 0.051, 0.049, 0.05, 0.05, *[turned] * 5]
    return [GaugeReading(at_s=2.0 + i * 0.8, request=600 + 240 * i, gauges={"live_brier": value}) for i, value in enumerate(values)]


def unlearned(**facts: Any) -> FeedbackEvidence:
    """Labels are taken, and nothing comes of it."""
    segments = [stretch("calm", 0.0, 0.004, {"v1": 1500}, 1500), stretch("concept", 5.0, OLD_LOSS, {"v1": 4000}, 3300)]
    return feedback(**{"segments": segments, "switches": [], "documents": [told("before", "v1")], "readings": [], "alerts": [], **facts})


def labels_refused() -> FeedbackEvidence:
    segments = [stretch("calm", 0.0, 0.004, {"v1": 500}, 60, taken=False)]
    return feedback(segments=segments, switches=[], documents=[], readings=[], alerts=[], labels_refused=True)


def with_segment(name: str, **facts: Any) -> FeedbackEvidence:
    """The sound experiment with other facts of one segment."""
    sound = feedback()
    return sound.model_copy(update={"segments": [s.model_copy(update=facts) if s.name == name else s for s in sound.segments]})


# ---- load and faults


def timeline(*stretches: tuple[float, Mapping[str, float]], bin_s: float = 0.1, rate: float = 100) -> list[TimeBin]:
    """Bins from stretches of (seconds, shares): `failed`, `shed`, `degraded` as shares of what is sent, `p95` in ms."""
    bins: list[TimeBin] = []
    sent = round(rate * bin_s)
    for seconds, shares in stretches:
        for _ in range(round(seconds / bin_s)):
            failed, shed, degraded = (round(shares.get(key, 0.0) * sent) for key in ("failed", "shed", "degraded"))
            ok = sent - failed - shed - degraded
            p95 = shares.get("p95", 8.0) if ok + degraded else None
            bins.append(
                TimeBin(t_s=round(len(bins) * bin_s, 6), sent=sent, ok=ok, degraded=degraded, shed=shed, failed=failed, p95_ms=p95)
            )
    return bins


def fault(
    id: str, *stretches: tuple[float, Mapping[str, float]], facts: Mapping[str, float] | None = None, inject: float = 2.0, undo: float = 5.0,
    injected: bool = True, failure: Failure | None = None, cases: Sequence[FaultCase] = (), alive: Sequence[int] | None = None,
    ready: Sequence[int] = (),
) -> FaultRecord:  # fmt: skip
    """A fault from 2 s to 5 s of a record; without stretches all is well all the time. `alive`, `ready`: statuses of polls while it lasts."""
    bins = timeline(*(stretches or [(9.0, {})]))
    statuses = [200] * 15 if alive is None else list(alive)
    step, later = ((undo - inject) / (len(found) + 1) for found in (statuses, ready))
    return FaultRecord(
        id=id, number=1, target="process", injected=injected, proof="seen" if injected else "not seen", inject_s=inject, undo_s=undo,
        end_s=len(bins) * 0.1, bin_s=0.1, bins=bins, liveness=[(inject + (i + 1) * step, s) for i, s in enumerate(statuses)],
        readiness=[(inject + (i + 1) * later, s) for i, s in enumerate(ready)],
        facts={"healthy_before": 1.0, **(facts or {})}, cases=list(cases), failure=failure,
    )  # fmt: skip


def faults(*records: FaultRecord) -> FaultsEvidence:
    return FaultsEvidence(faults=list(records))


DEGRADED = {"hits": 300, "n_sent": 300, "n_degraded": 280, "n_plain_ok": 2, "brier_degraded": 0.052, "brier_base": 0.056, "distinct_degraded": 200}


def dependency(id: str = "dependency_slow", during: Mapping[str, float] | None = None, **changes: Any) -> FaultRecord:
    """A dependency fault with a sound fallback, unless `during` (shares) or `facts` say otherwise."""
    facts = DEGRADED | dict(changes.pop("facts", {}))
    return fault(id, (2.0, {}), (3.0, during if during is not None else {"degraded": 1.0, "p95": 70}), (4.0, {}), facts=facts, **changes)


def case(
    name: str, status: int | None = 422, *, expected: Expected = "refused", kind: str = "", body: str | None = None, alive: bool = True,
    error: str | None = None, violations: Sequence[str] = (),
) -> FaultCase:  # fmt: skip
    return FaultCase(
        name=name, kind=kind or name, expected=expected, request=f"{{{name}}}", status=status, seconds=0.01, error=error,
        body=f'{{"detail": "{name}"}}' if body is None else body, violations=list(violations), alive_after=alive,
    )  # fmt: skip


def resources(**facts: Any) -> ResourceUse:
    default = {
        "cpu_seconds": 9.0, "throttled_seconds": 0.0, "memory_start_bytes": 100 * MIB, "memory_end_bytes": 102 * MIB,
        "memory_peak_bytes": 120 * MIB, "others_core_share": 0.0, "steal_share": 0.0,
    }  # fmt: skip
    return ResourceUse(**{**default, **facts})


def latency(n: int, over: int, p95: float = 9.0, p99: float = 20.0) -> Latency:
    return Latency(
        n=n, mean_ms=6.0, p50_ms=5.0, p95_ms=p95, p98_ms=p95, p99_ms=p99, p999_ms=p99, max_ms=p99, p99_sent_ms=p99, intervals={"p99": (p99, p99)},
        over_slo=over,
    )  # fmt: skip


def window(
    name: str, sent: int = 3000, *, over: int = 0, p95: float = 9.0, seconds: float = 30.0, errors: Mapping[str, int] | None = None,
    degraded: int = 0, bins: Sequence[TimeBin] = (), void: str | None = None, use: ResourceUse | None = None,
) -> LoadWindow:  # fmt: skip
    lost = sum((errors or {}).values())
    return LoadWindow(
        name=name, arrivals="poisson", rate_rps=round(sent / seconds), seconds=seconds, seed_digest="", scheduled=sent, sent=sent, dropped=0,
        ok=sent - lost - degraded, degraded=degraded, errors=dict(errors or {}), statuses={}, lag_p99_ms=0.1,
        latency=latency(sent - lost, over, p95) if sent > lost else None, resources=use or resources(), bins=list(bins), start_s=0.0, void=void,
    )  # fmt: skip


def load(*windows: LoadWindow) -> LoadEvidence:
    return LoadEvidence(windows=list(windows), bin_s=0.1)


# ---- stress

CPU_MS = 0.4
"""CPU time per request of the service that `trial` and `capacity` describe: its ceiling on one CPU is 2500 requests/s."""


def trial(rate: float, held: bool | None = True, **facts: Any) -> CapacityTrial:
    """A trial that held, unless `held` says otherwise; its CPU share follows from CPU_MS unless `cpu_share` is given."""
    sent = round(rate * 2)
    default = {
        "phase": "search", "seconds": 2.0, "sent": sent, "over_slo": 0 if held else sent // 10, "p95_ms": 9.0 if held else 300.0,
        "p99_ms": 20.0 if held else 400.0, "shed": 0, "degraded": 0, "cpu_share": min(1.0, rate * CPU_MS / 1e3), "peak_in_flight": 8,
        "aborted": False,
    }  # fmt: skip
    return CapacityTrial(**{**default, **facts}, rate_rps=rate, held=held)


def capacity(rate: float | None = 2000.0, *trials: CapacityTrial, void: str | None = None, **facts: Any) -> Capacity:
    """A search that confirmed `rate` (None: no rate held). Without trials: one that held below it, one that failed above it, the confirmation."""
    top = rate or 100.0
    usual = [trial(top * 0.8, rate is not None), trial(top * 1.1, False), *([trial(top, phase="confirm")] if rate else [])]
    default = {
        "failed_rps": top * 1.1, "saturation_rps": top * 1.2, "parallelism": 1.5, "limited_by": "service", "highest_rps": 5000.0,
        "cpu_ms_per_request": CPU_MS, "seconds": 18.0,
        "bursts": [BurstStep(concurrency=n, seconds=0.4, answered=200, rate_rps=top * min(1.2, 0.3 * n), cpu_share=0.9) for n in (1, 4, 16)],
    }  # fmt: skip
    return Capacity(**{**default, **facts}, rate_rps=rate, trials=list(trials) or usual, void=void)


def stress(cap: Capacity | None = None, overload: LoadWindow | None = None, soak: LoadWindow | None = None) -> StressEvidence:
    """Whatever is given; without `cap` the sound capacity of 2000 requests/s."""
    return StressEvidence(capacity=capacity() if cap is None else cap, overload=overload, soak=soak, bin_s=0.1)


def soaked(kib_per_request: float = 0.0, *, memory: Sequence[int] | None = None, void: str | None = None) -> StressEvidence:
    """A soak of 10 s at 300 requests/s whose memory grows by so much per request, or goes as `memory` says."""
    values = memory or [round(100 * MIB + kib_per_request * 1024 * 150 * i) for i in range(21)]
    samples = [ResourceSample(t_s=i / 2, requests=150 * i, cpu_s=0.1 * i, throttled_s=0, memory_bytes=value) for i, value in enumerate(values)]
    use = resources(samples=samples, memory_end_bytes=values[-1])
    return stress(soak=window("soak", 150 * len(values), seconds=10.0, use=use, void=void))
