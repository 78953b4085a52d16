"""HTTP/1.1 on the engine's side: one request as bytes, and a reply parser that trusts nothing.

Handles Content-Length, chunked and close-delimited replies and interim 1xx answers; caps head and body; never follows anything.
"""

from __future__ import annotations

import re
from typing import Literal

MAX_HEAD = 16384
MAX_INTERIM = 8
BODILESS = (204, 304)
MAX_CHUNKS = 256
"""An answer of one byte per chunk would cost the generator more than all others together, and make it late."""

CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class WireError(Exception):
    """The peer does not speak HTTP/1.x, or says more than is allowed."""


class TooLong(WireError):
    """A body beyond the cap. `status` is the answer's."""

    def __init__(self, status: int) -> None:
        super().__init__("the body is too long")
        self.status = status


def head(method: str, path: str, host: str, port: int) -> bytes:
    """Everything of a request up to the value of Content-Length."""
    lines = (f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", "Content-Type: application/json", "Accept: application/json", "Content-Length: ")
    return "\r\n".join(lines).encode()


def request(prefix: bytes, body: bytes) -> bytes:
    return b"%b%d\r\n\r\n%b" % (prefix, len(body), body)


class Reply:
    """One reply, fed with bytes as they come. After `feed` returned True: `status`, `body`, `keep_alive`."""

    __slots__ = ("_body_left", "_buffer", "_chunks", "_framing", "_interim", "_max_body", "body", "keep_alive", "started", "status")

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._buffer = b""
        self._framing: Literal["head", "length", "chunk", "close"] = "head"
        self._body_left = 0
        self._interim = self._chunks = 0
        self.status = 0
        self.body = b""
        self.keep_alive = False
        self.started = False

    def feed(self, data: bytes) -> bool:
        """Take bytes; True when the reply is complete. Raises WireError."""
        self.started = True
        self._buffer = self._buffer + data if self._buffer else data
        if self._framing == "head" and not self._read_head():
            return False
        if self._framing == "length":
            return self._read_length()
        return self._read_chunks() if self._framing == "chunk" else self._read_close()

    def end(self) -> bool:
        """The peer closed: True when that completes the reply (close-delimited), else False."""
        if self._framing != "close":
            return False
        self.body, self._buffer = self._buffer, b""
        return True

    def _read_head(self) -> bool:
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0 or end > MAX_HEAD:
                if len(self._buffer) > MAX_HEAD:
                    raise WireError("the head is too long")
                if not b"HTTP/1.".startswith(self._buffer[:7]):
                    raise WireError("no HTTP/1.x status line")
                return False
            lines = self._buffer[:end].split(b"\r\n")
            self._buffer = self._buffer[end + 4 :]
            self._read_status(lines[0])
            if self.status >= 200:
                self._frame(lines)
                return True
            self._interim += 1
            if self._interim > MAX_INTERIM or self.status == 101:
                raise WireError("endless interim answers")

    def _read_status(self, line: bytes) -> None:
        parts = line.split(b" ", 2)
        if len(parts) < 2 or parts[0] not in (b"HTTP/1.1", b"HTTP/1.0") or len(parts[1]) != 3 or not parts[1].isdigit():
            raise WireError("no HTTP/1.x status line")
        self.status = int(parts[1])
        self.keep_alive = parts[0] == b"HTTP/1.1"

    def _frame(self, lines: list[bytes]) -> None:
        length: int | None = None
        chunked = False
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            name, value = name.strip().lower(), value.strip().lower()
            if name == b"content-length":
                length = self._length(value, length)
            elif name == b"transfer-encoding":
                chunked = value == b"chunked"
                if not chunked:
                    raise WireError("unknown transfer encoding")
            elif name == b"connection":
                self.keep_alive = value == b"keep-alive" or (self.keep_alive and value != b"close")
        if self.status in BODILESS:
            length, chunked = 0, False
        self._framing = "chunk" if chunked else "close" if length is None else "length"
        self._body_left = length or 0
        if self._framing == "close":
            self.keep_alive = False
        if self._body_left > self._max_body:
            raise TooLong(self.status)

    @staticmethod
    def _length(value: bytes, known: int | None) -> int:
        if not value.isdigit() or len(value) > 12 or known not in (None, int(value)):
            raise WireError("no usable Content-Length")
        return int(value)

    def _read_length(self) -> bool:
        if len(self._buffer) < self._body_left:
            return False
        self.body = self._buffer[: self._body_left]
        self._finish(self._buffer[self._body_left :])
        return True

    def _finish(self, rest: bytes) -> None:
        self._buffer = b""
        if rest:  # bytes nobody asked for: the connection's framing cannot be trusted any more
            self.keep_alive = False

    def _read_close(self) -> bool:
        if len(self._buffer) > self._max_body:
            raise TooLong(self.status)
        return False

    def _read_chunks(self) -> bool:
        while True:
            end = self._buffer.find(b"\r\n")
            if end < 0:
                if len(self._buffer) > 1024:
                    raise WireError("endless chunk header")
                return False
            size = self._chunk_size(self._buffer[:end])
            self._chunks += 1
            if self._chunks > MAX_CHUNKS:
                raise WireError("endless chunks")
            if size == 0:
                return self._read_trailers(end)
            if len(self.body) + size > self._max_body:
                raise TooLong(self.status)
            if len(self._buffer) < end + 2 + size + 2:
                return False
            self.body += self._buffer[end + 2 : end + 2 + size]
            self._buffer = self._buffer[end + 2 + size + 2 :]

    @staticmethod
    def _chunk_size(line: bytes) -> int:
        digits = line.split(b";", 1)[0].strip()
        if not CHUNK_SIZE.fullmatch(digits):
            raise WireError("no usable chunk size")
        return int(digits, 16)

    def _read_trailers(self, start: int) -> bool:
        """The last chunk is followed by trailer lines and an empty line."""
        if len(self._buffer) - start > MAX_HEAD:
            raise WireError("endless trailers")
        if self._buffer[start : start + 4] == b"\r\n\r\n":
            self._finish(self._buffer[start + 4 :])
            return True
        end = self._buffer.find(b"\r\n\r\n", start)
        if end < 0:
            return False
        self._finish(self._buffer[end + 4 :])
        return True
