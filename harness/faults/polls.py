"""Polls of the health and the ready route beside an experiment, as an orchestrator's probes would make them."""

from __future__ import annotations

from threading import Event, Thread
from time import monotonic

from harness.client import Client

EVERY_S = 0.2
DEADLINE_S = 1.0


class Polls:
    """Context manager; `polls` are (CLOCK_MONOTONIC, status or 0 for no answer). One route each: one that hangs must not hold up the other."""

    def __init__(self, client: Client, path: str) -> None:
        self._client, self._path = client, path
        self._over = Event()
        self._thread = Thread(target=self._poll, name="polls", daemon=True)
        self.polls: list[tuple[float, int]] = []

    def __enter__(self) -> Polls:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def since(self, zero: float) -> list[tuple[float, int]]:
        """The polls from a CLOCK_MONOTONIC moment on, in seconds since then."""
        return [(round(at - zero, 3), status) for at, status in self.polls if at >= zero]

    def _poll(self) -> None:
        due = monotonic()
        while not self._over.wait(max(0.0, due - monotonic())):
            at = monotonic()
            reply = self._client.get(self._path, deadline_s=DEADLINE_S, max_bytes=1 << 16)
            self.polls.append((at, reply.status or 0 if reply.error is None else 0))
            due = max(due + EVERY_S, monotonic())
