"""The service's log: one JSON object per line on standard error."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
from datetime import UTC, datetime

SECRETS = re.compile(r"(/c/|/reset/key/|grd_|whsec_)[\w-]+")
"""What opens something to whoever holds it: links, tokens. A log is read by more people than may use them."""


class JsonLines(logging.Formatter):
    """Time, level, where, what, and whatever the caller gave as `extra={"facts": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "t": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "where": record.name,
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return SECRETS.sub(r"\1[hidden]", json.dumps(line, default=str))


class ToStderr(logging.Handler):
    """Writes to what standard error is at that moment; whoever replaces it for a while gets the lines."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            print(self.format(record), file=sys.stderr, flush=True)
