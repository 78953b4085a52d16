"""A sidecar as a child process of the test: its control line are the child's pipes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.client import Client


@dataclass
class Running:
    process: subprocess.Popen[str]
    client: Client

    def ask(self, op: str, **params: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"op": op} | params) + "\n")
        self.process.stdin.flush()
        reply: dict[str, Any] = json.loads(self.process.stdout.readline())
        return reply


@contextmanager
def sidecar(module: str) -> Iterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-u", "-m", f"harness.sidecars.{module}", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        running = Running(process, Client("127.0.0.1", port))
        try:
            running.ask("stats")
            yield running
        finally:
            process.kill()
