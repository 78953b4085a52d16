"""What stops a build from the side, and whom it is laid on; without an engine."""

from __future__ import annotations

import re
import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from grader.schema.causes import Culprit, Trouble
from harness.image import classic, confine, watch
from harness.image.classic import ClassicBuild, Outcome, _take_line
from harness.image.watch import BuildLog, Watch

from .builds import limits


def stopped(tmp_path: Path, **more: Any) -> Trouble | None:
    """Why a build that does nothing for a second is stopped, if it is."""
    ended = threading.Event()
    with BuildLog(tmp_path / "log", 64) as log:
        log.step = "step 2/3: RUN ./train"
        with Watch(ended.set, limits(), log, "/", None, **more) as guard:
            ended.wait(1)
    assert ended.is_set() == (guard.trouble is not None)
    return guard.trouble


def test_a_build_without_a_limit_is_stopped_before_the_hosts_memory_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "available_memory", lambda: 300 << 20)
    trouble = stopped(tmp_path, unlimited=True)
    assert trouble is not None and (trouble.cause, trouble.culprit) == ("memory_low", Culprit.HOST)
    assert "300 MiB" in trouble.detail and "RUN ./train" in trouble.detail


@pytest.mark.parametrize(("unlimited", "left"), [(False, 0), (True, None), (True, 1 << 30)])
def test_a_build_with_a_limit_or_on_a_host_with_memory_goes_on(
    unlimited: bool, left: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "available_memory", lambda: left)
    assert stopped(tmp_path, unlimited=unlimited) is None


def test_the_kernels_own_figure_is_read() -> None:
    left, found = watch.available_memory(), re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    assert found is not None and left is not None and 0 < left <= int(found[1]) << 10


@pytest.mark.parametrize(("driver", "helper"), [("systemd", "helper:1"), ("cgroupfs", None)])
def test_what_no_limit_holds_for_is_said_per_builder(driver: str, helper: str | None) -> None:
    client: Any = SimpleNamespace(info=lambda: {"CgroupDriver": driver})
    with confine.confined(client, "grb0", {}, helper, limits()) as found:
        assert found.parent == "" and found.words.startswith("no limit of processes (")
        assert found.words_of_buildkit.startswith("no limit of processes or memory (") and "512 MiB" in found.words_of_buildkit


GIB = 1 << 30
FILLED: dict[str, tuple[int, int, int, str | None]] = {
    "little of it": (12, 4, 6, None),
    "by one step": (9, 9, 0, "a step may write 8192 MiB"),
    "by many steps below their own limit": (20, 2, 15, "a build may write 16384 MiB"),
    "by others": (40, 2, 3, None),
    "by steps that others made up for": (10, 7, 15, None),
}


@pytest.mark.parametrize("what", FILLED)
def test_a_full_disk_is_laid_on_what_this_build_wrote(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, step, before, says = FILLED[what]
    free = iter([100 * GIB])
    monkeypatch.setattr(watch.shutil, "disk_usage", lambda _: SimpleNamespace(free=next(free, (100 - lost) * GIB)))
    monkeypatch.setattr(watch, "DISK_POLL_S", 0.1)
    trouble = stopped(tmp_path, written=lambda: step * GIB, written_before=lambda: before * GIB)
    assert (trouble is None) == (says is None)
    assert trouble is None or (trouble.cause == "build_disk_flood" and trouble.culprit is Culprit.CANDIDATE and str(says) in trouble.detail)


def test_layers_of_a_build_are_those_that_it_made(tmp_path: Path) -> None:
    """Neither those that it starts from nor those of the cache, nor what a step prints to look like one."""
    outcome = Outcome()
    said = [
        "Step 1/5 : FROM python:3.11-slim", " ---> aaaaaaaaaaaa", "Step 2/5 : COPY . /app", " ---> bbbbbbbbbbbb", "Step 3/5 : RUN a",
        " ---> Using cache", " ---> cccccccccccc", "Step 4/5 : RUN b", " ---> Running in 0123456789ab", " ---> eeeeeeeeeeee",
        "Removing intermediate container 0123456789ab", " ---> dddddddddddd", "Step 5/5 : FROM scratch", " ---> ",
    ]  # fmt: skip
    with BuildLog(tmp_path / "log", 64) as log:
        for line in said:
            _take_line(line + "\n", outcome, log)
    assert outcome.made == ["bbbbbbbbbbbb", "dddddddddddd"]
    assert outcome.layers == ["aaaaaaaaaaaa", "cccccccccccc", "eeeeeeeeeeee", "dddddddddddd"] and outcome.cached_steps == 1


def test_a_layer_costs_what_it_adds_to_the_one_below_it_and_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    images = {"b": {"Size": 500, "Parent": "a"}, "a": {"Size": 300, "Parent": ""}, "d": {"Size": 900, "Parent": "b"}}
    asked: list[str] = []

    def get(image: str) -> SimpleNamespace:
        asked.append(image)
        return SimpleNamespace(attrs=images[image])

    client = SimpleNamespace(images=SimpleNamespace(get=get))
    monkeypatch.setattr(classic, "_own_client", lambda: nullcontext(client))
    build = ClassicBuild(cast(Any, None), "n", {}, "t", limits(), None)
    build._outcome.made += ["b", "d"]
    assert build.bytes_made() == build.bytes_made() == 600
    assert asked == ["b", "a", "d", "b"]
