"""The process: PID 1 of the container, from the first route to the last audit line."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal

import uvloop
from aiohttp import web

from fraud import logs
from fraud.app import Service, make_app
from fraud.settings import Settings

LOG = logging.getLogger("fraud")


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain: not ready, still answering, then no new connections, then no requests left."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):  # before anything slow: PID 1 has no default action for them
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    service = Service(settings)
    runner = web.AppRunner(
        make_app(service), access_log=None, keepalive_timeout=75, auto_decompress=False, lingering_time=2.0, shutdown_timeout=settings.shutdown_s
    )
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", settings.port, backlog=4096).start()
    # Collections of the oldest generation walk every remembered prediction; what exists now never needs to be looked at again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    LOG.info("listening", extra={"port": settings.port})
    await stop.wait()
    LOG.info("draining")
    service.draining = True
    # Not a sleep for luck: load balancers learn from /readyz that we are going, and until then they keep sending.
    await asyncio.sleep(settings.drain_s)
    await runner.cleanup()
    LOG.info("stopped")


def main() -> None:
    listener = logs.start()
    try:
        uvloop.run(serve(Settings.from_env()))
    finally:
        listener.stop()


if __name__ == "__main__":
    main()
