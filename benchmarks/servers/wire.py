"""What the servers share: reading one request at a time, and ending with whoever started them."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading

BODY = b"{}"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def answer(body: bytes = BODY) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def split(buffer: bytes) -> tuple[bytes, bytes] | None:
    """(body, rest) of the first whole request in `buffer`; None until it is whole."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return None
    found = LENGTH.search(buffer, 0, head)
    end = head + 4 + (int(found[1]) if found else 0)
    return (buffer[head + 4 : end], buffer[end:]) if len(buffer) >= end else None


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A listener, on a free port by default; prints the port. From then on the process ends with its stdin, so it never outlives its parent."""
    listener = socket.create_server((host, port), backlog=1024)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    return listener


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)
