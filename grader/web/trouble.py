"""What can go wrong in the service itself, as two kinds: what was asked cannot be done, or a part of the service is down."""

from __future__ import annotations

from grader.jobs import UnavailableError

__all__ = ["RefusedError", "UnavailableError", "problem"]


class RefusedError(Exception):
    """What was handed in cannot be used. The message is one line for people; `field` names what to correct; `existing` is the
    submission that it would repeat."""

    def __init__(self, message: str, field: str = "", existing: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.existing = existing


def problem(detail: str, field: str = "", existing: int | None = None) -> dict[str, object]:
    """What programs get for every error, in one shape: see `grader.web.api.schemas.Problem`."""
    return {"detail": detail, "field": field, "existing": existing}
