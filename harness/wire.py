"""One HTTP/1.x exchange against one deadline and byte caps: the wire and the answer's framing. Used through `harness.client` only."""

from __future__ import annotations

import errno
import re
import select
import socket
import time
from dataclasses import dataclass, field
from typing import Literal

ErrorKind = Literal["refused", "reset", "timeout", "eof", "not_http", "too_large", "unreachable"]

MAX_HEADER_BYTES = 64 << 10
MAX_HEADER_LINES = 256
FRAMING_FACTOR = 8
"""A chunk of one byte costs six bytes on the wire; more framing than this per byte of body is an attack, not an encoding."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?")
_FIELD_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL})
_RESET = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})


class Broken(Exception):
    """The exchange cannot go on; `kind` says why."""

    def __init__(self, kind: ErrorKind) -> None:
        super().__init__(kind)
        self.kind: ErrorKind = kind


@dataclass
class Wire:
    """One connection: sends what is left to send while it receives, always against the one deadline."""

    host: str
    port: int
    deadline: float
    byte_limit: int
    buffer: bytearray = field(default_factory=bytearray)
    pending: memoryview = field(default_factory=lambda: memoryview(b""))
    received: int = 0
    closed: bool = False

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.poller = select.poll()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def connect(self) -> None:
        code = self.socket.connect_ex((self.host, self.port))
        if code == errno.EINPROGRESS:
            self.poller.register(self.socket, select.POLLOUT)
            self._wait()
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise Broken(_kind(code))

    def send(self, data: bytes) -> None:
        """Queue the request; it leaves while the answer is read, since a server may answer (413) before it has read everything."""
        self.pending = memoryview(data)
        self.poller.register(self.socket, select.POLLIN | select.POLLOUT)

    def more(self) -> bool:
        """Wait until at least one more byte is in the buffer; False at the end of the stream."""
        while not self.closed:
            before = self.received
            events = self._wait()
            if events & select.POLLOUT and self.pending:
                self._push()
            if events & ~select.POLLOUT:
                self._pull()
            if self.received > before:
                return True
        return False

    def _push(self) -> None:
        try:
            self.pending = self.pending[self.socket.send(self.pending[: 1 << 18]) :]
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _RESET:
                raise Broken(_kind(error.errno)) from error
            self.pending = memoryview(b"")  # they stopped reading; an answer may be on its way all the same
        if not self.pending:
            self.poller.modify(self.socket, select.POLLIN)

    def _pull(self) -> None:
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            raise Broken(_kind(error.errno)) from error
        self.closed = not data
        self.received += len(data)
        if self.received > self.byte_limit:
            raise Broken("too_large")
        self.buffer += data

    def _wait(self) -> int:
        left = self.deadline - time.monotonic()
        ready = self.poller.poll(left * 1000) if left > 0 else []
        # A flood keeps the socket readable for ever, so the clock is asked even when the poll was not empty.
        if not ready or time.monotonic() >= self.deadline:
            raise Broken("timeout")
        return ready[0][1]


def _kind(code: int | None) -> ErrorKind:
    if code == errno.ECONNREFUSED:
        return "refused"
    if code in _UNREACHABLE:
        return "unreachable"
    return "timeout" if code == errno.ETIMEDOUT else "reset"


class Answer:
    """Reads one HTTP/1.x answer from a wire. Fields hold what had arrived when the exchange broke off."""

    def __init__(self, wire: Wire, method: str, max_bytes: int) -> None:
        self.wire, self.method, self.max_bytes = wire, method, max_bytes
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    def read(self) -> None:
        self._head()
        coding = self.headers.get("transfer-encoding", "").strip().lower()
        if self.method == "HEAD" or self.status in (204, 304):
            return
        if coding:
            if coding != "chunked":
                raise Broken("not_http")
            self._chunks()
        elif "content-length" in self.headers:
            self._take(_length(self.headers["content-length"]))
        else:
            self._until_close()

    def _head(self) -> None:
        budget = MAX_HEADER_BYTES  # shared by all interim answers, so that a flood of 100 Continue ends
        while self.status is None or self.status < 200:
            self.status, self.headers = None, {}
            head = self._until(b"\r\n\r\n", budget)
            budget -= len(head)
            status, headers = _parse_head(head)
            if status == 101:
                raise Broken("not_http")
            self.status, self.headers = status, headers

    def _until(self, mark: bytes, limit: int) -> bytes:
        """Take bytes up to and including `mark`."""
        buffer, start = self.wire.buffer, 0
        while (found := buffer.find(mark, start)) < 0:
            if self.status is None and not b"HTTP/1.".startswith(bytes(buffer[:7])):
                raise Broken("not_http")  # no use in waiting for the rest
            if len(buffer) > limit:
                raise Broken("too_large")
            start = max(0, len(buffer) - len(mark) + 1)
            if not self.wire.more():
                raise Broken("not_http" if buffer and self.status is None and not _starts_http(buffer) else "eof")
        taken = bytes(buffer[: found + len(mark)])
        del buffer[: found + len(mark)]
        if len(taken) > limit:
            raise Broken("too_large")
        return taken

    def _take(self, count: int) -> None:
        if len(self.body) + count > self.max_bytes:
            raise Broken("too_large")
        buffer = self.wire.buffer
        wanted = len(self.body) + count
        while True:
            piece = buffer[: wanted - len(self.body)]
            self.body += piece
            del buffer[: len(piece)]
            if len(self.body) == wanted:
                return
            if not self.wire.more():
                raise Broken("eof")

    def _chunks(self) -> None:
        while True:
            size = _CHUNK_SIZE.fullmatch(self._until(b"\r\n", 1024)[:-2])
            if size is None:
                raise Broken("not_http")
            count = int(size[1], 16)
            if count == 0:
                break
            self._take(count)
            if self._until(b"\r\n", 2) != b"\r\n":
                raise Broken("not_http")
        budget = MAX_HEADER_BYTES
        while (line := self._until(b"\r\n", budget)) != b"\r\n":
            budget -= len(line)

    def _until_close(self) -> None:
        while True:
            self.body += self.wire.buffer
            self.wire.buffer.clear()
            if len(self.body) > self.max_bytes:
                del self.body[self.max_bytes :]
                raise Broken("too_large")
            if not self.wire.more():
                return


def _starts_http(buffer: bytearray) -> bool:
    return buffer.startswith(b"HTTP/1.")


def _length(text: str) -> int:
    lengths = {part.strip() for part in text.split(",")}
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()) or len(length) > 15:
        raise Broken("not_http")
    return int(length)


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head[:-4].split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        raise Broken("not_http")
    if len(lines) > MAX_HEADER_LINES:
        raise Broken("too_large")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or _FIELD_NAME.fullmatch(name) is None:
            raise Broken("not_http")
        key, text = name.decode("ascii").lower(), value.strip().decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return int(status[1]), headers
