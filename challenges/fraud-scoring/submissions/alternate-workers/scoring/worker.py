"""gunicorn's worker class: uvicorn, with a drain before its shutdown."""

from __future__ import annotations

import sys
import time
from types import FrameType
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from scoring import lifecycle

DRAIN = 1.0  # still accepting after SIGTERM, until load balancers have seen /readyz


class DrainingServer(Server):
    """uvicorn closes its listener at once on SIGTERM; this one first answers for a while with `Connection: close`."""

    _leave_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        lifecycle.drain()
        self._leave_at = self._leave_at or time.monotonic() + DRAIN

    async def on_tick(self, counter: int) -> bool:
        if self._leave_at and time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)


class DrainingWorker(UvicornWorker):
    """The listening socket belongs to all workers and to the arbiter: it stays open until the last worker has drained."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "uvloop", "http": "httptools", "ws": "none", "access_log": False, "server_header": False, "timeout_graceful_shutdown": 3,
    }

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = DrainingServer(config=self.config)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
