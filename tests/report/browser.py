"""A real headless Chromium, driven over a pipe with the DevTools protocol: no port, no websocket, no package."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEADLINE_S = 30.0
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """One Chromium process. `events` keeps everything it said without being asked."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, back: int) -> None:
        self._process, self._to, self._from = process, to, back
        self._pending = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + DEADLINE_S
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)

    def wait_for(self, method: str) -> None:
        """Wait until the browser has said this."""
        deadline = time.monotonic() + DEADLINE_S
        while not any(event["method"] == method for event in self.events):
            self.events.append(self._next(deadline))

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            read = os.read(self._from, 1 << 20) if ready else b""
            assert read, f"Chromium said nothing more (exit code {self._process.poll()})"
            self._pending += read
        raw, _, self._pending = self._pending.partition(b"\0")
        return dict(json.loads(raw))


@contextlib.contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """A fresh Chromium; killed at the end."""
    to_child, to = os.pipe()
    back, from_child = os.pipe()
    to_child, from_child = (_out_of_the_way(fd) for fd in (to_child, from_child))

    def place() -> None:
        """Chromium reads commands from descriptor 3 and writes to 4."""
        os.dup2(to_child, 3)
        os.dup2(from_child, 4)

    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"], preexec_fn=place, close_fds=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(to_child)
    os.close(from_child)
    try:
        yield Browser(process, to, back)
    finally:
        process.kill()
        process.wait()
        os.close(to)
        os.close(back)


def _out_of_the_way(fd: int) -> int:
    """The same pipe at a number above 9, so that placing one end never closes the other."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


class Page:
    """One tab that has opened one file, with everything recorded that it asked for or complained about."""

    def __init__(self, owner: Browser, width: int = 1200, height: int = 900, scheme: str = "light") -> None:
        self.browser = owner
        target = owner.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = owner.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Debugger"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        owner.events.clear()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **params)

    def open(self, file: Path) -> None:
        """Open a file from disk and wait until it has loaded."""
        self.call("Page.navigate", url=file.as_uri())
        self.browser.wait_for("Page.loadEventFired")

    def said(self, *methods: str) -> list[dict[str, Any]]:
        """Parameters of what this page reported since it was opened."""
        return [e["params"] for e in self.browser.events if e["method"] in methods and e.get("sessionId") == self.session]

    def ask(self, expression: str) -> Any:
        """Evaluate on the page; the protocol is not bound by the page's CSP."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def picture(self, clip: dict[str, float] | None = None) -> bytes:
        """A PNG of the window, or of a part of the whole page."""
        extra: dict[str, Any] = {"clip": {**clip, "scale": 1}, "captureBeyondViewport": True} if clip else {}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **extra)["data"])
