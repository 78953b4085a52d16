"""waitress, with two habits of ours: what it refuses by itself looks like everything else, and its end waits for what has begun.

waitress gives requests five seconds at its end and stops sending at once, so a table that waits for name servers, or a large report on a
slow line, was cut off by every upgrade.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

from grader.web.config import DRAIN_S, ServiceSettings
from grader.web.pages import errors

log = logging.getLogger("grader.web.server")
THREADS = 8
TICK_S = 0.5
SAYS = {
    413: "What was sent is too large. The page for handing in says how large an archive may be.",
    431: "The request's headers are too large. Remove this site's cookies and try again.",
}


class Refusal(ErrorTask):  # type: ignore[misc] # waitress has no types
    """A request that never reaches a view."""

    def execute(self) -> None:
        error = self.request.error
        says = SAYS.get(error.code, "The request could not be read.")
        body, kind = errors.bare(str(getattr(self.request, "path", "")), error.reason, says)
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", kind), ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    error_task_class = Refusal

    @property
    def idle(self) -> bool:
        """Nothing has begun on it, and nothing is left to be sent."""
        return not self.requests and self.request is None and not self.total_outbufs_len


class Server:
    """Listens from the beginning. OSError when it cannot. `port` is the one it got."""

    def __init__(self, application: Any, settings: ServiceSettings, drain_s: float = DRAIN_S) -> None:
        """Behind a trusted proxy its word counts for scheme, host and address; nobody else's does."""
        self._drain_s, self._ending = drain_s, False
        self._map: dict[int, Any] = {}
        proxied: dict[str, Any] = {"clear_untrusted_proxy_headers": True}
        if settings.trusted_proxy:
            proxied |= {
                "trusted_proxy": settings.trusted_proxy, "trusted_proxy_count": 1,
                "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
            }  # fmt: skip
        self._dispatcher = waitress.create_server(
            application, map=self._map, host=settings.host, port=settings.port, threads=THREADS, ident=None,
            max_request_body_size=(settings.upload_mib + 2) << 20, **proxied,
        ).task_dispatcher  # fmt: skip
        self._listening = [one for one in self._map.values() if isinstance(one, BaseWSGIServer)]
        for one in self._listening:
            one.channel_class = Channel
        self.port = int(self._listening[0].effective_port)

    def end(self) -> None:
        """Ask `run` to come to its end, which it notices within TICK_S. A handler of signals may call it."""
        self._ending = True

    @property
    def ending(self) -> bool:
        """Whether somebody has asked."""
        return self._ending

    def run(self) -> None:
        """Until `end`, and then until every request that has begun is answered, or `drain_s` is over. Nothing new is taken meanwhile."""
        try:
            while not self._ending:
                self._once()
            for one in self._listening:
                wasyncore.dispatcher.close(one)  # it alone: its trigger still wakes the loop
            due = time.monotonic() + self._drain_s
            while self._hang_up_on_idle() and time.monotonic() < due:
                self._once()
            if left := self._connections():
                log.warning("cut off", extra={"facts": {"connections": len(left), "after_s": self._drain_s}})
        finally:
            self._dispatcher.shutdown(timeout=1)
            wasyncore.close_all(self._map)

    def _once(self) -> None:
        wasyncore.loop(timeout=TICK_S, map=self._map, count=1)

    def _connections(self) -> list[Channel]:
        return [one for one in self._map.values() if isinstance(one, Channel)]

    def _hang_up_on_idle(self) -> bool:
        """Whether any connection is left."""
        for one in self._connections():
            if one.idle:
                one.will_close = True
        return bool(self._connections())
