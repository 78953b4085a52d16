"""One thread, one epoll: the loop that the light servers share."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable

from benchmarks.servers.wire import split

Reply = Callable[[bytes], bytes]


class Loop:
    """Answers every request on every connection of `listener` with `reply(body)`, first come first served."""

    def __init__(self, listener: socket.socket, reply: Reply) -> None:
        self._listener, self._reply = listener, reply
        self._ready = selectors.DefaultSelector()
        self._buffers: dict[socket.socket, bytes] = {}
        listener.setblocking(False)
        self._ready.register(listener, selectors.EVENT_READ)

    def run(self) -> None:
        while True:
            for key, _ in self._ready.select():
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._serve(key.fileobj)  # type: ignore[arg-type]  # only sockets are registered

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # gone before we got to it
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffers[connection] = b""
        self._ready.register(connection, selectors.EVENT_READ)

    def _serve(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
            buffer = self._buffers[connection] + data
            while (found := split(buffer)) is not None:
                body, buffer = found
                connection.send(self._reply(body))
            self._buffers[connection] = buffer
        except OSError:
            data = b""  # a tool that ends with requests in flight resets its connections
        if not data:
            self._ready.unregister(connection)
            connection.close()
            del self._buffers[connection]
