"""A server that answers in 5 ms but stands still for one second in ten. `python -m benchmarks.servers.stall` prints its port.

Its first request fixes the anchor (CLOCK_MONOTONIC, printed as the second line), so that every tool meets the same pattern from its own
first request on: a stall from anchor + 10 k + 5 to anchor + 10 k + 6. The true latency of every request follows from its schedule.
"""

from __future__ import annotations

import socket
import sys
import threading
import time

from benchmarks.servers.wire import answer, listen, split

PERIOD_S, STALL_FROM_S, STALL_S, REPLY_S = 10.0, 5.0, 1.0, 0.005
ANSWER = answer()


def held_until(moment: float, anchor: float) -> float:
    """When the server gets to a request that arrived at `moment`."""
    phase = (moment - anchor) % PERIOD_S
    return moment - phase + STALL_FROM_S + STALL_S if STALL_FROM_S <= phase < STALL_FROM_S + STALL_S else moment


class Pattern:
    """The anchor, fixed by whoever asks first."""

    def __init__(self) -> None:
        self._anchor: float | None = None
        self._lock = threading.Lock()

    def ready(self) -> float:
        """When a request that arrives now is to be answered."""
        now = time.monotonic()
        with self._lock:
            if self._anchor is None:
                self._anchor = now
                print(repr(now), flush=True)
        return held_until(now, self._anchor) + REPLY_S


def serve(connection: socket.socket, pattern: Pattern) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = b""
    while True:
        while (found := split(buffer)) is None:
            data = connection.recv(65536)
            if not data:
                return
            buffer += data
        ready = pattern.ready()
        buffer = found[1]
        time.sleep(max(0.0, ready - time.monotonic() - 0.0001))
        while time.monotonic() < ready:
            pass
        connection.sendall(ANSWER)


def _served(connection: socket.socket, pattern: Pattern) -> None:
    try:
        serve(connection, pattern)
    except OSError:
        connection.close()  # a tool that ends with requests in flight resets its connections


def main() -> None:
    sys.setswitchinterval(0.0002)
    listener, pattern = listen(), Pattern()
    while True:
        threading.Thread(target=_served, args=(listener.accept()[0], pattern), daemon=True).start()


if __name__ == "__main__":
    main()
