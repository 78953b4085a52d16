"""The hardened HTTP client: everything the harness asks a candidate goes through it (the load generator apart).

What answers is hostile by assumption. One deadline covers connecting, sending and the last byte of the answer, so that a server that
drips bytes cannot hold us (a socket timeout is none: it starts anew with each byte). Headers, interim answers, framing and body are
counted against byte caps while they arrive. No redirects, no proxies, no compression, and, save for `Kept`, a fresh connection per request.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from harness.strict_json import strict_json
from harness.wire import FRAMING_FACTOR, MAX_HEADER_BYTES, Answer, Broken, ErrorKind, Wire

__all__ = ["Client", "ErrorKind", "Kept", "Reply", "strict_json"]

_SAFE_TARGET = re.compile(r"/[!-~]*")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `status` is None when no status line arrived; `error` may stand beside a status (the body broke off).

    Header names are lower case; repeated headers are joined with ", ". `seconds` runs from the start of connecting to the last byte.
    """

    status: int | None
    headers: dict[str, str]
    body: bytes
    seconds: float
    error: ErrorKind | None = None

    @property
    def ok(self) -> bool:
        """A whole 2xx answer."""
        return self.error is None and self.status is not None and 200 <= self.status < 300

    def json(self) -> object | None:
        """The body as strict JSON, or None when it is not (or is `null`)."""
        if self.error is not None:
            return None
        try:
            return strict_json(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Client:
    """Talks to one candidate at `host` (an IP address, never a name: resolving is not under the deadline) and `port`."""

    host: str
    port: int

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None,
        deadline_s: float = 2.0, max_bytes: int = 1 << 20, bare: bool = False,
    ) -> Reply:  # fmt: skip
        """One exchange. Never raises for what the other side does; `max_bytes` caps the body, ValueError for an unsafe target.

        `bare`: no headers of ours beside those that are given, but for Host and Content-Length.
        """
        data = self._encode(method, path, body, headers or {}, bare)
        with Wire(self.host, self.port, time.monotonic() + deadline_s, _byte_limit(max_bytes)) as wire:
            return _exchange(wire, data, method, max_bytes, connect=True)

    def get(self, path: str, *, deadline_s: float = 2.0, max_bytes: int = 1 << 20) -> Reply:
        return self.request("GET", path, deadline_s=deadline_s, max_bytes=max_bytes)

    def post_json(self, path: str, value: object, *, deadline_s: float = 2.0, max_bytes: int = 1 << 20) -> Reply:
        body = json.dumps(value, allow_nan=False).encode()
        return self.request("POST", path, body=body, headers={"Content-Type": "application/json"}, deadline_s=deadline_s, max_bytes=max_bytes)

    def _encode(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], bare: bool) -> bytes:
        if _SAFE_TARGET.fullmatch(path) is None or not method.isalpha():
            raise ValueError(f"not a request target: {method!r} {path!r}")
        usual = {} if bare else {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        fields = {"Host": f"{self.host}:{self.port}"} | usual | dict(headers)
        if body is not None:
            fields["Content-Length"] = str(len(body))
        if any("\r" in part or "\n" in part for item in fields.items() for part in item):
            raise ValueError("a header holds a line break")
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b"")


class Kept:
    """One connection for many requests, whose bytes the caller gives: what a load generator sends. Made anew where the other side closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._wire: Wire | None = None

    def send(self, data: bytes, *, method: str = "POST", deadline_s: float = 2.0, max_bytes: int = 1 << 20) -> Reply:
        """One exchange, as `Client.request` reports it."""
        reused = self._wire is not None
        reply = self._once(data, method, deadline_s, max_bytes)
        if reused and reply.status is None and reply.error in ("eof", "reset"):  # it was closed while nobody spoke
            reply = self._once(data, method, deadline_s, max_bytes)
        return reply

    def close(self) -> None:
        if self._wire is not None:
            self._wire.socket.close()
            self._wire = None

    def _once(self, data: bytes, method: str, deadline_s: float, max_bytes: int) -> Reply:
        deadline, fresh = time.monotonic() + deadline_s, self._wire is None
        wire = self._wire = self._wire or Wire(self._host, self._port, deadline, _byte_limit(max_bytes))
        wire.deadline, wire.received = deadline, 0
        reply = _exchange(wire, data, method, max_bytes, connect=fresh)
        if reply.error or wire.closed or wire.buffer or reply.headers.get("connection", "").lower() == "close":
            self.close()
        return reply


def _byte_limit(max_bytes: int) -> int:
    return MAX_HEADER_BYTES * 2 + max_bytes * FRAMING_FACTOR


def _exchange(wire: Wire, data: bytes, method: str, max_bytes: int, *, connect: bool) -> Reply:
    begin = time.monotonic()
    error: ErrorKind | None = None
    answer = Answer(wire, method, max_bytes)
    try:
        if connect:
            wire.connect()
        wire.send(data)
        answer.read()
    except Broken as broken:
        error = broken.kind
    return Reply(answer.status, answer.headers, bytes(answer.body), time.monotonic() - begin, error)
