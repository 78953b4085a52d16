"""Accounting of a window: what the candidate used, what others took, and what is its own doing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pytest

from grader.schema.causes import Trouble
from harness.host import CoreTimes, core_times
from harness.load.watch import Watch, resource_use
from harness.sandbox.usage import LogMeter, Usage


def test_accounting_that_went_backwards_is_no_accounting() -> None:
    before, after = Usage(5.0, 0, 0, 1, 0.0), Usage(1.0, 0, 0, 1, 1.0)
    times = core_times([0])
    assert resource_use([before, after], times, times) is None


def test_a_process_that_died_in_a_window_does_not_make_the_host_noisy() -> None:
    before, after = CoreTimes(0.0, 0.0, 0.0, 1), CoreTimes(3.0, 0.0, 3.0, 1)  # the core was busy all along
    alive, dead = Usage(0.0, 0.0, 0, 1, 0.0, pid=7), Usage(1.0, 0.0, 0, 0, 3.0, pid=0)
    died = resource_use([alive, dead], before, after)
    lived = resource_use([alive, replace(dead, pid=7)], before, after)
    assert died is not None and died.others_core_share == 0.0
    assert lived is not None and lived.others_core_share > 0.6


@pytest.mark.parametrize(
    ("logged", "engine_cpu_s", "others"),
    [
        (0, 2.0, 0.2),  # the engine was busy with something else than this log
        (20_000_000, 2.0, 0.0),  # a flood: copying it is what kept the engine busy
        (500_000, 2.0, 0.15),  # a little log explains a little of it
        (20_000_000, 0.0, 0.2),  # the engine did nothing: somebody else took the core
        (None, None, 0.2),
    ],
)  # fmt: skip
def test_what_the_engine_spends_on_a_flood_of_log_is_the_candidates_doing(logged: int | None, engine_cpu_s: float | None, others: float) -> None:
    before, after = CoreTimes(0.0, 0.0, 0.0, 1), CoreTimes(7.0, 0.0, 10.0, 1)
    first = Usage(0.0, 0, 0, 1, 0.0, log_bytes=None if logged is None else 100, engine_cpu_s=None if logged is None else 50.0)
    end = replace(first, cpu_s=5.0, at_monotonic=10.0)
    if logged is not None and engine_cpu_s is not None:
        end = replace(end, log_bytes=100 + logged, engine_cpu_s=50.0 + engine_cpu_s)
    use = resource_use([first, end], before, after)
    assert use is not None and use.others_core_share == pytest.approx(others)
    assert use.log_bytes == logged


def test_a_log_that_the_engine_cuts_back_is_counted_on() -> None:
    meter = LogMeter()
    assert [meter.read(size) for size in (100, 900, 300, None, 400)] == [100, 900, 1200, None, 1300]


@dataclass
class Busy:
    """A target whose counters go with time; fails from the `breaks`-th reading on."""

    ip: str = "127.0.0.1"
    port: int = 1
    breaks: int = 10**9
    read: int = 0

    def usage(self) -> Usage:
        self.read += 1
        if self.read >= self.breaks:
            raise Trouble("engine_lost", "gone")
        now = time.monotonic()
        return Usage(now, 0.0, 0, 1000 * self.read, now)


def test_a_watch_samples_while_it_lasts_and_gives_any_part_of_it() -> None:
    with Watch(Busy(), [0], lambda: 5) as watch:
        begin = time.monotonic()
        time.sleep(1.7)
    whole, part = watch.use(), watch.use(begin + 0.5, begin + 1.0)
    assert whole is not None and part is not None
    assert len(whole.samples) >= 4 and whole.cpu_seconds == pytest.approx(1.7, abs=0.3)
    assert part.cpu_seconds == pytest.approx(0.5, abs=0.2)
    assert whole.samples[0].t_s == 0 and whole.memory_peak_bytes > whole.memory_start_bytes


def test_an_engine_that_goes_away_meanwhile_is_told_at_the_end() -> None:
    with pytest.raises(Trouble, match="gone"), Watch(Busy(breaks=2), [0]):
        time.sleep(0.7)


def test_the_feature_stores_wait_for_a_core_is_a_share_of_the_time() -> None:
    begin = time.monotonic()
    with Watch(Busy(), [0], store=lambda: 7.0 + 0.25 * (time.monotonic() - begin)) as watch:
        time.sleep(0.6)
    use = watch.use()
    assert use is not None and use.store_wait_share == pytest.approx(0.25, abs=0.02)
    with Watch(Busy(), [0]) as blind:
        time.sleep(0.1)
    use = blind.use()
    assert use is not None and use.store_wait_share is None, "a host that does not tell"
