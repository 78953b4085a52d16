"""PID 1 of the container: serves, and keeps the monitor process alive."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import time
from types import FrameType

import uvicorn
from uvicorn.server import Server

from app.api import Service, create_app
from app.settings import Settings
from scoring import logs

LOG = logging.getLogger("app")


class DrainingServer(Server):
    """uvicorn closes its listener at once on SIGTERM; this one first answers for a while with `Connection: close`."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service, self._leave_at = service, 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.service.draining = True
        self._leave_at = self._leave_at or time.monotonic() + self.service.settings.drain

    async def on_tick(self, counter: int) -> bool:
        if self._leave_at and time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)


def main() -> None:
    for sign in (signal.SIGTERM, signal.SIGINT):  # until uvicorn listens to them: PID 1 has no default action
        signal.signal(sign, lambda *_: sys.exit(0))
    listener = logs.start(sys.stdout)
    try:
        settings = Settings.from_env()
        service = Service(settings)
        config = uvicorn.Config(
            create_app(service), host="0.0.0.0", port=settings.port, loop="uvloop", http="httptools", ws="none", log_config=None, access_log=False,
            server_header=False, backlog=2048, timeout_keep_alive=75, timeout_graceful_shutdown=3,
        )
        gc.collect()
        gc.freeze()  # what exists now never needs to be looked at again
        DrainingServer(config, service).run()
        LOG.info("stopped")
    finally:
        listener.stop()


if __name__ == "__main__":
    main()
