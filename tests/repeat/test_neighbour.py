"""The busy neighbour is busy where it should be, for a moment, and never outlives whoever asked for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import grader.repeat.neighbour
from grader.repeat.neighbour import PROGRAM, Beside, Neighbour
from grader.schema.causes import Trouble
from harness.progress import Silent

CORE = min(os.sched_getaffinity(0))


def burning(folder: Path) -> dict[int, list[str]]:
    """Live neighbours that a test with this folder has: pid -> arguments. The folder is an argument of one, its siblings have the same parent."""
    found: dict[int, tuple[int, list[str]]] = {}
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            words = (proc / "cmdline").read_bytes().decode().split("\0")
            parent = int((proc / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, UnicodeDecodeError):
            continue
        if str(PROGRAM) in words:
            found[int(proc.name)] = (parent, words[2:4])
    parents = {parent for parent, words in found.values() if str(folder) in words}
    return {pid: words for pid, (parent, words) in found.items() if parent in parents}


def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def test_there_is_one_per_core_and_one_for_the_disk_and_none_after_the_block(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Neighbour([CORE], tmp_path):
        own = burning(tmp_path)
        assert sorted(own.values()) == [["cpu", str(CORE)], ["disk", str(tmp_path)]]
        assert all(os.getpriority(os.PRIO_PROCESS, pid) == 0 for pid in own) or os.geteuid() != 0
        (burner,) = [pid for pid, words in own.items() if words[0] == "cpu"]
        assert eventually(lambda: os.sched_getaffinity(burner) == {CORE})
        _ = 1 / 0
    assert burning(tmp_path) == {} and list(tmp_path.iterdir()) == []


def test_it_goes_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, time; from grader.repeat.neighbour import Neighbour\n"
        "with Neighbour([int(sys.argv[1])], pathlib.Path(sys.argv[2])):\n    print('here', flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(CORE), str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None and parent.stdout.readline() == b"here\n"
    children = burning(tmp_path)
    assert len(children) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert eventually(lambda: not any(Path("/proc", str(pid), "cmdline").exists() for pid in children))


def test_one_that_cannot_start_is_our_trouble_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader.repeat.neighbour, "PROGRAM", tmp_path / "missing.py")
    with pytest.raises(Trouble, match="did not start"), Neighbour([CORE], tmp_path):
        raise AssertionError("not reached")
    assert burning(tmp_path) == {}


def test_it_comes_with_the_slot_and_not_while_somebody_else_measures(tmp_path: Path) -> None:
    with Beside(Silent(), Neighbour([CORE], tmp_path)) as progress:
        progress.started("slot")
        progress.note("slot", "waiting")
        progress.finished("image", 1.0, None)
        assert burning(tmp_path) == {}
        progress.finished("slot", 1.0, None)
        assert len(burning(tmp_path)) == 2
    assert burning(tmp_path) == {}


def test_it_does_not_come_where_nothing_will_be_measured(tmp_path: Path) -> None:
    with Beside(Silent(), Neighbour([CORE], tmp_path)) as progress:
        progress.finished("slot", 1.0, Trouble("build_failed").failure)
        assert burning(tmp_path) == {}
