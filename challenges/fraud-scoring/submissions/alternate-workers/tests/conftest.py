import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from scoring import model
from scoring.settings import PACKAGED_MODEL

ROOT = Path(__file__).parent.parent
HISTORY = {"avg_amount_30d": 25.58, "tx_count_24h": 1, "chargebacks_90d": 0, "account_age_days": 448}


@pytest.fixture
def transaction():
    return json.loads((Path(__file__).parent / "transaction.json").read_text())


@pytest.fixture
def history():
    return dict(HISTORY)


@pytest.fixture(scope="session")
def shipped():
    return model.load(PACKAGED_MODEL)


class World:
    """A feature store and an alert receiver; `mode` tells the store how to misbehave."""

    def __init__(self):
        self.mode, self.token, self.refused, self.alerts = "ok", None, 0, []
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, body, status=200):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if world.mode != "drip":
                    self.wfile.write(body)
                    return
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.03)

            def do_GET(self):
                document = {"customer_id": self.path.split("/")[3], **HISTORY}
                if world.token and self.headers.get("Authorization") != f"Bearer {world.token}":
                    world.refused += 1
                    return self.answer(b"{}", 401)
                if world.mode == "hang":
                    time.sleep(1)
                if world.mode == "stranger":
                    document["customer_id"] = "someone-else"
                if world.mode == "nan":
                    document["tx_count_24h"] = float("nan")
                body = b"[" + b"1," * 1_000_000 if world.mode == "huge" else json.dumps(document).encode()
                return self.answer(body, {"error": 500, "unknown": 404}.get(world.mode, 200))

            def do_POST(self):
                world.alerts += json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]
                self.answer(b"{}")

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # clients that lose patience are what the tests are about

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alerted(self, seconds=5.0, **labels):
        """True as soon as an alert with these labels has arrived."""
        return until(lambda: any(labels.items() <= alert["labels"].items() for alert in self.alerts), seconds)


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def world():
    world = World()
    yield world
    world.server.shutdown()
    world.server.server_close()


class Running:
    """A service in processes of its own, as in the image."""

    def __init__(self, process, client, log, data):
        self.process, self.client, self.log, self.data = process, client, log, data

    def predict(self, transaction, **changes):
        return self.client.post("/predict", json=transaction | changes)

    def metric(self, line):
        """Value of the series that begins with `line`; None if there is none."""
        for text in self.client.get("/metrics").text.splitlines():
            if text.startswith(line):
                return float(text.rsplit(" ", 1)[1])
        return None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


@contextmanager
def service(world, data, **environment):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # a generous deadline: whether the store is asked in time must not depend on how busy the test machine is
    variables = {
        **os.environ, "PORT": str(port), "FEATURE_STORE_URL": world.url, "ALERT_WEBHOOK_URL": f"{world.url}/alerts", "DATA_DIR": str(data),
        "LOG_SHARE": "1", "STORE_DEADLINE_S": "2", **environment,
    }
    log = data / "service.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, start_new_session=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            assert until(lambda: answers(client, "/healthz"))
            yield Running(process, client, log, data)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the workers too: without a container around them they outlive their arbiter
        process.wait()


def answers(client, path):
    try:
        return client.get(path).status_code == 200
    except httpx.TransportError:
        return False
