"""What our own parts complain about during a run (a container that would not go): kept for the bundle, off the terminal."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self

MOST_LINES = 500


class Journal(logging.Handler):
    """Context manager: while it is open, warnings of the package `harness` are kept as lines."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < MOST_LINES:
            self.lines.append(self.format(record))

    def __enter__(self) -> Self:
        logging.getLogger("harness").addHandler(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        logging.getLogger("harness").removeHandler(self)
