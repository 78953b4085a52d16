"""What a grading tells while it runs. The command line draws it, the service stores it; collection only calls it."""

from __future__ import annotations

from typing import Protocol

from grader.schema.causes import Failure


class Progress(Protocol):
    """Receives events from the thread that collects (and, for overlapping stages, from their threads)."""

    def started(self, stage: str) -> None:
        """A stage begins."""

    def note(self, stage: str, text: str) -> None:
        """One line about what a stage is doing now."""

    def finished(self, stage: str, seconds: float, failure: Failure | None) -> None:
        """A stage ended; `failure` is None when it left its evidence."""


class Silent:
    """Progress for callers that do not watch."""

    def started(self, stage: str) -> None:
        """Nothing is shown."""

    def note(self, stage: str, text: str) -> None:
        """Nothing is shown."""

    def finished(self, stage: str, seconds: float, failure: Failure | None) -> None:
        """Nothing is shown."""
