"""The README's table of modes counts what the challenge exercises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import challenges.loader

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SPEC = challenges.loader.load("fraud-scoring").spec
NUMBERS = {"one": 1, "two": 2, "three": 3, "five": 5, "ten": 10, "thirty": 30}
RESTART = "restart_with_data"
"""Told apart in the table: it is no fault of the running service."""


@pytest.mark.parametrize("name", sorted(SPEC.modes))
def test_a_row_counts_drift_kinds_curves_and_faults(name: str) -> None:
    mode = SPEC.modes[name]
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
    told = {noun.rstrip("s"): NUMBERS[number] for number, noun in re.findall(r"(\w+) (drift kinds?|faults?)\b", row)}
    assert told == {"drift kind": len(mode.drift), "fault": len(set(mode.faults) - {RESTART})}
    curves = re.search(r"(\w+) of them as power curves", row)
    full = {kind.kind for kind in mode.drift if len(kind.severities) > 2}
    assert (NUMBERS[curves.group(1)] if curves else 0) == len(full)
    assert ("restart on the same" in row) == (RESTART in mode.faults)
    assert ("late labels" in row) == (mode.feedback is not None)


def test_the_cap_is_told_with_its_condition() -> None:
    sentence = next(s for s in re.split(r"(?<=\.)\s", README) if "one root cause costs at most" in s)
    assert f"at most {SPEC.scoring.cause_cap_points:g} points" in sentence and "no gate fails" in sentence
