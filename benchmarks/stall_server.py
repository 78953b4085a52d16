"""A server that answers in 5 ms but stands still for one second in ten. `python benchmarks/stall_server.py ANCHOR` prints its port.

It stalls from ANCHOR + 10 k + 5 to ANCHOR + 10 k + 6 (CLOCK_MONOTONIC), so the true latency of every request follows from its schedule.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
import time

PERIOD_S, STALL_FROM_S, STALL_S, REPLY_S = 10.0, 5.0, 1.0, 0.005
BODY = b"{}"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
LENGTH = re.compile(rb"content-length: (\d+)")


def held_until(moment: float, anchor: float) -> float:
    """When the server gets to a request that arrived at `moment`."""
    phase = (moment - anchor) % PERIOD_S
    return moment - phase + STALL_FROM_S + STALL_S if STALL_FROM_S <= phase < STALL_FROM_S + STALL_S else moment


def serve(connection: socket.socket, anchor: float) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = b""
    while True:
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            data = connection.recv(65536)
            if not data:
                return
            buffer += data
        found = LENGTH.search(buffer[:end].lower())
        buffer = buffer[end + 4 + (int(found[1]) if found else 0) :]
        ready = held_until(time.monotonic(), anchor) + REPLY_S
        time.sleep(max(0.0, ready - time.monotonic() - 0.0001))
        while time.monotonic() < ready:
            pass
        connection.sendall(ANSWER)


def main(anchor: float) -> None:
    sys.setswitchinterval(0.0002)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], anchor), daemon=True).start()


if __name__ == "__main__":
    main(float(sys.argv[1]))
