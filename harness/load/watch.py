"""Accounting of the candidate and of its cores while load runs: what it used, what others took, and the series in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from threading import Event, Thread
from typing import Protocol

from grader.schema.causes import Trouble
from grader.schema.evidence.load import ResourceSample, ResourceUse
from harness.host import CoreTimes, between, core_times, shares

SAMPLE_S = 0.5

LOG_COST_S_PER_BYTE = 1e-6
"""The most CPU time of the engine that a byte of the candidate's own log explains. Measured: 0.3 us for short lines, and a service that does
nothing but log keeps the engine busy on the candidate's core for 90 % of the time: without this it could void its own windows."""


class Usage(Protocol):
    """Container accounting since its start (harness.sandbox.usage.Usage is one)."""

    @property
    def cpu_s(self) -> float: ...
    @property
    def throttled_s(self) -> float: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def at_monotonic(self) -> float: ...
    @property
    def pid(self) -> int: ...
    @property
    def open_files(self) -> int | None: ...
    @property
    def log_bytes(self) -> int | None: ...
    @property
    def engine_cpu_s(self) -> float | None: ...
    @property
    def prioritised(self) -> bool: ...


class Target(Protocol):
    """What load needs to know about a candidate (harness.sandbox.container.Candidate is one)."""

    @property
    def ip(self) -> str: ...
    @property
    def port(self) -> int: ...
    def usage(self) -> Usage: ...


class Watch:
    """Context manager around a stretch of load. Samples in a thread; `use(start, end)` afterwards gives the part between two moments.

    `requests` tells how many requests were sent so far, `store` for how many seconds the feature store's process has waited for a core.
    """

    def __init__(
        self, candidate: Target, cores: Sequence[int], requests: Callable[[], int] = lambda: 0, store: Callable[[], float | None] = lambda: None
    ) -> None:
        self._candidate, self._cores, self._requests, self._store = candidate, cores, requests, store
        self._over = Event()
        self._samples: list[tuple[Usage, CoreTimes, int, float | None]] = []
        self._sampler = Thread(target=self._sample, name="usage", daemon=True)
        self._trouble: Trouble | None = None

    def __enter__(self) -> Watch:
        self._read()
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over.set()
        self._sampler.join()
        if kind is None:
            if self._trouble is not None:
                raise self._trouble
            self._read()

    def use(self, start: float = 0.0, end: float = float("inf")) -> ResourceUse | None:
        """Use between the samples nearest to two moments (CLOCK_MONOTONIC), by default over all; None where nothing can be said."""
        first = min(range(len(self._samples)), key=lambda i: abs(self._samples[i][0].at_monotonic - max(start, self._at(0))))
        last = min(range(len(self._samples)), key=lambda i: abs(self._samples[i][0].at_monotonic - min(end, self._at(-1))))
        chosen = self._samples[first : last + 1]
        if len(chosen) < 2:
            return None
        usages, cores, sent, waits = zip(*chosen, strict=True)
        found = resource_use(usages, cores[0], cores[-1], sent)
        seconds = usages[-1].at_monotonic - usages[0].at_monotonic
        if found is None or waits[0] is None or waits[-1] is None or seconds <= 0:
            return found
        steps = [after - before for before, after in pairwise(waits) if before is not None and after is not None]
        share, longest = max(0.0, waits[-1] - waits[0]) / seconds, max(steps, default=0.0)
        return found.model_copy(update={"store_wait_share": round(share, 4), "store_wait_longest_s": round(max(0.0, longest), 4)})

    def _at(self, i: int) -> float:
        return self._samples[i][0].at_monotonic

    def _read(self) -> None:
        """The core's account as it was when the candidate's was read: asking engine and helper for the rest may take longer at a busy moment."""
        before, usage, after = core_times(self._cores), self._candidate.usage(), core_times(self._cores)
        self._samples.append((usage, between(before, after, usage.at_monotonic), self._requests(), self._store()))

    def _sample(self) -> None:
        try:
            while not self._over.wait(SAMPLE_S):
                self._read()
        except Trouble as trouble:
            self._trouble = trouble


def resource_use(samples: Sequence[Usage], before: CoreTimes, after: CoreTimes, sent: Sequence[int] = ()) -> ResourceUse | None:
    """None when the accounting went backwards: the container was started anew inside the window.

    A process that died took the account of its last CPU time with it; what is missing then would look like others' work and void the
    window, at the host's cost, for which the candidate's crash is to blame. So nothing is said about others in such a window.
    """
    first, last = samples[0], samples[-1]
    cpu = last.cpu_s - first.cpu_s
    if cpu < 0:
        return None
    logged = None if last.log_bytes is None or first.log_bytes is None else last.log_bytes - first.log_bytes
    died = len({sample.pid for sample in samples}) > 1
    others, steal = (0.0, 0.0) if died else shares(before, after, cpu + _caused_by_log(first, last, logged))
    files = [sample.open_files for sample in samples if sample.open_files is not None]
    counts = _from_the_start(sent or [0] * len(samples))
    return ResourceUse(
        cpu_seconds=cpu,
        throttled_seconds=max(0.0, last.throttled_s - first.throttled_s),
        memory_start_bytes=first.memory_bytes,
        memory_end_bytes=last.memory_bytes,
        memory_peak_bytes=max(sample.memory_bytes for sample in samples),
        others_core_share=others,
        steal_share=steal,
        prioritised=last.prioritised,
        log_bytes=logged,
        open_files_peak=max(files, default=None),
        samples=[_relative(first, sample, count - counts[0]) for sample, count in zip(samples, counts, strict=True)],
    )


def _from_the_start(counts: Sequence[int]) -> Sequence[int]:
    """The generator's counter begins anew with a plan, and the first sample is taken before that: what it holds is the plan before."""
    return [0, *counts[1:]] if len(counts) > 1 and counts[1] < counts[0] else counts


def _caused_by_log(first: Usage, last: Usage, logged: int | None) -> float:
    """CPU seconds of the engine that went into copying the candidate's own log."""
    if logged is None or first.engine_cpu_s is None or last.engine_cpu_s is None:
        return 0.0
    return min(max(0.0, last.engine_cpu_s - first.engine_cpu_s), logged * LOG_COST_S_PER_BYTE)


def _relative(first: Usage, now: Usage, requests: int) -> ResourceSample:
    return ResourceSample(
        t_s=round(now.at_monotonic - first.at_monotonic, 3), requests=requests, cpu_s=round(max(0.0, now.cpu_s - first.cpu_s), 4),
        throttled_s=round(max(0.0, now.throttled_s - first.throttled_s), 4), memory_bytes=now.memory_bytes, open_files=now.open_files,
    )  # fmt: skip
