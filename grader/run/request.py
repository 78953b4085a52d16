"""From options to a collection request."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import challenges.loader
from challenges.narrow import PART, narrow
from grader.run.settings import settings
from grader.schema.causes import UsageError
from harness.collect import Request
from harness.source.login import Logins


def request(
    submission: str, slug: str, mode: str | None, attempt: int, allow_hosts: list[str] | None, ca_file: Path | None, prices: Path | None = None,
    stages: str | None = None,
) -> Request:  # fmt: skip
    """Everything a collection needs, checked before anything is started. UsageError for an unknown challenge, mode or stage, or a bad price table."""
    given = settings()
    challenge = challenges.loader.load(slug, given.challenges_root, prices or given.prices)
    chosen = mode or given.mode
    if chosen not in challenge.spec.modes:
        raise UsageError(f"challenge {slug} has no mode {chosen!r}: choose one of {', '.join(challenge.spec.modes)}")
    if stages is not None:
        challenge, chosen = replace(challenge, spec=narrow(challenge.spec, chosen, _listed(stages))), PART
    return Request(
        origin=submission,
        challenge=challenge,
        mode=chosen,
        attempt=attempt,
        allow_hosts=tuple(allow_hosts or _listed(given.allow_hosts)),
        ca_file=ca_file or given.ca_file,
        logins=Logins.take(os.environ),
    )


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
