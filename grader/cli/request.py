"""From options to a collection request."""

from __future__ import annotations

from pathlib import Path

import challenges.loader
from grader.cli.options import settings
from grader.schema.causes import UsageError
from harness.collect import Request


def request(
    submission: str, slug: str, mode: str | None, attempt: int, allow_hosts: list[str] | None, ca_file: Path | None, prices: Path | None = None
) -> Request:
    """Everything a collection needs, checked before anything is started. UsageError for an unknown challenge or mode, or a bad price table."""
    given = settings()
    challenge = challenges.loader.load(slug, given.challenges_root, prices or given.prices)
    chosen = mode or given.mode
    if chosen not in challenge.spec.modes:
        raise UsageError(f"challenge {slug} has no mode {chosen!r}: choose one of {', '.join(challenge.spec.modes)}")
    return Request(
        origin=submission,
        challenge=challenge,
        mode=chosen,
        attempt=attempt,
        allow_hosts=tuple(allow_hosts or _listed(given.allow_hosts)),
        ca_file=ca_file or given.ca_file,
    )


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
