"""A golden verdict: what a result says of a bundle, without words and numbers that change with every sentence. One line per fact, sorted.

    mode quick
    status scored
    low 3160
    high 3160
    gate predicts pass
    check monitoring/drift_covariate silent 0
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.schema.causes import UsageError
from grader.schema.result import Result

HEAD = "# Written by `grader challenge golden {slug} --write`; never by hand."


@dataclass(frozen=True)
class Rung:
    """What one check says: the level, or the outcome where no level can be named; `credit` in basis points, None where nothing was measured."""

    level: str
    credit: int | None


@dataclass(frozen=True)
class Verdict:
    """`low` and `high` are basis points of the whole score; `gates` id -> outcome; `checks` "area/id" -> what it says."""

    mode: str
    status: str
    low: int
    high: int
    gates: dict[str, str]
    checks: dict[str, Rung]


def verdict(result: Result) -> Verdict:
    """The golden part of a result."""
    return Verdict(
        mode=result.mode,
        status=result.status,
        low=result.score.low,
        high=result.score.high,
        gates={gate.id: gate.outcome for gate in result.gates},
        checks={f"{c.area}/{c.id}": Rung(c.level or c.outcome.value, c.credit_low if c.level else None) for c in result.checks},
    )


def dump(said: Verdict, slug: str) -> str:
    """As text."""
    return "\n".join([HEAD.format(slug=slug), *_lines(said), ""])


def _lines(said: Verdict) -> Iterator[str]:
    yield from (f"mode {said.mode}", f"status {said.status}", f"low {said.low}", f"high {said.high}")
    yield from (f"gate {id} {outcome}" for id, outcome in sorted(said.gates.items()))
    yield from (f"check {id} {rung.level} {'-' if rung.credit is None else rung.credit}" for id, rung in sorted(said.checks.items()))


def parse(text: str) -> Verdict:
    """Back from text. UsageError names the first line that cannot be read."""
    facts: dict[str, str] = {}
    gates: dict[str, str] = {}
    checks: dict[str, Rung] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match line.split("#")[0].split():
            case []:
                pass
            case ["gate", id, outcome]:
                gates[id] = outcome
            case ["check", id, level, credit]:
                checks[id] = Rung(level, None if credit == "-" else int(credit))
            case [("mode" | "status" | "low" | "high") as name, value]:
                facts[name] = value
            case _:
                raise UsageError(f"line {number} of a golden verdict cannot be read: {line!r}; write it anew")
    missing = {"mode", "status", "low", "high"} - facts.keys()
    if missing:
        raise UsageError(f"a golden verdict lacks {', '.join(sorted(missing))}; write it anew")
    return Verdict(facts["mode"], facts["status"], int(facts["low"]), int(facts["high"]), gates, checks)
