"""What stops a build from the side, and whom it is laid on; without an engine."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader.schema.causes import Culprit, Trouble
from harness.image import confine, watch
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
