"""A tiny candidate on loopback: what it exposes is set by the test. Also runnable, for tests that need a process of its own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Exporter:
    """Context manager. `text` is the next scrape's answer; a `location` redirects instead."""

    def __init__(self, text: str = "") -> None:
        self.text, self.location, self.requests = text, "", 0

    def __enter__(self) -> Self:
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                exporter.requests += 1
                body = exporter.text.encode()
                self.send_response(302 if exporter.location else 200)
                if exporter.location:
                    self.send_header("Location", exporter.location)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
