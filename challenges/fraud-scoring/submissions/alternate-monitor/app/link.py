"""The line to the monitor process, and the care for that process.

Records go to its stdin as JSON lines in batches; each batch ends with a tick, and the monitor answers every tick with a report on its stdout.
Nothing here makes an answer wait: a monitor that does not read costs records, which are counted. When it dies, or does not report for
`patience` seconds, another is started and given the latest records again, so that its window does not begin empty.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from app.metrics import Metrics

LOG = logging.getLogger("app.link")
BATCH_EVERY = 0.1
IDLE_TICKS = 10  # turns between two ticks when there is nothing to send
LARGEST_BACKLOG = 4 * 1024 * 1024  # bytes that the monitor has not read yet
LONGEST_QUEUE = 20_000  # labels that wait for a monitor
REPLAYED = 3_000  # predictions: ten seconds at 300/s, so that labels on their way find their predictions
LONGEST_REPORT = 1024 * 1024
LONGEST_PAUSE = 5.0  # before a restart


class MonitorLink:
    """`run` until cancelled. `on_promotion` is called in the loop with a report's `promoted` digest."""

    def __init__(self, metrics: Metrics, window: int, patience: float, on_promotion: Callable[[str], None]) -> None:
        self.metrics, self.window, self.patience, self.on_promotion = metrics, window, patience, on_promotion
        self.model: tuple[Path, str] | None = None  # file and digest of the model that serves; the monitor waits for it
        self.latest: deque[bytes] = deque(maxlen=max(REPLAYED, window))
        self.predictions: deque[bytes] = deque(maxlen=self.latest.maxlen)
        self.labels: deque[bytes] = deque(maxlen=LONGEST_QUEUE)
        self.process: Process | None = None
        self._silent = 0.0

    def send(self, record: dict[str, Any]) -> None:
        """Queue one record: `{"kind": "prediction" or "label", ...}`, see `monitor.watch`."""
        line = orjson.dumps(record)
        if record["kind"] == "label":
            self.labels.append(line)
        else:
            self.predictions.append(line)
            self.latest.append(line)

    async def run(self) -> None:
        pause = 0.1
        while True:
            while self.model is None:
                await asyncio.sleep(BATCH_EVERY)
            started = asyncio.get_running_loop().time()
            try:
                await self._accompany(*self.model)
            except OSError as error:  # no process to be had just now
                LOG.error("monitor cannot be started", extra={"error": str(error)})
            self.metrics.monitor_up.set(0)
            lived = asyncio.get_running_loop().time() - started
            pause = 0.1 if lived > 30 else min(LONGEST_PAUSE, 2 * pause)
            await asyncio.sleep(pause)

    async def _accompany(self, path: Path, digest: str) -> None:
        """One life of a monitor process."""
        self.process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor", str(path), str(self.window), stdin=PIPE, stdout=PIPE, limit=LONGEST_REPORT
        )
        self.metrics.monitor_starts.inc()
        LOG.info("monitor started", extra={"monitor_pid": process.pid, "model_digest": digest})
        self.predictions = deque(self.latest, self.latest.maxlen)  # labels are not told twice: they count
        self._silent = 0.0
        tasks = [asyncio.create_task(self._feed(process)), asyncio.create_task(self._listen(process))]
        try:
            await process.wait()
            LOG.error("monitor died", extra={"returncode": process.returncode})
        finally:
            for task in tasks:
                task.cancel()
            if process.returncode is None:
                await self._dismiss(process)

    async def _feed(self, process: Process) -> None:
        assert process.stdin is not None
        turn = 0
        while True:
            await asyncio.sleep(BATCH_EVERY)
            turn += 1
            # turns, not clock time: after a freeze of the whole container the monitor has as little to answer for as we have
            self._silent += BATCH_EVERY
            if self._silent > self.patience:
                LOG.error("monitor does not answer", extra={"seconds": round(self._silent, 1)})
                self.metrics.monitor_up.set(0)
                process.kill()
                return
            if self.predictions or self.labels or turn % IDLE_TICKS == 0:
                self._write(process.stdin)

    def _write(self, stdin: asyncio.StreamWriter) -> None:
        lines = [*self.predictions, *self.labels]
        self.predictions.clear()
        self.labels.clear()
        if stdin.transport.get_write_buffer_size() > LARGEST_BACKLOG:
            self.metrics.monitor_lost.inc(len(lines))
            return
        digest = self.model[1] if self.model else ""
        lines.append(orjson.dumps({"kind": "tick", "serving": digest}))
        with suppress(ConnectionError):  # it just died: `process.wait` tells
            stdin.write(b"\n".join(lines) + b"\n")

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            report = orjson.loads(line)
            self._silent = 0.0
            self.metrics.monitor_up.set(1)
            self.metrics.take_report(report)
            if report["promoted"]:
                self.on_promotion(report["promoted"])

    async def _dismiss(self, process: Process) -> None:
        """At our own end: hand over what is queued and let it finish."""
        assert process.stdin is not None
        self._write(process.stdin)
        process.stdin.close()
        try:
            async with asyncio.timeout(2.0):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
