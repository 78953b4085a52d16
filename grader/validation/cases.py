"""Everything of a challenge that a validation runs, as data: which submission, how much is exercised, and the bar it must meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from challenges.loader import LoadedChallenge
from challenges.mutants import ORACLE, Mutant, mutants
from grader.schema.causes import UsageError
from grader.schema.result import Score
from grader.schema.validation import Kind

ALTERNATE, NULL = "alternate-", "null-"
ORACLE_BAR, ALTERNATE_BAR, NULL_BAR = 9_000, 8_500, 500
"""Basis points: the oracle's and the alternates' low at least, the nulls' high at most (validation bars of the design)."""


@dataclass(frozen=True)
class Bar:
    says: str
    met: Callable[[Score], bool] = field(compare=False)


BARS: dict[Kind, Bar] = {
    "oracle": Bar("low >= 90", lambda score: score.low >= ORACLE_BAR),
    "alternate": Bar("low >= 85", lambda score: score.low >= ALTERNATE_BAR),
    "null": Bar("high <= 5", lambda score: score.high <= NULL_BAR),
}
MODES: dict[Kind, tuple[str, ...]] = {"oracle": ("full", "quick"), "alternate": ("quick",), "null": ("quick",)}
"""What each kind runs in, cheapest that still says it: alternates run in the widest mode with `--full`.

The oracle's first mode is what mutants are held against.
"""


@dataclass(frozen=True)
class Case:
    """One run. `stages` is None where the whole mode is run; `mutant` is None for submissions that stand in a folder of their own."""

    id: str
    kind: Kind
    submission: Path
    mode: str
    stages: tuple[str, ...] | None = None
    mutant: Mutant | None = None

    @property
    def key(self) -> str:
        return f"{self.id}.{self.mode}" if self.stages is None else self.id


def cases(challenge: LoadedChallenge, *, full: bool = False) -> list[Case]:
    """Every case, the oracle first. `full` runs everything in the widest mode. UsageError for a challenge without an oracle, or a broken mutant."""
    submissions = challenge.folder / "submissions"
    oracle = submissions / ORACLE
    if not oracle.is_dir():
        raise UsageError(f"challenge {challenge.spec.slug} has no submissions/{ORACLE}: there is nothing to plant defects in")
    widest = tuple(challenge.spec.modes)[-1]
    return [
        *_references("oracle", [oracle], challenge, widest, full=full),
        *_references("alternate", sorted(submissions.glob(f"{ALTERNATE}*")), challenge, widest, full=full),
        *_references("null", sorted(submissions.glob(f"{NULL}*")), challenge, widest, full=full),
        *(_mutant(mutant, oracle, challenge, widest, full=full) for mutant in mutants(challenge.folder)),
    ]


def _references(kind: Kind, folders: Sequence[Path], challenge: LoadedChallenge, widest: str, *, full: bool) -> Iterator[Case]:
    wanted = [mode for mode in MODES[kind] if mode in challenge.spec.modes] or [widest]
    for folder in folders:
        for mode in dict.fromkeys([widest] if full and kind != "oracle" else wanted):
            yield Case(folder.name, kind, folder, mode)


def _mutant(mutant: Mutant, oracle: Path, challenge: LoadedChallenge, widest: str, *, full: bool) -> Case:
    cheapest = next(iter(challenge.spec.modes))
    return Case(mutant.id, "mutant", oracle, widest if full else cheapest, None if full else tuple(mutant.expect.stages), mutant)


def chosen(all_cases: Sequence[Case], only: Sequence[str]) -> list[Case]:
    """The cases of these ids, and the oracle that mutants are held against. UsageError for an id that none has."""
    known = {case.id for case in all_cases}
    for id in only:
        if id not in known:
            raise UsageError(f"no case {id!r}: it is neither a submission nor a mutant of this challenge")
    if not only:
        return list(all_cases)
    reference = all_cases[0]
    return [case for case in all_cases if case.id in only or case is reference]
