"""Small steps that the tests of this folder share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from harness.sandbox.container import Candidate


def until(condition: Callable[[], object], timeout_s: float = 10.0) -> float:
    """Wait for a condition; returns the seconds it took."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < timeout_s, "the condition never held"
        time.sleep(0.01)
    return time.monotonic() - begin


def run_inside(candidate: Candidate, *argv: str) -> dict[str, Any]:
    """Run a command as the candidate would; {"code", "out", "err"}."""
    reply = candidate.client.post_json("/run", {"argv": argv}, deadline_s=20).json()
    assert isinstance(reply, dict), "the command got no answer"
    return reply


def fetch_inside(candidate: Candidate, url: str, **options: object) -> dict[str, Any]:
    reply = candidate.client.post_json("/fetch", {"url": url, **options}, deadline_s=10).json()
    assert isinstance(reply, dict), "the fetch got no answer"
    return reply
