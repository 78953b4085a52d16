"""Who is next: submitters take turns, however many submissions each of them hands in at once.

Start-time fair queueing. Every job gets a turn when it is handed in: one after the last turn of its owner's jobs of the same class that
still wait, but never before the turn that is being served now. Whoever hands in two hundred takes turns n .. n + 199, and somebody who
comes later with one gets turn n as well; so does the same submitter for a job of another class.

HIGH jobs have turns of their own and go before all others. NORMAL and LOW ones share theirs and are served by turn, then class, then age:
one class strictly before the other would let a single busy submitter starve the lower one.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from grader.jobs.model import Priority

SPAN = 100_000_000
"""Turns that fit into the workflow engine's single priority number (1 to 2^31 - 1)."""


def sharing(priority: int) -> tuple[Priority, ...]:
    """The classes that take turns with this one."""
    return (Priority.HIGH,) if priority == Priority.HIGH else (Priority.NORMAL, Priority.LOW)


def next_turn(served: int | None, last_of_owner: int | None) -> int:
    """The turn of a new job. `served` is the highest turn begun so far by the classes that share it, `last_of_owner` the highest of the
    owner's that wait in the same class."""
    return max(served or 0, 0 if last_of_owner is None else last_of_owner + 1)


def rank(priority: int, turn: int) -> int:
    """One number for the workflow engine, in the order of serving."""
    turn = min(turn, SPAN - 1)
    return 1 + turn if priority == Priority.HIGH else SPAN + 2 * turn + (priority - Priority.NORMAL)


def expected_wait_s(position: int, remaining_s: Sequence[float], recent_s: Sequence[float], capacity: int) -> float | None:
    """Seconds until a job at this `position` (from 1) begins; None when nothing is known or nobody works.

    `remaining_s` are what the running jobs probably still take, `recent_s` the durations of the last that ended. The simulation hands the
    next job to whichever place is free first, as the workers do.
    """
    if not recent_s or capacity < 1:
        return None
    usual = fmean(recent_s)
    free = sorted([*remaining_s, *[0.0] * (capacity - len(remaining_s))])[:capacity]
    rounds, place = divmod(position - 1, len(free))
    return round(max(0.0, free[place]) + rounds * usual, 1)
