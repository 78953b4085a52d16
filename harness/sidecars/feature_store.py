"""The feature store that the candidate depends on: GET /v1/customers/{id}/features, and all the ways a dependency can break.

Modes (switched over the control line; they hold for requests from that moment on, on open connections too; a good answer takes USUAL_S):
  ok | slow(delay_s) | error(status) | refuse | blackhole | reset | drip(interval_s) | garbage | missing_field | nan | huge(bytes)
  flap(down_s, up_s, status)  answers with `status` for `down_s`, well for `up_s`, and so on, from the moment of the switch
  auth(token)                 answers only to `Authorization: Bearer <token>`, else 401
The last two answer in either of two ways, and count both (`met` in the answers): flap_down, flap_up, auth_rejected, auth_accepted.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote
from zlib import crc32

from .control import Command, Reply, serve_commands
from .http import Connections, HttpConnection, Request, json_response, response

PORT = 8080
USUAL_S = 0.004
"""What an answer takes while all is well: the p99 of Feast's Go feature server over Redis for one row is 3.9 ms (feast.dev, "Go feature server
benchmarks"); one zone's network alone takes 1 to 2 ms. An answer within microseconds would hide a lock, or too few workers, around the call."""
PREFIX, SUFFIX = "/v1/customers/", "/features"
HUGE_PIECE = b" " * (64 << 10)
HUGE_UNSENT, HUGE_UNSENT_IN_ALL = 256 << 10, 32 << 20
"""Of huge answers that a peer does not read; of all of them together, whoever asks for how many."""
PIECES_PER_S = 2000
"""Of huge answers, over all connections (125 MiB/s): beyond that, this process would take the core of the load generator."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)

DEFAULTS: dict[str, dict[str, Any]] = {
    "ok": {},
    "slow": {"delay_s": 1.0},
    "error": {"status": 503},
    "refuse": {},
    "blackhole": {},
    "reset": {},
    "drip": {"interval_s": 0.2},
    "garbage": {},
    "missing_field": {},
    "nan": {},
    "huge": {"bytes": 64 << 20},
    "flap": {"down_s": 0.5, "up_s": 0.5, "status": 503},
    "auth": {"token": ""},
}
TWO_FACED = ("flap_down", "flap_up", "auth_rejected", "auth_accepted")


@dataclass
class Store:
    """Customers, the mode, and what was asked. `hits` counts requests per mode since the start, `met` those of a two-faced mode by its face.

    `since` is the moment of the last switch (CLOCK_MONOTONIC).
    """

    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    mode: str = "ok"
    params: dict[str, Any] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DEFAULTS, 0))
    met: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TWO_FACED, 0))
    since: float = 0.0
    pumping: int = 0
    connections: Connections = field(default_factory=Connections)
    server: asyncio.Server | None = None
    refused_before: int = 0

    async def listen(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: StoreConnection(self), "0.0.0.0", port, backlog=1024, reuse_address=True)

    async def switch(self, mode: str, params: dict[str, Any], port: int) -> None:
        if mode not in DEFAULTS or not params.keys() <= DEFAULTS[mode].keys():
            raise ValueError(f"no such mode: {mode} {params}")
        if self.mode == "refuse":
            self.hits["refuse"] += max(0, refused_connections() - self.refused_before)
        self.mode, self.params = mode, DEFAULTS[mode] | params
        if mode == "refuse":
            if self.server is not None:
                self.server.close()
                self.server = None
            for connection in list(self.connections):
                connection.abort()
            while self.connections:
                await asyncio.sleep(0)  # aborting may send resets of its own, which are no refusals
            self.refused_before = refused_connections()
        elif self.server is None:
            await self.listen(port)
        self.since = time.monotonic()

    def is_down(self) -> bool:
        """Where the schedule of `flap` stands."""
        down_s, up_s = self.params["down_s"], self.params["up_s"]
        return bool((time.monotonic() - self.since) % (down_s + up_s) < down_s)

    def count(self) -> dict[str, int]:
        """Hits per mode; while refusing, connection attempts are counted by the kernel."""
        refused = max(0, refused_connections() - self.refused_before) if self.mode == "refuse" else 0
        return self.hits | {"refuse": self.hits["refuse"] + refused}


def spoilt(body: dict[str, Any]) -> str:
    """The feature that one customer's answer lacks: each customer's another one, the same each time."""
    names = sorted(body.keys() - {"customer_id"})
    return names[crc32(str(body["customer_id"]).encode()) % len(names)]


def refused_connections() -> int:
    """Resets that this network namespace sent (Tcp OutRsts): each SYN to a closed port is answered by one."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:"))
    return int(values[names.index("OutRsts")])


class StoreConnection(HttpConnection):
    max_body: ClassVar[int] = 64 << 10

    def __init__(self, store: Store) -> None:
        super().__init__(store.connections)
        self.store = store
        self.timer: asyncio.TimerHandle | None = None
        self.left = 0

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timer is not None:
            self.timer.cancel()
        if self.left:
            self.store.pumping -= 1
            self.left = 0

    def handle(self, request: Request) -> None:
        store = self.store
        store.hits[store.mode] += 1
        getattr(self, f"_{store.mode}")(request)

    def _features(self, request: Request) -> tuple[int, dict[str, Any]]:
        path = request.path
        if request.method != "GET":
            return 405, {"error": "only GET"}
        if not (path.startswith(PREFIX) and path.endswith(SUFFIX)):
            return 404, {"error": "no such route"}
        customer = unquote(path[len(PREFIX) : -len(SUFFIX)])
        features = self.store.customers.get(customer)
        return (404, {"error": "unknown customer"}) if features is None else (200, {"customer_id": customer} | features)

    def _send(self, request: Request, status: int, body: object) -> None:
        self.reply(json_response(status, body, keep_alive=request.keep_alive), keep_alive=request.keep_alive)

    def _ok(self, request: Request) -> None:
        self._answer_in(USUAL_S, request)

    def _slow(self, request: Request) -> None:
        self._answer_in(self.store.params["delay_s"], request)

    def _answer_in(self, seconds: float, request: Request) -> None:
        self.timer = asyncio.get_running_loop().call_later(seconds, self._answer, request)

    def _answer(self, request: Request) -> None:
        self._send(request, *self._features(request))

    def _error(self, request: Request) -> None:
        self._send(request, self.store.params["status"], {"error": "feature store is unwell"})

    def _refuse(self, request: Request) -> None:
        self.abort()  # one that slipped in while the listener closed

    def _blackhole(self, request: Request) -> None:
        """Never answer; the connection stays open and `busy`."""

    def _reset(self, request: Request) -> None:
        if self.transport is not None:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.transport.abort()

    def _drip(self, request: Request) -> None:
        status, body = self._features(request)
        self._drip_on(memoryview(json_response(status, body, keep_alive=False)), self.store.params["interval_s"])

    def _drip_on(self, left: memoryview, interval_s: float) -> None:
        if self.transport is None:
            return
        self.transport.write(bytes(left[:1]))
        if len(left) > 1:
            self.timer = asyncio.get_running_loop().call_later(interval_s, self._drip_on, left[1:], interval_s)
        else:
            self.transport.close()

    def _garbage(self, request: Request) -> None:
        self.reply(response(200, b'<html><body>{"avg_amount_30d": upstream', keep_alive=request.keep_alive), keep_alive=request.keep_alive)

    def _missing_field(self, request: Request) -> None:
        status, body = self._features(request)
        if status == 200:
            body.pop(spoilt(body))
        self._send(request, status, body)

    def _nan(self, request: Request) -> None:
        status, body = self._features(request)
        if status == 200:
            body[spoilt(body)] = float("nan")
        self._send(request, status, body)

    def _flap(self, request: Request) -> None:
        down = self.store.is_down()
        self.store.met["flap_down" if down else "flap_up"] += 1
        (self._error if down else self._ok)(request)

    def _auth(self, request: Request) -> None:
        accepted = request.authorization == f"Bearer {self.store.params['token']}"
        self.store.met["auth_accepted" if accepted else "auth_rejected"] += 1
        if accepted:
            self._ok(request)
        else:
            self._send(request, 401, {"error": "a valid token is needed"})

    def _huge(self, request: Request) -> None:
        if self.transport is None:
            return
        self.left = int(self.store.params["bytes"])
        self.store.pumping += 1
        self.transport.set_write_buffer_limits(high=HUGE_UNSENT)
        self.transport.write(response(200, b"", keep_alive=False, length=self.left))
        self._pump()

    def _pump(self) -> None:
        """One piece at a time, and none while the peer does not read: the body is never held in memory."""
        if self.transport is None:
            return
        most = min(HUGE_UNSENT, HUGE_UNSENT_IN_ALL // self.store.pumping)
        if self.transport.get_write_buffer_size() < most:
            piece = HUGE_PIECE[: min(self.left, most)]
            self.transport.write(piece)
            self.left -= len(piece)
        if self.left:
            wait_s = max(0.001, self.store.pumping / PIECES_PER_S)
            self.timer = asyncio.get_running_loop().call_later(wait_s, self._pump)
        else:
            self.store.pumping -= 1
            self.transport.close()


async def main(port: int = PORT) -> None:
    store = Store()
    await store.listen(port)

    async def handle(command: Command) -> Reply:
        kind = command["op"]
        if kind == "load":
            store.customers.update(command["customers"])
        elif kind == "mode":
            await store.switch(command["mode"], command.get("params", {}), port)
        elif kind != "stats":
            raise ValueError(f"no such command: {kind}")
        return {
            "mode": store.mode, "since": store.since, "customers": len(store.customers), "hits": store.count(), "met": store.met,
            "connections": len(store.connections),
        }  # fmt: skip

    await serve_commands(handle)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PORT))
