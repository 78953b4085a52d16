"""The host's end of a sidecar's control line: commands and answers over the engine's attach stream (0.2 ms there and back)."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from typing import Any

from docker.errors import DockerException
from docker.models.containers import Container

from grader.schema.causes import Trouble
from harness.text import one_line

_FRAME = struct.Struct(">BxxxI")
STDOUT = 1
ASK_S = 5.0


class Channel:
    """One attached sidecar. Thread-safe: one command at a time. Any failure is Trouble("sidecar_down")."""

    def __init__(self, container: Container, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._raw = bytearray()
        self._lines = bytearray()
        self._said = bytearray()
        # Attached before the container starts, so that not even its first words are lost.
        stream: Any = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
        self._stream = stream
        self._socket: socket.socket = stream._sock  # the one way to set timeouts on a local engine's stream

    def ask(self, op: str, timeout_s: float = ASK_S, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its answer. `at` in the answer is when it was given (CLOCK_MONOTONIC)."""
        with self._lock:
            deadline = time.monotonic() + timeout_s
            try:
                self._socket.settimeout(timeout_s)
                self._socket.sendall(json.dumps({"op": op} | params).encode() + b"\n")
                reply: dict[str, Any] = json.loads(self._line(deadline))
            except (OSError, ValueError) as error:
                self.close()  # an answer that comes late would be taken for the next command's
                raise Trouble("sidecar_down", f"{self.name} did not answer {op}: {one_line(str(error))}{self._last_words()}") from error
        if "error" in reply:
            raise Trouble("sidecar_down", f"{self.name} refused {op}: {one_line(str(reply['error']))}")
        return reply

    def close(self) -> None:
        try:
            self._socket.close()
            self._stream.close()
        except (OSError, DockerException):
            return  # closing what the engine closed already

    def _line(self, deadline: float) -> bytes:
        while (end := self._lines.find(b"\n")) < 0:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self._socket.settimeout(left)
            data = self._socket.recv(1 << 16)
            if not data:
                raise ConnectionError("it has ended")
            self._raw += data
            self._unframe()
        line = bytes(self._lines[:end])
        del self._lines[: end + 1]
        return line

    def _unframe(self) -> None:
        """Without a terminal the engine multiplexes stdout and stderr: 8 bytes of header, then the piece."""
        while len(self._raw) >= _FRAME.size:
            stream, size = _FRAME.unpack_from(self._raw)
            if len(self._raw) < _FRAME.size + size:
                return
            piece = self._raw[_FRAME.size : _FRAME.size + size]
            del self._raw[: _FRAME.size + size]
            if stream == STDOUT:
                self._lines += piece
            else:
                self._said = (self._said + piece)[-2000:]

    def _last_words(self) -> str:
        return f" (it said: {one_line(bytes(self._said[-300:]))})" if self._said else ""
