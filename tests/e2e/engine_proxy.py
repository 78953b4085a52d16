"""An engine that can be lost: a socket of our own that forwards to the real engine until it is told to stop. The real one is never touched."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

from harness.sandbox.engine import endpoints, is_local


def engine_socket() -> str:
    """Path of the real engine's socket."""
    return next(urlsplit(url).path for url in endpoints() if is_local(url) and Path(urlsplit(url).path).exists())


class EngineProxy:
    """Context manager. `url` is what DOCKER_HOST is set to; `lose()` ends every connection and takes no new one; `freeze()` keeps them all
    and forwards nothing any more, as an engine does that hangs."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "engine.sock"
        self.url = f"unix://{self.path}"
        self._target = engine_socket()
        self._connections: list[socket.socket] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self._lost = False

    def __enter__(self) -> EngineProxy:
        self._listen()
        return self

    def _listen(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.lose()

    def lose(self) -> None:
        self._lost = True
        self.path.unlink(missing_ok=True)
        _end(self._listener)
        for connection in list(self._connections):
            _end(connection)
        self._flowing.set()

    def revive(self) -> None:
        """Take connections again, as an engine does that was restarted; those that were lost stay lost."""
        self._lost = False
        self._connections.clear()
        self._listen()

    def freeze(self) -> None:
        self._flowing.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                ours, _ = listener.accept()
            except OSError:
                return
            theirs = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            theirs.connect(self._target)
            self._connections += [ours, theirs]
            if self._lost:
                self.lose()
            for source, sink in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._flowing.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)  # half-closed streams are part of the engine's protocol


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
