"""Ctrl-C, SIGTERM and a closed terminal: one orderly end for all of them."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from grader.schema.causes import Trouble

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
UNWINDING_S = 10.0
"""How long later signals are ignored after the first: CI systems and `make` repeat theirs at once, which must not cut the clean-up short."""


class Stopped(BaseException):
    """A signal asked us to stop. Not a KeyboardInterrupt, which the command-line library turns into an exit code of its own."""


@contextmanager
def orderly_end() -> Iterator[None]:
    """Signals unwind everything in order and end as Trouble("interrupted"). Main thread only.

    What even a second round of signals cuts short is removed by the sweep at the start of the next grading.
    """
    first: list[float] = []

    def stop(number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not first or now - first[0] > UNWINDING_S:
            first[:] = [now]
            raise Stopped(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    except Stopped as stopped:
        raise Trouble("interrupted", f"by {stopped}; what it had started was removed") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
