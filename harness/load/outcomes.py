"""What can become of one request. The numbers travel in trace files; the engine and its readers share this one table.

No import beyond the standard library: the engine's child process loads this module and must stay small.
"""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """How one scheduled request ended, as our own client saw it."""

    OK = 0  # 200, valid by the contract
    DEGRADED = 1  # 200, valid, and flagged degraded
    SHED = 2  # 429 or 503, at once
    REJECTED = 3  # any other 4xx
    ERROR = 4  # 5xx, 3xx (never followed), or no HTTP at all
    CONTRACT = 5  # 2xx whose body breaks the contract
    TIMEOUT = 6  # no complete answer within the total deadline
    RESET = 7  # connection reset before the answer was complete
    REFUSED = 8  # connection refused
    EOF = 9  # connection closed before the answer was complete
    UNREACHABLE = 10  # no route to the service
    DROPPED = 11  # never sent: our own limit was reached
    CANCELLED = 12  # the run was stopped while it was in flight or before its time; readers never see it
    SHED_LATE = 13  # 429 or 503, but later than PROMPT_S: sorted out where a trace is read

    @property
    def label(self) -> str:
        return self.name.lower()


PROMPT_S = 1.0
"""A refusal frees its caller to do something else. One that comes after half of the caller's patience (2 s) is a failure with another number."""

VALID = (Outcome.OK, Outcome.DEGRADED)
"""Outcomes that carry a usable prediction."""

ANSWERED = (Outcome.OK, Outcome.DEGRADED, Outcome.SHED, Outcome.SHED_LATE, Outcome.REJECTED, Outcome.ERROR, Outcome.CONTRACT)
"""Outcomes in which the service said something in time. ERROR includes an answer that was no HTTP (status 0)."""
