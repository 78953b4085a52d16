"""A candidate for the sandbox's tests; misbehaves as SERVICE_MODE says. Standard library only, runs inside the container."""

import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

MODE = os.environ.get("SERVICE_MODE", "good")
BEGIN = time.monotonic()


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(200, {})
        elif self.path == "/readyz":
            ready = MODE != "never_ready" and time.monotonic() - BEGIN > float(os.environ.get("READY_AFTER_S", "0"))
            self.answer(200 if ready else 503, {})
        else:
            self.answer(404, {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        route = getattr(self, "post_" + self.path.lstrip("/"), None)
        self.answer(*((404, {}) if route is None else route(body)))

    def post_predict(self, body):
        if MODE == "cannot_predict" or time.monotonic() - BEGIN < float(os.environ.get("PREDICT_AFTER_S", "0")):
            return 500, {"error": "no model"}
        with pathlib.Path(os.environ["DATA_DIR"], "audit.jsonl").open("a") as audit:
            audit.write(json.dumps({"transaction_id": body["transaction_id"]}) + "\n")
        return 200, {"transaction_id": body["transaction_id"], "score": 0.25}

    def post_run(self, body):
        """Run a command inside of the container."""
        done = subprocess.run(body["argv"], capture_output=True, text=True, timeout=20, check=False)
        return 200, {"code": done.returncode, "out": done.stdout[-5000:], "err": done.stderr[-5000:]}

    def post_fetch(self, body):
        """One request to another service of the network."""
        data = json.dumps(body["json"]).encode() if "json" in body else None
        data = body["raw"].encode() if "raw" in body else data
        begin = time.monotonic()
        try:
            with urllib.request.urlopen(urllib.request.Request(body["url"], data=data), timeout=body.get("timeout_s", 1.0)) as reply:
                found = {"status": reply.status, "length": len(text := reply.read()), "text": text[:2000].decode()}
        except urllib.error.HTTPError as error:
            found = {"status": error.code, "text": error.read()[:2000].decode()}
        except OSError as error:
            found = {"error": type(getattr(error, "reason", error)).__name__}
        return 200, found | {"seconds": time.monotonic() - begin}


def die_later(after_s):
    threading.Timer(after_s, lambda: os._exit(3)).start()


def not_http(port):
    with socket.create_server(("0.0.0.0", port)) as server:
        while True:
            connection, _ = server.accept()
            connection.sendall(b"SSH-2.0-nope\r\n")
            connection.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN if MODE == "deaf" else lambda *_: sys.exit(0))
    port = int(os.environ["PORT"])
    print("starting \x1b[31mred\x1b[0m", flush=True)
    if MODE == "exits":
        sys.exit(0)
    if MODE == "crash_loop":
        sys.exit(7)
    if MODE == "not_http":
        not_http(port)
    if MODE == "dies_after_listening":
        die_later(1.0)
    if MODE == "wrong_port":
        port = 9999
    http.server.ThreadingHTTPServer(("0.0.0.0", port), Service).serve_forever()
