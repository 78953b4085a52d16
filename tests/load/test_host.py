"""Core accounting and the host-wide lock on measurement slots."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from grader.schema.causes import Trouble
from harness.host import CoreTimes, core_times, fingerprint, hold_slot, shares, slots

STAT = """cpu  100 0 100 0 0 0 0 0 0 0
cpu0 1000 50 450 9000 7 300 200 20 0 0
cpu1 2000 0 500 9000 7 300 200 30 0 0
intr 1
"""

def test_interrupt_time_is_not_work_of_others(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text(STAT)
    times = core_times([1], stat)
    assert (times.busy_s, times.steal_s, times.cores) == (25.0, 0.3, 1)
    assert core_times([0, 1], stat).busy_s == 40.0


def test_a_core_that_works_is_seen_as_busy() -> None:
    before = core_times([0, 1])
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    after = core_times([0, 1])
    assert after.busy_s - before.busy_s >= 0.2


def test_what_the_candidate_used_itself_is_not_held_against_the_host() -> None:
    before, after = CoreTimes(10.0, 1.0, 100.0, 1), CoreTimes(19.0, 1.5, 110.0, 1)
    assert shares(before, after, 9.0) == pytest.approx((0.0, 0.05))
    assert shares(before, after, 4.0) == pytest.approx((0.5, 0.05))
    assert shares(before, after, 20.0)[0] == 0.0


def test_slots_never_share_a_core() -> None:
    for count in (2, 3, 4, 5, 32):
        found = slots(range(count))
        cores = [core for slot in found for core in (*slot.cores.candidate, *slot.cores.ours)]
        assert len(set(cores)) == len(cores) <= count
    assert len(slots(range(2))) == 1
    assert len(slots(range(32))) == 16


def test_a_single_core_makes_a_slot_that_says_so() -> None:
    (slot,) = slots([0])
    assert slot.cores.note


def test_a_slot_is_held_by_one_at_a_time_and_freed_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.host.slots", lambda: slots([0, 1]))
    with hold_slot(confine=False, folder=tmp_path) as slot:
        assert slot.number == 0
        with pytest.raises(Trouble, match="slots"), hold_slot(0.3, confine=False, folder=tmp_path):
            pass
    with hold_slot(confine=False, folder=tmp_path):
        pass


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_the_holder_stays_off_the_candidates_cores(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    with hold_slot(folder=tmp_path) as slot:
        assert not os.sched_getaffinity(0) & set(slot.cores.candidate)
    assert os.sched_getaffinity(0) == before


def test_the_fingerprint_names_no_host() -> None:
    shown = fingerprint("Docker 20.10").model_dump_json()
    assert os.uname().nodename not in shown
