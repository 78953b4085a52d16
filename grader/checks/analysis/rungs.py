"""Picking a ladder's rung by number."""

from __future__ import annotations


def up_to(value: float, *rungs: tuple[float, str], beyond: str) -> str:
    """The first rung whose bar is not exceeded; bars ascend. Less is better."""
    return next((level for bar, level in rungs if value <= bar), beyond)


def at_least(value: float, *rungs: tuple[float, str], below: str) -> str:
    """The first rung whose bar is reached; bars descend. More is better."""
    return next((level for bar, level in rungs if value >= bar), below)
