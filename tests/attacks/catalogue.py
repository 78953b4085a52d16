"""The catalogue as data: every attack with what must come of it, and the test that shows it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("catalogue.toml")
ROOT = FILE.parents[2]

OUTCOMES = {
    "refused": "not started: one line, exit code 2",
    "rejected": "the submission is not graded: a failed gate with the reason, exit code 1",
    "contained": "graded; the trick has no effect",
    "counted": "graded; the answer counts as a wrong one",
    "found": "graded; a check loses credit for it",
}
STATES = {"shown": "yes", "part": "in part", "missing": "no"}


@dataclass(frozen=True)
class Promise:
    """One sentence per boundary and matter, and the code that keeps it."""

    id: str
    says: str
    code: list[str]

    @property
    def boundary(self) -> str:
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Attack:
    """`message` is a regular expression for what is said; `engine`: its test needs a container engine; `state`: how much of it tests show."""

    number: int
    name: str
    promise: str
    outcome: str
    message: str
    tests: list[str]
    engine: bool = False
    state: str = "shown"
    note: str = ""

    @property
    def boundary(self) -> str:
        return self.promise.partition(".")[0]


@dataclass(frozen=True)
class Catalogue:
    promises: dict[str, Promise]
    attacks: dict[int, Attack]


def load(file: Path = FILE) -> Catalogue:
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    promises = {id: Promise(id, **entry) for id, entry in data["promise"].items()}
    return Catalogue(promises, {int(number): Attack(int(number), **entry) for number, entry in data["attack"].items()})
