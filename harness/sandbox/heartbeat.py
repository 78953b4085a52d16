"""Turns an engine that hangs into an engine that is lost, so that there is one way to lose it and no wait for it is without an end.

A hung engine accepts connections and answers nothing; some of its requests (waits, attached streams) have no deadline of their own.
Once it has been silent for too long, every connection of this process to it is shut down, and goes on being so until it speaks again:
whoever reads from one gets an error at once and says engine_lost.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import docker

from harness.sandbox.engine import ENGINE_ERRORS

BEAT_S = 1.0
PING_S = 4.0
"""The engine answers a ping without touching a disk or a lock."""
SILENT_S = 10.0


def answers(client: docker.DockerClient, seconds: float = PING_S) -> bool:
    """Whether the engine says a word within the time."""
    try:
        response = client.api.get(f"{client.api.base_url}/_ping", timeout=seconds)
    except ENGINE_ERRORS:
        return False
    return bool(response.ok)


class Heartbeat:
    """Context manager over a thread that listens to the engine. `lost` is called once when it has fallen silent."""

    def __init__(self, client: docker.DockerClient, lost: Callable[[], None] = lambda: None, silent_s: float = SILENT_S) -> None:
        self._client, self._tell, self._silent_s = client, lost, silent_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        heard, told = monotonic(), False
        while not self._over.wait(BEAT_S):
            if answers(self._client, BEAT_S if told else PING_S):
                heard = monotonic()
            elif monotonic() - heard > self._silent_s:
                cut(self._client)
                if not told:
                    self._tell()
                told = True


def cut(client: docker.DockerClient) -> int:
    """Shut down this process's connections to the engine; how many there were."""
    ends = 0
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        with contextlib.suppress(OSError):  # closed meanwhile, or not connected
            if not stat.S_ISSOCK(os.stat(int(name)).st_mode):  # noqa: PTH116 - a descriptor, not a path
                continue
            with socket.socket(fileno=os.dup(int(name))) as peer:
                if _is_engine(client, peer.getpeername()):
                    peer.shutdown(socket.SHUT_RDWR)
                    ends += 1
    return ends


def _is_engine(client: docker.DockerClient, peer: object) -> bool:
    path = getattr(getattr(client.api, "_custom_adapter", None), "socket_path", None)
    if path is not None:
        return isinstance(peer, str) and peer != "" and Path(peer).resolve() == Path(path).resolve()
    url = urlsplit(client.api.base_url)
    return isinstance(peer, tuple) and peer[1] == url.port
