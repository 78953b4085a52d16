"""Threads for work beside the main thread's, all there before they get any.

A signal is raised in the main thread between any two of its steps. While it starts a thread, or hands it work, that would leave one that
nobody waits for: it goes on, and writes into folders that were just removed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress


@contextmanager
def crew(name: str, size: int, cancel: threading.Event, push: Callable[[], object], every_s: float) -> Iterator[ThreadPoolExecutor]:
    """`size` threads. However the block ends, all of them have ended after it: what has not begun never does; what runs sees `cancel` set, is
    waited for, and is given a `push` every `every_s` seconds."""
    with ThreadPoolExecutor(max_workers=size, thread_name_prefix=name) as pool:
        _started(pool, size)
        try:
            yield pool
        finally:
            cancel.set()
            pool.shutdown(wait=False, cancel_futures=True)
            with _repeated(push, every_s):
                pool.shutdown(wait=True)


def _started(pool: ThreadPoolExecutor, size: int) -> None:
    """Has every thread start by giving each something that ends only when all have come."""
    gate = threading.Barrier(size + 1)
    try:
        for _ in range(size):
            pool.submit(gate.wait)
        gate.wait()
    finally:
        gate.abort()


@contextmanager
def _repeated(step: Callable[[], object], every_s: float) -> Iterator[None]:
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(every_s):
            with suppress(Exception):
                step()

    thread = threading.Thread(target=repeat, name="push", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
