"""A minimal HTTP/1.1 server side as an asyncio Protocol: keep-alive, Content-Length and chunked bodies, byte caps on everything.

`http.server` gives 161 requests per second and would disturb what is measured; this gives thousands.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import ClassVar

MAX_HEAD = 16 << 10
REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
           429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes
    keep_alive: bool
    authorization: str = ""


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


class HttpConnection(asyncio.Protocol):
    """One connection. Subclasses answer in `handle`; requests of one connection are answered one after another."""

    max_body: ClassVar[int] = 0
    max_connections: ClassVar[int] = 2048

    def __init__(self, connections: set[HttpConnection]) -> None:
        self.connections = connections
        self.buffer = bytearray()
        self.busy = False
        self.transport: asyncio.Transport | None = None

    def handle(self, request: Request) -> None:
        """Answer with `reply` now or later."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if len(self.connections) >= self.max_connections:
            transport.abort()
        else:
            self.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > MAX_HEAD + 2 * self.max_body + 65536:
            self.abort()
        elif not self.busy:
            self._next()

    def reply(self, data: bytes, *, keep_alive: bool) -> None:
        """Send a whole answer and go on with the next request, if any."""
        if self.transport is None:
            return
        self.transport.write(data)
        self.busy = False
        if not keep_alive:
            self.transport.close()
        elif self.buffer:
            # Not a direct call: a pipelined flood would recurse.
            asyncio.get_running_loop().call_soon(self._next)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _next(self) -> None:
        if self.busy or self.transport is None:
            return
        try:
            request = self._parse()
        except TooLarge as large:
            self.reply(json_response(large.status, {"error": "request too large"}, keep_alive=False), keep_alive=False)
        except ValueError as error:
            self.reply(json_response(400, {"error": str(error)}, keep_alive=False), keep_alive=False)
        else:
            if request is not None:
                self.busy = True
                self.handle(request)

    def _parse(self) -> Request | None:
        """Take one whole request from the buffer; None when more bytes are needed."""
        end = self.buffer.find(b"\r\n\r\n")
        if (end < 0 and len(self.buffer) > MAX_HEAD) or end > MAX_HEAD:
            raise TooLarge(431)
        if end < 0:
            return None
        first, *lines = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
        parts = first.split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise ValueError("not an HTTP/1.x request line")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = self._body(headers, end + 4)
        if body is None:
            return None
        connection = headers.get("connection", "").lower()
        keep_alive = "close" not in connection if parts[2] == "HTTP/1.1" else "keep-alive" in connection
        return Request(parts[0], parts[1].partition("?")[0], body, keep_alive, headers.get("authorization", ""))

    def _body(self, headers: dict[str, str], start: int) -> bytes | None:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            found = self._chunked(start)
        else:
            length = headers.get("content-length", "0")
            if not (length.isascii() and length.isdigit()) or len(length) > 12:
                raise ValueError("Content-Length is not a number")
            if int(length) > self.max_body:
                raise TooLarge(413)
            stop = start + int(length)
            found = (bytes(self.buffer[start:stop]), stop) if len(self.buffer) >= stop else None
        if found is None:
            if "100-continue" in headers.get("expect", "").lower() and len(self.buffer) == start and self.transport is not None:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body, stop = found
        del self.buffer[:stop]
        return body

    def _chunked(self, at: int) -> tuple[bytes, int] | None:
        body = bytearray()
        while (eol := self.buffer.find(b"\r\n", at)) >= 0:
            size = int(bytes(self.buffer[at:eol]).partition(b";")[0], 16)
            if size < 0 or len(body) + size > self.max_body:
                raise TooLarge(413)
            at = eol + 2
            if size == 0:
                done = self.buffer.find(b"\r\n", at)  # trailers are not supported: the next line must be empty
                return (bytes(body), done + 2) if done >= 0 else None
            if len(self.buffer) < at + size + 2:
                return None
            body += self.buffer[at : at + size]
            at += size + 2
        return None
