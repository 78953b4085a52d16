"""The port that a run's containers are told to listen on: drawn anew for each submission, so that one which is written down anywhere shows."""

from __future__ import annotations

from harness.seeds import Seeds

PORTS = range(18000, 19000)
"""No program's usual port, open to any user, and below those that the kernel gives to outgoing connections (from 32768 on)."""


def draw(seeds: Seeds) -> int:
    """The same for the same operator's key, commit and attempt."""
    return PORTS[seeds.derive("port") % len(PORTS)]
