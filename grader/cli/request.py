"""From options to a collection request."""

from __future__ import annotations

from pathlib import Path

import challenges.loader
from grader.cli.options import Settings
from grader.schema.causes import UsageError
from harness.collect import Request


def request(submission: str, slug: str, mode: str | None, attempt: int, allow_hosts: list[str] | None, ca_file: Path | None) -> Request:
    """Everything a collection needs, checked before anything is started. UsageError for an unknown challenge or mode."""
    settings = Settings()
    challenge = challenges.loader.load(slug)
    chosen = mode or settings.mode
    if chosen not in challenge.spec.modes:
        raise UsageError(f"challenge {slug} has no mode {chosen!r}: choose one of {', '.join(challenge.spec.modes)}")
    return Request(
        origin=submission,
        challenge=challenge,
        mode=chosen,
        attempt=attempt,
        allow_hosts=tuple(allow_hosts or settings.allow_hosts),
        ca_file=ca_file or settings.ca_file,
    )
