"""However a block with a crew ends, nothing of it goes on afterwards: also when the signal comes while one of its threads is starting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from harness.crew import crew

SIZE = 3


class Stopped(BaseException):
    pass


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("crew", "push"))]


@pytest.mark.parametrize("which", range(SIZE))
def test_a_signal_while_a_thread_starts_leaves_none(which: int, monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, []

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        started.append(thread.name)
        if len(started) == which + 1:
            raise Stopped

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    done: list[int] = []
    with pytest.raises(Stopped), crew("crew", SIZE, threading.Event(), lambda: None, 0.01) as pool:
        pool.submit(done.append, 1)
    assert len(started) == which + 1
    until = time.monotonic() + 5
    while workers() and time.monotonic() < until:
        time.sleep(0.01)
    assert workers() == [] and done == [], "no work is given to threads of which one may not be known"


def test_work_needs_no_new_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    with crew("crew", SIZE, threading.Event(), lambda: None, 0.01) as pool:
        monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail("a thread was started for it"))
        assert [f.result() for f in [pool.submit(str, number) for number in range(SIZE)]] == ["0", "1", "2"]
        monkeypatch.undo()


@pytest.mark.parametrize("hears", ["cancel", "push"])
def test_what_runs_is_cancelled_pushed_and_waited_for(hears: str) -> None:
    cancel, pushed, began, ended = (threading.Event() for _ in range(4))

    def work(ear: threading.Event) -> None:
        began.set()
        if ear.wait(10):
            time.sleep(0.05)
            ended.set()

    def fail() -> None:
        pushed.set()
        raise OSError("a push that fails is one of many")

    with pytest.raises(Stopped), crew("crew", SIZE, cancel, fail, 0.01) as pool:
        pool.submit(work, cancel if hears == "cancel" else pushed)
        assert began.wait(10)
        raise Stopped
    assert ended.is_set() and workers() == []


def test_what_has_not_begun_never_does() -> None:
    cancel = threading.Event()
    began: list[int] = []

    def work(number: int, wait: Callable[[float], bool]) -> None:
        began.append(number)
        wait(10)

    with pytest.raises(Stopped), crew("crew", SIZE, cancel, lambda: None, 0.01) as pool:
        for number in range(SIZE):
            pool.submit(work, number, cancel.wait)
        while len(began) < SIZE:
            time.sleep(0.001)
        pool.submit(work, SIZE, cancel.wait)
        raise Stopped
    assert sorted(began) == list(range(SIZE))
