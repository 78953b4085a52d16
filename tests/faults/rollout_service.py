"""A service with a model file and an audit trail, good or bad by its environment. Runs in a container; standard library only.

MODEL   strict: a broken file keeps it unready; own: it serves the image's file then; blind: it says that it is ready and fails; made_up: it says
        so and gives everybody the same score; ignore: it never looks at MODEL_PATH
DRAIN   1: SIGTERM ends it after the answers in flight; 0: at once; never: nothing does
TRAIL   append: /data/audit.jsonl is added to; anew: it begins anew with each start; held: the last ten lines are held back, and go with the process
"""

from __future__ import annotations

import json
import math
import os
import signal
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

OWN = Path("/model/model.json")
MODEL, DRAIN, TRAIL = (os.environ.get(name, usual) for name, usual in (("MODEL", "strict"), ("DRAIN", "1"), ("TRAIL", "append")))
ANSWER_S = float(os.environ.get("ANSWER_S", "0.03"))
"""Long enough for some requests to be in flight at any moment."""


def read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("kind") == "test/1" and isinstance(found.get("intercept"), float) else None


HELD = 10 if TRAIL == "held" else 0
named = Path(os.environ.get("MODEL_PATH", OWN)) if MODEL != "ignore" else OWN
model = read(named) or (read(OWN) if MODEL == "own" else None)
trail = os.fdopen(os.open("/data/audit.jsonl", os.O_CREAT | os.O_WRONLY | (os.O_TRUNC if TRAIL == "anew" else os.O_APPEND)), "w", 1)
waiting: deque[str] = deque()
busy, lock = 0, threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200 if model or MODEL in ("blind", "made_up") or self.path != "/readyz" else 503, {"path": self.path})

    def do_POST(self) -> None:
        global busy
        with lock:
            busy += 1
        try:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(ANSWER_S)
            self.answer(*self.predict(json.loads(body)))
        finally:
            with lock:
                busy -= 1

    def predict(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if model is None and MODEL != "made_up":
            return 500, {"error": "no model"}
        score = 0.05 if model is None else 1 / (1 + math.exp(-model["intercept"] - 0.3 * math.log1p(request["amount"])))
        waiting.append(json.dumps({"transaction_id": request["transaction_id"], "score": score}) + "\n")
        if len(waiting) > HELD:
            trail.write(waiting.popleft())
        return 200, {
            "transaction_id": request["transaction_id"], "score": score, "decision": "approve", "model_version": model["version"] if model else "7",
            "degraded": False,
        }  # fmt: skip

    def answer(self, status: int, document: dict[str, Any]) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if stopping.is_set():
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the log is not what is looked at."""


class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 256


stopping = threading.Event()


def main() -> None:
    signal.signal(signal.SIGTERM, {"1": lambda *_: stopping.set(), "0": lambda *_: os._exit(0), "never": signal.SIG_IGN}[DRAIN])
    server = Server(("0.0.0.0", int(os.environ["PORT"])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stopping.wait()
    server.shutdown()
    while busy:
        time.sleep(0.005)
    time.sleep(0.05)


if __name__ == "__main__":
    main()
