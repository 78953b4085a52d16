"""JSON lines for both processes: on stdout by the server, on stderr by the monitor, whose stdout is its line to the server."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import Any, TextIO

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """One JSON object per record; `extra` fields become keys. Callers never pass personal data."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {key: value for key, value in vars(record).items() if key not in STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


class AsIs(QueueHandler):
    """The stdlib's version formats the record, exception included, into its message before the JSON formatter sees it."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record


def start(stream: TextIO) -> QueueListener:
    """Set up the root logger, with a thread that writes: a stuck log reader must not become a stuck service. The caller stops it at exit."""
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.root.handlers = [AsIs(queue)]
    logging.root.setLevel(logging.INFO)
    listener = QueueListener(queue, handler)
    listener.start()
    return listener


class Throttle:
    """At most `per_second` of a kind of line; what was left out is told with the next one."""

    def __init__(self, per_second: int) -> None:
        self.per_second, self._second, self._count, self.left_out = per_second, 0, 0, 0

    def admit(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count <= self.per_second:
            return True
        self.left_out += 1
        return False

    def take_left_out(self) -> int:
        count, self.left_out = self.left_out, 0
        return count
