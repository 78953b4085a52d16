"""Clients on bad lines: each opens a connection and sends its request one byte at a time, for as long as a window lasts.

Every second one sends its headers at once and drips the body only: many servers read headers in a loop of their own, and call the handler,
which takes a slot or a thread, before the body is there. A service that gives a whole worker or thread to every connection serves nobody
else meanwhile; one that reads while it waits does not notice them. Only a few hundred bytes per second travel: what is measured is the load
beside them.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from grader.schema.evidence import load as evidence
from harness.load import wire

BYTE_EVERY_S = 0.1
END_OF_HEAD = b"\r\n\r\n"


@dataclass
class _Client:
    data: bytes
    head: int
    """So many bytes of `data` are sent at once, first."""
    place: int = 0

    @property
    def due(self) -> bytes:
        return self.data[self.place : max(self.head, self.place + 1)]


class SlowClients:
    """Context manager: dripping begins on entering and ends on leaving; `seen` says what became of the connections."""

    def __init__(self, host: str, port: int, path: str, bodies: Sequence[bytes], every_s: float = BYTE_EVERY_S) -> None:
        head = wire.head("POST", path, host, port)
        self._address, self._every_s = (host, port), every_s
        whole = [wire.request(head, body) for body in bodies]
        self._clients = [_Client(data, data.index(END_OF_HEAD) + len(END_OF_HEAD) if i % 2 else 0) for i, data in enumerate(whole)]
        self._over = Event()
        self._thread = Thread(target=self._drip, name="slow-clients", daemon=True)
        self._opened = self._cut = 0
        self._first_cut: float | None = None

    def __enter__(self) -> Self:
        self._begin = monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    @property
    def seen(self) -> evidence.SlowClients:
        return evidence.SlowClients(
            connections=len(self._clients), byte_every_s=self._every_s, opened=self._opened, cut_by_service=self._cut,
            first_cut_s=self._first_cut, in_body=sum(client.place > client.head > 0 for client in self._clients),
        )

    def _drip(self) -> None:
        with selectors.DefaultSelector() as alive, contextlib.ExitStack() as stack:
            for client in self._clients:
                if (connection := self._open()) is not None:
                    stack.enter_context(connection)
                    alive.register(connection, selectors.EVENT_READ, client)
            self._opened = len(alive.get_map())
            while not self._over.wait(self._every_s):
                for key, _ in alive.select(0):  # an answer or an end: either way it is not waiting for the rest
                    self._lost(alive, key.fileobj)
                for key in list(alive.get_map().values()):
                    self._send(alive, key)

    def _open(self) -> socket.socket | None:
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(self._address)  # what fails shows at the first byte
        return connection

    def _send(self, alive: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        client, connection = key.data, key.fileobj
        assert isinstance(connection, socket.socket)
        try:
            client.place += connection.send(client.due)
        except BlockingIOError:
            return
        except OSError:
            self._lost(alive, connection)

    def _lost(self, alive: selectors.BaseSelector, connection: object) -> None:
        alive.unregister(connection)  # type: ignore[arg-type]
        self._cut += 1
        if self._first_cut is None:
            self._first_cut = round(monotonic() - self._begin, 3)
