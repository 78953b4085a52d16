"""The stages that need a running candidate, in order: boot, contract, load, stress, drift and feedback (watched by Prometheus), faults, logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from challenges.loader import LoadedChallenge
from challenges.narrow import WARMUP
from challenges.simulator import Row
from grader.schema.causes import CandidateTrouble, Trouble
from grader.schema.challenge import Mode
from grader.schema.evidence import (
    AuditEvidence,
    BootEvidence,
    ContractEvidence,
    DriftEvidence,
    FaultsEvidence,
    FeedbackEvidence,
    ImageEvidence,
    LoadEvidence,
    LogsEvidence,
    MetricsEvidence,
    StressEvidence,
)
from grader.schema.evidence.load import ControlReading
from harness import contract, measured
from harness.bench import CONTRACT_ROWS, Bench
from harness.drift import experiment
from harness.drift.rate import affordable
from harness.faults import stage as faults
from harness.faults.base import Known
from harness.feedback import experiment as feedback
from harness.load import batch, control, stress
from harness.load import stage as load
from harness.load.supply import Supply, requests
from harness.load.trace import Trace
from harness.sandbox import boot, revival
from harness.sandbox.container import Candidate
from harness.sandbox.engine import translate
from harness.stages import Clock, Stages
from harness.telemetry import artifact, audit, logs
from harness.telemetry.fallbacks import Fallbacks
from harness.telemetry.prometheus.stage import Watch
from harness.telemetry.scraper import Telemetry
from harness.telemetry.under_load import ScrapesUnderLoad

LIVE = ("boot", "contract", "load", "stress", "drift", "feedback", "prometheus", "metrics", "logs", "audit", "faults")

LOG_BYTES = 64 << 10

T = TypeVar("T")


class Live:
    """Runs the live stages on one candidate container. Each stage's evidence is kept only if our own ground held while it was taken."""

    def __init__(self, challenge: LoadedChallenge, mode: Mode, stages: Stages, clock: Clock, bench: Bench, cores: Sequence[int]) -> None:
        self.challenge, self.spec, self.mode = challenge, challenge.spec, mode
        self.stages, self.clock, self.bench, self.cores = stages, clock, bench, cores
        self.candidate: Candidate | None = None
        self.traces: list[Trace] = []
        self.watch = Watch(bench.material, self.spec.contract.metrics, clock.begin)
        self.telemetry: Telemetry
        self.probed: ContractEvidence
        self.fresh_starts: list[str] = []
        self.fallbacks = Fallbacks(mode.faults)
        self.wrong_since, self.quiet_until, self.wrong_requests = 0.0, 0.0, 0

    def run(self, image: ImageEvidence) -> None:
        """All live stages; what fails leaves its reason, and what stands on it inherits that."""
        self._run("boot", lambda: self._boot(image), measured=lambda _: self._since_start())
        probed = self._run("contract", self._contract)
        if probed is not None and not probed.predictions.met:
            self._stop_without_prediction(probed)
            return
        loaded = self._serving("load", self._load, measured.load)
        stressed = self._serving("stress", self._stress, measured.stress) if self.mode.stress else None
        if watched := bool(self.mode.drift or self.mode.feedback):
            self._begin_watch()
        drifted = self._serving("drift", lambda: self._drift(loaded, stressed), measured.drift) if self.mode.drift else None
        labelled = self._serving("feedback", lambda: self._feedback(loaded, stressed), measured.feedback)
        if watched:
            self._run("prometheus", lambda: self.watch.collect(drifted))
            self.watch.end()
        self._serving("idle", self._idle, needs=["load"])
        quiet = self._serving("quiet_logs", lambda: self._quiet_logs(probed))
        audited = self._serving("quiet_audit", self._audit)
        self._serving("faults", lambda: self._faults(probed, stressed, labelled), measured.faults)
        self._run("logs", lambda: self._logs(quiet), needs=["quiet_logs"])
        self._run("audit", lambda: self._whole_audit(audited), needs=["quiet_audit"])
        self._run("metrics", self._metrics, needs=["load"])

    def end(self) -> None:
        """The candidate goes, so that its cores are free for the next slot holder; so does what watches it."""
        self.watch.end()
        self._remove_candidate()

    def _remove_candidate(self) -> None:
        if self.candidate is not None:
            self.candidate.remove()

    def log(self) -> str:
        """The container's log so far, for people."""
        if self.candidate is None:
            return ""
        try:
            return self.candidate.logs(LOG_BYTES).decode("utf-8", "replace")
        except Trouble as trouble:
            return f"the log could not be read: {trouble}"

    def _run(self, name: str, stage: Callable[[], T], measured: Callable[[T], float] | None = None, *, needs: Sequence[str] = ()) -> T | None:
        """One stage on ground that holds. Ground that a retry did not find again is lost for all later stages too: nothing waits for it."""
        if self.bench.vigil.trouble is not None:
            self.stages.fail("ground", self.bench.vigil.trouble.failure)
        return self.stages.run(name, lambda: self._guarded(stage), needs=["boot", "ground", *needs], measured=measured)

    def _serving(self, name: str, stage: Callable[[], T], measured: Callable[[T], float] | None = None, *, needs: Sequence[str] = ()) -> T | None:
        """A stage that begins with a service that answers."""

        def served() -> T:
            self._bring_back(name)
            return stage()

        return self._run(name, served, measured, needs=needs)

    def _guarded(self, stage: Callable[[], T]) -> T:
        """A stage during which engine, network or sidecars moved says nothing about the candidate, whatever it says."""
        vigil = self.bench.vigil
        vigil.verify(self.candidate)
        try:
            data = stage()
        except Exception as error:
            self._verify_after(error)
            if (gone := self._gone(error)) is not None:
                raise gone from error
            raise
        vigil.verify(self.candidate)
        return data

    def _verify_after(self, error: Exception) -> None:
        """Ground that moved explains any error better than the error does; what had been recorded before is kept."""
        try:
            self.bench.vigil.verify(self.candidate)
        except Trouble as moved:
            moved.partial = error.partial if isinstance(error, Trouble) else None
            raise

    def _gone(self, error: Exception) -> Trouble | None:
        """An engine that refuses a step because the container does not run is no lost engine: all of ours was just seen to stand."""
        trouble = translate(error)
        if trouble.cause != "engine_lost" or self.candidate is None:
            return None
        state = self.candidate.state()
        return None if state.running or state.restarting else Trouble("service_gone", f"exit code {state.exit_code}: {trouble.detail}")

    def _bring_back(self, name: str) -> None:
        """A service that an earlier stage brought down gets one fresh start, so that one defect is not punished everywhere."""
        if (why := revival.bring_back(self._here, self.spec.contract.health)) is not None:
            self.fresh_starts.append(name)
            self.stages.progress.note(name, f"the service was started anew: {why}")

    @property
    def _here(self) -> Candidate:
        if self.candidate is None:
            raise Trouble("internal_error", "no candidate was started")
        return self.candidate

    def _since_start(self) -> float:
        return time.monotonic() - self._here.started_at

    def _boot(self, image: ImageEvidence) -> BootEvidence:
        self._remove_candidate()  # what a first attempt left
        self.candidate = self.bench.topology.start_candidate(image.digest)
        self.telemetry = Telemetry(self.candidate.client, self.challenge, self.clock.begin)
        rows = self.bench.streams.contract[: CONTRACT_ROWS // 4]
        validate, timeout = contract.validator(self.challenge), self.spec.limits.ready_timeout_s
        return boot.watch(self.candidate, self.spec.contract, rows, timeout, validate, meanwhile=self._probe)

    def _probe(self) -> None:
        """The contract is probed while the boot watch waits for its second look: one real service listened, then died."""
        self.probed = contract.probe(self._here.client, self.challenge, self.bench.streams.contract[CONTRACT_ROWS // 4 :])

    def _contract(self) -> ContractEvidence:
        """The artifacts are read while nothing is measured yet. An engine that does not hand them out costs that one fact."""
        self.telemetry.scrape("contract")
        try:
            found = artifact.read(self._here, self.spec.contract.version, self.spec.contract.model_path_env)
        except Trouble as trouble:
            self.stages.progress.note("contract", f"no look at the model files: {trouble}")
            return self.probed
        return self.probed.model_copy(update={"artifacts": found})

    def _stop_without_prediction(self, probed: ContractEvidence) -> None:
        facts = probed.predictions
        informed = "" if facts.informed else f", rank correlation with the truth {facts.rank_correlation}"
        detail = f"{facts.valid} of {facts.sent} answers valid, {facts.distinct_scores} distinct scores{informed}; {facts.first_violation}"
        failure = CandidateTrouble("no_valid_prediction", detail).failure
        for name in ("load", "stress", "drift", "feedback", "prometheus", "metrics", "logs", "audit", "faults"):
            self.stages.fail(name, failure)

    def _load(self) -> LoadEvidence:
        telemetry = self.telemetry

        def before(name: str) -> None:
            if name == "steady":
                telemetry.scrape("before_steady")

        def after(name: str, trace: Trace) -> None:
            self.traces.append(trace)
            if name == "steady":
                telemetry.scrape("after_steady")
                telemetry.sent("before_steady", "after_steady", trace)

        truth = {str(row.request[self.spec.contract.id_field]): row.probability for row in self.bench.streams.load}
        stage = replace(self._load_stage(before, after), truth=truth.get)
        if all(plan.name == WARMUP for plan in self.mode.load):
            stage = replace(stage, control=None)  # no check reads a warm-up: nothing in it needs a steady machine
        evidence = load.collect(stage, self.mode.load, self._supply(self.bench.streams.load))
        return evidence.model_copy(update={"batch": batch.measure(self._here, self.spec.contract, self.bench.streams.contract)})

    def _stress(self) -> StressEvidence:
        assert self.mode.stress is not None
        return stress.collect(self._load_stage(), self.mode.stress, self._supply(self.bench.streams.stress))

    def _load_stage(self, before: load.Hook = lambda _name: None, after: load.TraceHook = lambda _name, _trace: None) -> load.Stage:
        return load.Stage(
            self.bench.generator, self._here, self.spec.contract, self.spec.reality, self.bench.seeds, self.cores, self.clock.begin,
            self.spec.limits.cpus, before, after, self._control, self.bench.topology.feature_store.waited_s,
        )  # fmt: skip

    def _supply(self, rows: Sequence[Row]) -> Supply:
        return requests(rows, self.spec.contract.id_field)

    def _control(self, moment: str) -> ControlReading:
        """The control container has the core to itself: else a candidate could move its figures, and so void its own windows."""
        with self._frozen():
            return control.read(self.bench.generator, self.bench.topology.control, moment, self.clock.begin)

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        candidate = self._here
        if not candidate.state().running:
            yield
            return
        candidate.pause()
        try:
            yield
        finally:
            candidate.unpause()

    def _drift(self, loaded: LoadEvidence | None, stressed: StressEvidence | None) -> DriftEvidence:
        bench = self.bench
        assert bench.streams.drift is not None
        self.telemetry.scrape("before_drift")
        with ScrapesUnderLoad(self._here.client, self.spec.contract.metrics, self.clock.begin) as scrapes:
            result = experiment.run(
                bench.streams.drift, bench.generator, self._here.client, self.challenge, bench.topology.feature_store, bench.topology.alerts,
                rate_rps=affordable(self.spec, loaded, stressed), since=self.clock.begin,
            )  # fmt: skip
        self.telemetry.cost(scrapes.costs(result.trace))
        self.telemetry.scrape("after_drift")
        self.telemetry.sent("before_drift", "after_drift", result.trace)
        self.traces.append(result.trace)
        return result.evidence.model_copy(update={"rules_unheard": self.watch.unheard})

    def _feedback(self, loaded: LoadEvidence | None, stressed: StressEvidence | None) -> FeedbackEvidence:
        """An empty one where the mode leaves it out."""
        bench, plan = self.bench, self.mode.feedback
        if plan is None or bench.streams.feedback is None:
            return FeedbackEvidence()
        result = feedback.run(
            bench.streams.feedback, bench.generator, self._here.client, self.challenge, bench.topology.feature_store, bench.topology.alerts, plan,
            rate_rps=feedback.rate_of(self.spec, loaded, stressed), since=self.clock.begin,
        )  # fmt: skip
        self.traces.append(result.trace)
        return result.evidence

    def _begin_watch(self) -> None:
        """Never while load is measured. Nothing waits for the first scrape: the stream begins with windows that nobody judges."""
        if self.candidate is not None:
            self.watch.begin(self.candidate.client, self.bench.topology.alerts, self.bench.topology.cores.ours)

    def _idle(self) -> None:
        """Scrapes while nothing is sent, then around requests that must be refused: are those counted as what they are?"""
        self.telemetry.idle()
        self.telemetry.look_for(self._canaries)
        self.wrong_since = time.time()
        self.wrong_requests = self.telemetry.errors(self.bench.streams.contract).sent

    @cached_property
    def _canaries(self) -> set[str]:
        """Personal values in everything that was sent before the faults."""
        streams = self.bench.streams
        rows = [*streams.contract, *streams.load, *(streams.drift.rows if streams.drift else [])]
        return {str(row.request[field]) for row in rows for field in self.spec.contract.canary_fields}

    def _metrics(self) -> MetricsEvidence:
        """Every scrape of the run, those around the faults included."""
        return self.telemetry.evidence()

    def _quiet_logs(self, probed: ContractEvidence | None) -> LogsEvidence:
        """Before the faults, whose lines could push those of the ids that we look for out of the log."""
        versions = {version for trace in self.traces for version in trace.versions} | set(probed.model_versions if probed else ())
        read = logs.read(self._here, self._canaries, logs.answered(*self.traces), versions)
        if not self.wrong_requests:
            return read
        refused = logs.errors(self._here, self.wrong_since, self.wrong_requests)
        self.quiet_until = time.time()
        return read.model_copy(update={"errors": refused})

    def _logs(self, quiet: LogsEvidence | None) -> LogsEvidence:
        """The same log once more, for what the faults added: a talkative service's earlier lines are gone from it by now."""
        if quiet is None:
            raise Trouble("upstream_missing", "the log was not read before the faults")
        quiet = self.fallbacks.into_logs(quiet)
        if quiet.errors is None:
            return quiet
        return quiet.model_copy(update={"errors": quiet.errors.plus(logs.errors(self._here, self.quiet_until, 0))})

    def _audit(self) -> AuditEvidence:
        return audit.read(self._here, self.challenge, audit.answers(*self.traces), self._canaries)

    def _whole_audit(self, quiet: AuditEvidence | None) -> AuditEvidence:
        if quiet is None:
            raise Trouble("upstream_missing", "the audit trail was not read before the faults")
        return self.fallbacks.into_audit(quiet)

    def _faults(self, probed: ContractEvidence | None, stressed: StressEvidence | None, labelled: FeedbackEvidence | None) -> FaultsEvidence:
        bench = self.bench
        capacity = stressed.capacity if stressed else None
        known = Known(
            most_rps=capacity.most_rps if capacity and not capacity.void else None,
            first_version=next(iter(probed.model_versions), None) if probed else None,
            feedback=labelled,
        )
        return faults.collect(
            bench.topology, self._here, bench.generator, self.challenge, self.mode, bench.streams.faults, bench.seeds, known,
            before=lambda fault: self._read(f"before_{fault}"), after=self._after_fault, witness=self.fallbacks.witness,
            progress=self.stages.progress,
            explain=self.stages.failure, ground=lambda: bench.vigil.verify(self.candidate),
        )  # fmt: skip

    def _read(self, moment: str) -> None:
        self.telemetry.scrape(moment)

    def _after_fault(self, fault: str) -> None:
        self._read(f"after_{fault}")
        try:
            self.fallbacks.after(fault, self._here, self.challenge, self.bench.streams.faults)
        except Trouble as trouble:  # no fault's trouble, and nobody's loss
            self.stages.progress.note("faults", f"no look at what was written down about fallback answers: {trouble}")
