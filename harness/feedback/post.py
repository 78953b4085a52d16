"""POST requests over one connection that is kept open: a label costs us and the candidate one exchange and no handshake."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from harness.wire import MAX_HEADER_BYTES, Answer, Broken, Wire

DEADLINE_S = 2.0
MAX_BYTES = 64 << 10


class KeptConnection:
    """Context manager. Whatever the other side does, `post` ends within its deadline (twice that, where an idle connection had died)."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._host, self._port = host, port
        self._head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: "
        self._wire: Wire | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._drop()

    def post(self, body: bytes, deadline_s: float = DEADLINE_S) -> int | None:
        """The answer's status; None without a whole answer."""
        reused = self._wire is not None
        try:
            return self._once(body, deadline_s)
        except Broken as broken:
            silent = self._wire is not None and not self._wire.received
            self._drop()
            if not (reused and silent and broken.kind in ("eof", "reset")):  # the server may close an idle connection at any time
                return None
        try:
            return self._once(body, deadline_s)
        except Broken:
            self._drop()
            return None

    def _once(self, body: bytes, deadline_s: float) -> int | None:
        wire = self._connected(time.monotonic() + deadline_s)
        wire.send(f"{self._head}{len(body)}\r\n\r\n".encode("latin-1") + body)
        answer = Answer(wire, "POST", MAX_BYTES)
        answer.read()
        if wire.closed or wire.buffer or answer.headers.get("connection", "").lower() == "close":
            self._drop()
        return answer.status

    def _connected(self, deadline: float) -> Wire:
        if self._wire is None:
            self._wire = Wire(self._host, self._port, deadline, MAX_HEADER_BYTES + MAX_BYTES)
            self._wire.connect()
        self._wire.deadline, self._wire.received = deadline, 0
        return self._wire

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.socket.close()
            self._wire = None
