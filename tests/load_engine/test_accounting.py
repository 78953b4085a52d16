"""Accounting of cores, containers and requests at its edges: processes that end, counters that begin anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.host import CoreTimes, shares
from harness.load.watch import Watch
from harness.sandbox.usage import cgroup_paths

from .targets import Target

KTHREADD = 2


def test_a_kernel_thread_that_ends_makes_nobody_busy() -> None:
    before, after = CoreTimes(10.0, 0.0, 0.0, 1, kernel_s=7.0), CoreTimes(10.0, 0.0, 4.0, 1, kernel_s=2.0)
    assert shares(before, after, 0.0) == (0.0, 0.0)


@pytest.mark.skipif(not Path(f"/proc/{KTHREADD}/cgroup").exists(), reason="no kernel threads are seen here")
def test_the_whole_machines_account_is_never_taken_for_a_containers() -> None:
    """A main process that has just died is in the root cgroup until it is reaped."""
    with pytest.raises(OSError):
        cgroup_paths(KTHREADD)


def test_requests_of_a_series_are_counted_from_its_start_whatever_was_sent_before() -> None:
    counted = iter([5000, 20, 40])  # the plan before had sent 5000; then the counter begins anew
    with Watch(Target(0), [0], lambda: next(counted)) as watch:
        watch._read()  # what its thread does every half second
    use = watch.use()
    assert use is not None and [sample.requests for sample in use.samples] == [0, 20, 40]
