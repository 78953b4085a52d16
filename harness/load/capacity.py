"""The capacity search: the highest rate at which a service meets its SLO, found by trials, confirmed by a longer one, published as a lower bound.

Closed bursts tell where to begin and how many requests the service works on at once. Open-loop Poisson trials then close in on the
highest rate that holds; a trial is ended as soon as it cannot hold any more, and a failure is repeated once,
since a neighbour's single hiccup fails a trial and never passes one. The confirmation runs longer, a little below what held.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import sqrt
from time import monotonic, sleep
from typing import Literal

from grader.schema.challenge import StressPlan
from grader.schema.evidence.load import BurstStep, Capacity, CapacityTrial, ResourceUse
from harness.load import schedule
from harness.load.generator import Running
from harness.load.outcomes import ANSWERED
from harness.load.stage import Stage, make_plan
from harness.load.supply import Supply
from harness.load.trace import Trace, quantile
from harness.load.watch import Watch
from harness.load.windows import GENERATOR, void_reason

CALLERS = (1, 2, 4, 8, 16, 32, 64, 128)
"""The feature store takes 4 ms and more: 32 callers could not keep a service busy that serves 8000 requests/s."""
ENOUGH = 1.1
"""A step that does not bring a tenth more than the best so far, twice in a row, shows that more callers bring nothing."""

FIRST, UP, DOWN = 0.9, 1.09, 0.75
"""The first trial as a share of the bursts' rate; factors of the next one while only one side is known."""

CLOSE = 1.04
CONFIRM, STEP_DOWN, CONFIRMATIONS = 0.95, 0.85, 7
LATE_SHARE = 0.01
"""p99 within the SLO: at most this share of a trial's requests is over it, one request at least."""

IN_FLIGHT_SLOS = 2.0
IN_FLIGHT_LEAST = 32
"""A trial ends when more is in flight than `rate x SLO x 2`: by Little's law the mean is then beyond twice the SLO. It also ends as soon
as more requests are late than a whole trial may have."""

LOWEST_SHARE = 0.05
VOIDS = 3
LATE_TRIALS = 2
"""So many trials in a row that left late show that the generator is at its end: one hiccup does not."""

POLL_S = 0.02
SETTLE_S = 4.0
SILENCES = 2
"""So many times in a row nobody answered a single request: the service is gone for good, and not being started anew."""

TIMEOUT_S = 2.0
GUESS_RPS = 1000.0
"""Bodies for the first burst; one that runs out of them ends early and is rated all the same."""

Phase = Literal["search", "confirm"]


def search(stage: Stage, plan: StressPlan, supply: Supply) -> Capacity:
    """Never raises for what a candidate does; Trouble where the generator breaks. Takes about `plan.search_s` seconds at most."""
    return _Search(stage, plan, supply).run()


@dataclass
class _Bracket:
    """The highest rate that held and the lowest that did not."""

    held: float | None = None
    failed: float | None = None

    @property
    def closed(self) -> bool:
        return self.held is not None and self.failed is not None and self.failed <= self.held * CLOSE

    @property
    def promising(self) -> float:
        """Where a confirmation may begin: below what held, or, where nothing did in the time there was, well below what did not."""
        return self.held * CONFIRM if self.held else (self.failed or 0.0) * DOWN

    def next(self, rate: float) -> float:
        if self.held is not None and self.failed is not None:
            return sqrt(self.held * self.failed)
        return rate * (UP if self.held is not None else DOWN)


@dataclass
class _Search:
    stage: Stage
    plan: StressPlan
    supply: Supply
    bursts: list[BurstStep] = field(default_factory=list)
    trials: list[CapacityTrial] = field(default_factory=list)
    cost_ms: float | None = None
    silences: int = 0

    @property
    def gone(self) -> bool:
        return self.silences >= SILENCES

    def run(self) -> Capacity:
        begin = monotonic()
        self.highest = self.plan.highest_factor * self.stage.reality.rate_rps
        self.deadline = begin + self.plan.search_s - self.plan.confirm_s
        saturation = self._saturate()
        bracket, generator_limited = self._close_in(saturation)
        confirmed = self._confirm(bracket)
        return Capacity(
            rate_rps=confirmed,
            failed_rps=bracket.failed,
            saturation_rps=round(saturation, 1),
            parallelism=self._parallelism(saturation),
            limited_by="generator" if generator_limited else "highest_rate" if (bracket.held or 0.0) >= self.highest else "service",
            highest_rps=self.highest,
            cpu_ms_per_request=self.cost_ms,
            bursts=self.bursts,
            trials=self.trials,
            seconds=round(monotonic() - begin, 3),
            void=self._void(confirmed, bracket),
        )

    def _saturate(self) -> float:
        """The best rate of closed bursts with more and more callers."""
        best, vain = 0.0, 0
        for callers in CALLERS:
            step, use = self._burst(callers)
            self.bursts.append(step)
            vain = 0 if step.rate_rps > best * ENOUGH else vain + 1
            if step.rate_rps > best:
                best = step.rate_rps
                self.cost_ms = round(use.cpu_seconds / step.answered * 1e3, 4) if use and step.answered else None
            if vain == 2 or not step.answered:
                break
        return best

    def _burst(self, callers: int) -> tuple[BurstStep, ResourceUse | None]:
        """Rated from the first sending to the last answer: the burst's ends cut requests off."""
        seconds, seen = self.plan.burst_s, max((step.rate_rps for step in self.bursts), default=GUESS_RPS)
        plan = make_plan(self.stage, [0.0] * (int(seen * seconds * 3) + 16 * callers), self.supply)
        with Watch(self.stage.candidate, self.stage.cores) as watch:
            running = self.stage.generator.start(replace(plan, callers=callers, seconds=seconds))
            trace = running.wait()
        use, valid = watch.use(), trace.valid
        answered = int(valid.sum())
        span = float(trace.received[valid].max() - trace.intended.min()) if answered else seconds
        share = None if use is None else round(min(1.0, use.cpu_seconds / max(span, 1e-3) / self.stage.cpus), 4)
        return BurstStep(concurrency=callers, seconds=round(span, 3), answered=answered, rate_rps=round(answered / span, 2), cpu_share=share), use

    def _close_in(self, saturation: float) -> tuple[_Bracket, bool]:
        bracket, rate, voids, late = _Bracket(), min(self.highest, saturation * FIRST), 0, 0
        lowest = LOWEST_SHARE * self.stage.reality.rate_rps
        while rate >= lowest and not bracket.closed and not self.gone and monotonic() + self.plan.trial_s < self.deadline:
            trial = self._settled_trial("search", rate, self.plan.trial_s)
            if trial.void is not None:
                voids += 1
                late = late + 1 if trial.void.startswith(GENERATOR) else 0
                if late >= LATE_TRIALS and bracket.held is not None:
                    return bracket, True
                if voids >= VOIDS:
                    break
                continue
            late = 0
            if trial.held or (not self.gone and self._again(rate)):
                bracket.held = rate
                if rate >= self.highest:
                    break
            else:
                bracket.failed = rate
            rate = min(self.highest, bracket.next(rate))
        return bracket, False

    def _again(self, rate: float) -> bool:
        """A failure counts only when its repetition fails too."""
        return self._settled_trial("search", rate, self.plan.trial_s).held is not False

    def _confirm(self, bracket: _Bracket) -> float | None:
        """The rate that a longer trial held, a little below what the search found; lower, step by step, while it does not.

        A service that stalls now and then may hold a short trial by luck at a rate that it cannot keep up.
        """
        rate, lowest = bracket.promising, LOWEST_SHARE * self.stage.reality.rate_rps
        for _ in range(CONFIRMATIONS):
            if rate < lowest or self.gone:
                return None
            trial = self._settled_trial("confirm", rate, self.plan.confirm_s)
            if trial.held:
                return round(rate, 1)
            if not trial.void:
                bracket.failed = rate
                rate *= STEP_DOWN
        return None

    def _settled_trial(self, phase: Phase, rate: float, seconds: float) -> CapacityTrial:
        there = settle(self.stage, self.supply) or answers(self.stage, self.supply)
        self.silences = 0 if there else self.silences + 1
        trial = self._trial(phase, rate, seconds)
        self.trials.append(trial)
        return trial

    def _trial(self, phase: Phase, rate: float, seconds: float) -> CapacityTrial:
        stage, slo_s = self.stage, self.stage.reality.slo_p99_ms / 1e3
        offsets = schedule.poisson(rate, seconds, stage.seeds.derive(f"capacity:{len(self.trials)}"))
        limit = max(IN_FLIGHT_LEAST, rate * slo_s * IN_FLIGHT_SLOS)
        plan = make_plan(stage, offsets, self.supply, TIMEOUT_S)
        with Watch(stage.candidate, stage.cores, store=stage.store) as watch:
            running = stage.generator.start(plan)
            peak, aborted = _follow(running, seconds, limit, _allowed(len(offsets)))
            trace = running.stop() if aborted else running.wait()
        use, late = watch.use(), trace.over(slo_s)
        void = void_reason(trace, TIMEOUT_S, use)
        spent = max(1e-9, trace.end - running.t0)
        return CapacityTrial(
            phase=phase, rate_rps=round(rate, 2), seconds=seconds, sent=len(trace) - trace.dropped, over_slo=late,
            p95_ms=_ms(trace, 0.95), p99_ms=_ms(trace, 0.99), shed=trace.counts().get("shed", 0), degraded=int(trace.degraded.sum()),
            cpu_share=None if use is None else round(min(1.0, use.cpu_seconds / spent / stage.cpus), 4),
            peak_in_flight=peak, aborted=aborted, void=void,
            held=None if void else not aborted and len(trace) > 0 and late <= _allowed(len(trace)),
        )  # fmt: skip

    def _parallelism(self, saturation: float) -> float | None:
        alone = next((step.rate_rps for step in self.bursts if step.concurrency == 1), 0.0)
        return round(saturation / alone, 2) if alone else None

    def _void(self, confirmed: float | None, bracket: _Bracket) -> str | None:
        """Why nothing can be said: no rate held, and a trial that might have was spoilt: one below every rate that is known not to hold."""
        spoilt = [trial for trial in self.trials if trial.void]
        least = min((trial.rate_rps for trial in self.trials if trial.held is False), default=float("inf"))
        might = bracket.held is not None or any(trial.rate_rps < least for trial in spoilt)
        return spoilt[-1].void if confirmed is None and spoilt and might else None


def _allowed(requests: int) -> float:
    return max(1.0, LATE_SHARE * requests)


def _follow(running: Running, seconds: float, limit: float, late: float) -> tuple[int, bool]:
    """Watch a trial to its end: the most requests in flight, and whether it was ended early because it cannot hold any more."""
    peak = 0
    while monotonic() < running.t0 + seconds:
        peak = max(peak, running.in_flight())
        if peak > limit or running.late() > late:
            return peak, True
        sleep(POLL_S)
    return peak, False


def _ms(trace: Trace, q: float) -> float | None:
    values = trace.latency_s()
    return round(quantile(values, q) * 1e3, 3) if len(values) else None


def settle(stage: Stage, supply: Supply) -> bool:
    """Wait until single requests are answered within the SLO again: what a trial left in queues is not the next one's. False: not in time."""
    deadline, slo_s = monotonic() + SETTLE_S, stage.reality.slo_p99_ms / 1e3
    while monotonic() < deadline:
        trace = stage.generator.start(make_plan(stage, [0.0, 0.01, 0.02], supply, timeout_s=1.0)).wait()
        if trace.over(slo_s) == 0:
            return True
        sleep(POLL_S)  # a service that refuses at once would be asked thousands of times
    return False


def answers(stage: Stage, supply: Supply) -> bool:
    """Whether anything at all comes back within the deadline of a request."""
    trace = stage.generator.start(make_plan(stage, [0.0, 0.01, 0.02], supply, TIMEOUT_S)).wait()
    return bool(trace.has(*ANSWERED).any())
