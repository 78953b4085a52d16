"""The recorded figures of a challenge, `challenges/<slug>/validated/`: what the page of trust is made from. Nothing here is measured anew."""

from __future__ import annotations

import tomllib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from grader.repeat.record import Repeatability
from grader.schema.base import Model
from grader.schema.causes import UsageError
from grader.schema.validation import Validation

FOLDER = "validated"
VALIDATION, REPEATS, BLAME, BLIND = "validation.json", "repeats.json", "false-blame.xml", "blind-spots.toml"


class BlindSpot(Model):
    """Something that a score cannot see, or sees wrongly, and what came of knowing it."""

    what: str
    why: str


class BlindSpots(Model):
    spots: list[BlindSpot]


@dataclass(frozen=True)
class Trial:
    """One experiment of the false-blame campaign: trouble of ours or the host's, and whether it lowered anything."""

    name: str
    outcome: str


@dataclass(frozen=True)
class Figures:
    """Everything recorded; what was not recorded yet is None or empty, and the page says so."""

    validation: Validation
    repeats: Repeatability | None
    blame: list[Trial]
    blind: list[BlindSpot]


def read(challenge: Path) -> Figures:
    """The figures of a challenge folder. UsageError names the file that is missing or of another version, and the command that makes it."""
    folder = challenge / FOLDER
    validation = folder / VALIDATION
    if not validation.is_file():
        raise UsageError(f"no {FOLDER}/{VALIDATION}: run `grader challenge validate {challenge.name} -o {folder}` first")
    try:
        repeats = folder / REPEATS
        return Figures(
            validation=Validation.model_validate_json(validation.read_bytes()),
            repeats=Repeatability.model_validate_json(repeats.read_bytes()) if repeats.is_file() else None,
            blame=trials(folder / BLAME) if (folder / BLAME).is_file() else [],
            blind=BlindSpots.model_validate(tomllib.loads((folder / BLIND).read_text("utf-8"))).spots if (folder / BLIND).is_file() else [],
        )
    except (ValidationError, ElementTree.ParseError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{FOLDER}: a file is of another version or damaged: {' '.join(str(error).split())[:200]}") from error


def trials(path: Path) -> list[Trial]:
    """The campaign's experiments from pytest's JUnit file (`pytest -m false_blame --junit-xml=FILE`), in its order."""
    cases = ElementTree.parse(path).getroot().iter("testcase")
    return [Trial(_sentence(case.get("name", "")), _outcome(case)) for case in cases]


def _sentence(name: str) -> str:
    words, _, parameters = name.removeprefix("test_").partition("[")
    return words.replace("_", " ") + (f" ({parameters.removesuffix(']')})" if parameters else "")


def _outcome(case: ElementTree.Element) -> str:
    """Of one experiment: held, blamed (an assertion of the test did not hold), or not done."""
    if case.find("skipped") is not None:
        return "not done"
    return "blamed" if case.find("failure") is not None or case.find("error") is not None else "held"
