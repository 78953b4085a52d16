"""JSON lines on stdout, written by a thread: a stuck log reader must not become a stuck service."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName", "asctime"}


class JsonFormatter(logging.Formatter):
    """One JSON object per record; `extra` fields become keys. Callers never pass personal data."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
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


def start() -> QueueListener:
    """Set up the root logger; the caller stops the returned listener at exit."""
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    stream = logging.StreamHandler(sys.stdout)
    stream.setFormatter(JsonFormatter())
    logging.root.handlers = [AsIs(queue)]
    logging.root.setLevel(logging.INFO)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # quotes bytes of malformed requests; our own errors are logged by us
    listener = QueueListener(queue, stream)
    listener.start()
    return listener
