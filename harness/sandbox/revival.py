"""A service that ended, or went silent, gets one fresh start before the next stage asks anything of it."""

from __future__ import annotations

import time

from grader.schema.causes import Trouble
from harness.sandbox.container import Candidate

BACK_S = 20.0
"""A service that an earlier stage has overwhelmed may take so long to answer again by itself."""
STOP_S = 2.0
POLL_S = 0.05


def bring_back(candidate: Candidate, health: str, back_s: float = BACK_S) -> str | None:
    """None if it answers on `health`; else why it was started anew. One that runs and does not answer is stopped first: what it has taken on may
    keep it busy for minutes. Raises Trouble(service_gone) when it does not answer after that either.
    """
    state = candidate.state()
    stands = state.running or state.restarting
    if stands and _answers(candidate, health, back_s):
        return None
    if stands:
        candidate.stop(STOP_S)
    candidate.start()
    if not _answers(candidate, health, back_s):
        raise Trouble("service_gone", f"no answer on {health} for {back_s:g} s after a fresh start: {candidate.state().sentence}")
    return f"no answer on {health} for {back_s:g} s" if stands else state.sentence


def _answers(candidate: Candidate, health: str, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while candidate.client.get(health).status is None:
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True
