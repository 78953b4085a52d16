"""A socket that answers like a Docker Engine without images and keeps every request: what would have gone to a real one."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path


@dataclass
class Recorded:
    """One request: its first line, its headers, its body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return "\n".join([self.line, *(f"{k}: {v}" for k, v in self.headers.items()), self.body.decode("utf-8", "replace")])


@dataclass
class RecordingEngine:
    url: str
    requests: list[Recorded] = field(default_factory=list)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def recording(socket: Path) -> Iterator[RecordingEngine]:
    engine = RecordingEngine(f"unix://{socket}")

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            length = self.headers.get("Content-Length")
            body = self.rfile.read(int(length)) if length else self._chunks() if self.headers.get("Transfer-Encoding") else b""
            engine.requests.append(Recorded(self.requestline, dict(self.headers.items()), body))
            said = {"message": "no such image", "ApiVersion": "1.41", "Version": "20.10.0", "Id": "0" * 64, "Warnings": [], "stream": "x"}
            data = json.dumps(said).encode()
            no_image = "/images/" in self.path and self.path.endswith("/json")
            self.send_response(404 if no_image else 201 if "/create" in self.path else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_HEAD = answer

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def address_string(self) -> str:
            return "unix"

    with _Server(str(socket), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield engine
        finally:
            server.shutdown()
