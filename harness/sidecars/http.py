"""A minimal HTTP/1.1 server side as an asyncio Protocol: keep-alive, Content-Length and chunked bodies, byte caps on everything.

`http.server` gives 161 requests per second and would disturb what is measured; this gives thousands.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

MAX_HEAD = 16 << 10
MAX_CHUNK_LINE = 1024
MAX_UNSENT = 16 << 10
"""Of answers that a peer does not read; beyond it, nothing more of that peer is read or answered."""
MAX_HELD = 32 << 20
"""Bytes of unfinished requests over all connections: a sidecar that its memory limit kills voids what the run has measured."""
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
           429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes
    keep_alive: bool
    authorization: str = ""


@dataclass
class _Head:
    """A request whose body may still be on its way. `length` is None where its chunks say it."""

    method: str
    path: str
    keep_alive: bool
    authorization: str
    length: int | None
    waits: bool


class TooLarge(Exception):
    """The request is over a cap. `status` is the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def response(status: int, body: bytes, *, keep_alive: bool, length: int | None = None) -> bytes:
    """A JSON answer; `length` states another Content-Length than the body's (for answers that follow in pieces)."""
    head = (
        f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\nConnection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
    )
    return head.encode() + body


def json_response(status: int, value: object, *, keep_alive: bool) -> bytes:
    return response(status, json.dumps(value).encode(), keep_alive=keep_alive)


class Connections(set["HttpConnection"]):
    """Who is connected, and how many bytes of unfinished requests all of them hold together."""

    def __init__(self) -> None:
        super().__init__()
        self.held = 0
        self.of_source: Counter[str] = Counter()

    def enter(self, connection: HttpConnection) -> bool:
        """False where there is no room for one more, of this source or at all."""
        if len(self) >= connection.max_connections or self.of_source[connection.source] >= connection.max_per_source:
            return False
        self.add(connection)
        self.of_source[connection.source] += 1
        return True

    def leave(self, connection: HttpConnection) -> None:
        if connection in self:
            self.remove(connection)
            self.of_source -= Counter([connection.source])

    def shed(self) -> None:
        """Drop those that hold most until all of them together keep to the budget: whoever sends whole requests holds next to nothing."""
        while self.held > MAX_HELD:
            max(self, key=lambda connection: connection.held).abort()


class HttpConnection(asyncio.Protocol):
    """One connection. Subclasses answer in `handle`; requests of one connection are answered one after another."""

    max_body: ClassVar[int] = 0
    max_connections: ClassVar[int] = 2048
    max_per_source: ClassVar[int] = 2048

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self.buffer = bytearray()
        self.held = 0
        self.busy = self.unread = False
        self.transport: asyncio.Transport | None = None
        self.source = ""
        self._head: _Head | None = None
        self._body = bytearray()

    def handle(self, request: Request) -> None:
        """Answer with `reply` now or later."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.source = str((transport.get_extra_info("peername") or ("",))[0])
        transport.set_write_buffer_limits(high=MAX_UNSENT)
        if not self.connections.enter(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_go()
        self.connections.leave(self)
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > MAX_HEAD + 2 * self.max_body + 65536:
            self.abort()
            return
        self._next()
        self._weigh()
        self.connections.shed()

    def pause_writing(self) -> None:
        """The peer does not read. Pipelined requests of 20 bytes with answers of 200 would fill the memory."""
        self.unread = True
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.unread = False
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
            self._next()

    def reply(self, data: bytes, *, keep_alive: bool) -> None:
        """Send a whole answer and go on with the next request, if any."""
        if self.transport is None:
            return
        self.transport.write(data)
        self.busy = False
        if not keep_alive:
            self.transport.close()
            self._let_go()
        elif self.buffer:
            # Not a direct call: a pipelined flood would recurse.
            asyncio.get_running_loop().call_soon(self._next)

    def abort(self) -> None:
        self._let_go()
        if self.transport is not None:
            self.transport.abort()

    def _let_go(self) -> None:
        self.buffer, self._body, self._head = bytearray(), bytearray(), None
        self._weigh()

    def _weigh(self) -> None:
        held = len(self.buffer) + len(self._body)
        self.connections.held += held - self.held
        self.held = held

    def _next(self) -> None:
        if self.busy or self.unread or self.transport is None or self.transport.is_closing():
            return
        try:
            request = self._parse()
        except TooLarge as large:
            self.reply(json_response(large.status, {"error": "request too large"}, keep_alive=False), keep_alive=False)
        except ValueError as error:
            self.reply(json_response(400, {"error": str(error)}, keep_alive=False), keep_alive=False)
        else:
            self._weigh()
            if request is not None:
                self.busy = True
                self.handle(request)

    def _parse(self) -> Request | None:
        """Take one whole request from the buffer; None when more bytes are needed. What was read once is not read again."""
        self._head = head = self._head or self._take_head()
        if head is None:
            return None
        body = self._take_chunks() if head.length is None else self._take(head.length)
        if body is None:
            if head.waits and not self.buffer and self.transport is not None:
                head.waits = False
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        self._head, self._body = None, bytearray()
        return Request(head.method, head.path, body, head.keep_alive, head.authorization)

    def _take_head(self) -> _Head | None:
        end = self.buffer.find(b"\r\n\r\n")
        if (end < 0 and len(self.buffer) > MAX_HEAD) or end > MAX_HEAD:
            raise TooLarge(431)
        if end < 0:
            return None
        first, *lines = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
        del self.buffer[: end + 4]
        parts = first.split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise ValueError("not an HTTP/1.x request line")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        connection = headers.get("connection", "").lower()
        keep_alive = "close" not in connection if parts[2] == "HTTP/1.1" else "keep-alive" in connection
        waits = "100-continue" in headers.get("expect", "").lower()
        return _Head(parts[0], parts[1].partition("?")[0], keep_alive, headers.get("authorization", ""), self._length(headers), waits)

    def _length(self, headers: dict[str, str]) -> int | None:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return None
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 12:
            raise ValueError("Content-Length is not a number")
        if int(length) > self.max_body:
            raise TooLarge(413)
        return int(length)

    def _take(self, count: int) -> bytes | None:
        if len(self.buffer) < count:
            return None
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def _take_chunks(self) -> bytes | None:
        """Move whole chunks from the buffer into the body; the body when the last one is there."""
        at = 0
        try:
            while (eol := self.buffer.find(b"\r\n", at, at + MAX_CHUNK_LINE)) >= 0:
                line = bytes(self.buffer[at:eol]).partition(b";")[0].strip()
                if _CHUNK_SIZE.fullmatch(line) is None:
                    raise ValueError("a chunk's size is not a number")
                size = int(line, 16)
                if len(self._body) + size > self.max_body:
                    raise TooLarge(413)
                if len(self.buffer) < eol + 2 + size + 2:
                    return None
                if self.buffer[eol + 2 + size : eol + 4 + size] != b"\r\n":
                    raise ValueError("a chunk does not end where it says")  # trailers are not supported either
                self._body += self.buffer[eol + 2 : eol + 2 + size]
                at = eol + 4 + size
                if size == 0:
                    return bytes(self._body)
        finally:
            del self.buffer[:at]
        if len(self.buffer) >= MAX_CHUNK_LINE:
            raise TooLarge(413)
        return None
