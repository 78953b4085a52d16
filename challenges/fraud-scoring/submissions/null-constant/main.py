"""Up, healthy, valid in form, and of the same opinion about everybody: the base rate."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "2026-01-05.1"
ROUTES = {
    "/healthz": b"{}",
    "/readyz": b"{}",
    "/version": json.dumps({"model_version": VERSION}).encode(),
    "/metrics": f'# TYPE fraud_model_info gauge\nfraud_model_info{{version="{VERSION}"}} 1\n'.encode(),
}


class Constant(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if self.path == "/metrics" else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer(200 if self.path in ROUTES else 404, ROUTES.get(self.path, b"{}"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            asked = json.loads(body)["transaction_id"]
        except (ValueError, KeyError, TypeError) as error:
            return self.answer(400, json.dumps({"error": repr(error)}).encode())
        said = {"transaction_id": asked, "score": 0.06, "decision": "approve", "model_version": VERSION, "degraded": False}
        return self.answer(200, json.dumps(said).encode())

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 512


Server(("0.0.0.0", int(os.environ.get("PORT", "8090"))), Constant).serve_forever()
