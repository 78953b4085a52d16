"""The service's log: one JSON object per line on standard error."""

from __future__ import annotations

import contextlib
import logging
import re
import sys

from grader.jobs import logs

SECRETS = re.compile(r"(/c/|/reset/key/|grd_|whsec_)[\w-]+")
"""What opens something to whoever holds it: links, tokens. A log is read by more people than may use them."""


class JsonLines(logs.JsonLines):
    """The queue's lines, without what opens something."""

    def format(self, record: logging.LogRecord) -> str:
        return SECRETS.sub(r"\1[hidden]", super().format(record))


class ToStderr(logging.Handler):
    """Writes to what standard error is at that moment; whoever replaces it for a while gets the lines."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            print(self.format(record), file=sys.stderr, flush=True)
