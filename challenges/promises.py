"""What the brief asks for, and what measures it: `promises.toml` of a challenge, and a lint that finds what does not meet.

A candidate is judged by what was asked, and what is asked is judged or named as not scored. So each promise quotes the brief and names
its checks, or says why nothing scores it. The lint is pure: the brief's text, promises and ids of checks go in, findings come out.

A sentence or table row of the brief holds a demand when it holds one of DEMANDS. Below a heading that matches SCORED every line is a
demand, also a bare noun ("A runbook for the person on call."), and so is every row of a table whose head holds one of them ("must").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from challenges import tomlfile
from grader.schema.base import Model
from grader.schema.challenge import Scoring
from grader.schema.rubric import Rubric

FILE, BRIEF = "promises.toml", "brief.md"
Kind = Literal["heading", "head", "row", "prose"]

DEMANDS = (
    r"must", r"should", r"needs?", r"has to", r"have to", r"limits?",  # duty
    r"never", r"only", r"no", r"none", r"nobody", r"every", r"each",  # without exception
    r"at most", r"at least", r"up to", r"within", r"(?:smaller|larger|less|more|fewer|longer) than", r"or more",  # a bound
    r"[245]xx", r"200", r"202", r"404", r"429", r"503",  # a status
    r"keeps?", r"posts?", r"stays?", r"listens?", r"answers?", r"answered", r"refused?", r"scored?", r"says?", r"names?", r"exits?",
    r"finish", r"resolved?", r"notices?", r"alerts?", r"logged", r"pinned", r"ships?", r"states?", r"stated", r"declares?", r"survives?",
    r"is enough", r"costs?", r"counts",  # what a service that behaves does, and what is paid for it
)  # fmt: skip
_DEMAND = re.compile(rf"(?<![\w/-])(?:{'|'.join(DEMANDS)})(?![\w/-])|<=", re.IGNORECASE)
SCORED = re.compile(r"what is scored", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|(?<=[.!?;]\*\*)\s+")
SHORTEST_QUOTE = 8
"""Letters. What is shorter stands in too many places to say which one is meant."""


class Promise(Model):
    """Words of the brief, and what measures them: checks, or the reason why nothing does."""

    quote: str = Field(min_length=SHORTEST_QUOTE, description="stands verbatim in the brief, but for line breaks; of a table: part of a row, or rows")
    checks: list[str] = Field(default_factory=list, description="ids of the checks that measure it")
    unscored: str = Field(default="", description="why nothing scores it: a limit that the machine enforces, advice, ...")

    @model_validator(mode="after")
    def _measured_or_explained(self) -> Promise:
        if bool(self.checks) == bool(self.unscored):
            raise ValueError("a promise names checks, or says why it is `unscored`: one of the two")
        return self


class Promises(Model):
    """The whole file, in the order of the brief."""

    promises: list[Promise]


@dataclass(frozen=True)
class Findings:
    """What does not meet, each list in the order of its source; `lines` gives all of it in sentences."""

    foreign: list[str] = field(default_factory=list)
    """Quotes that the brief does not hold."""
    unknown: list[str] = field(default_factory=list)
    """Ids of checks that do not exist."""
    unasked: list[str] = field(default_factory=list)
    """Checks that no promise names: a candidate is judged by something never asked."""
    uncovered: list[str] = field(default_factory=list)
    """Sentences and rows of the brief with a demand that no promise covers."""

    @property
    def lines(self) -> list[str]:
        return [
            *(f"the brief does not say: {quote}" for quote in self.foreign),
            *(f"there is no check {id!r}" for id in self.unknown),
            *(f"check {id!r} is scored, but the brief never asks for it" for id in self.unasked),
            *(f"the brief asks for it, but no promise covers it: {text}" for text in self.uncovered),
        ]


def promises(folder: Path) -> list[Promise]:
    """The promises of a challenge folder. Raises UsageError naming file, line and key."""
    return tomlfile.read(folder / FILE, Promises).promises


def scored(rubric: Rubric, scoring: Scoring) -> list[str]:
    """Ids of the checks whose area can give points in this challenge."""
    areas = [*scoring.core, *scoring.modules]
    return [id for area in areas if area in rubric.areas for id in rubric.areas[area].checks]


def lint(brief: str, found: Sequence[Promise], known: Collection[str], asked_for: Collection[str]) -> Findings:
    """Everything that does not meet. `known`: all ids of checks; `asked_for`: those that are scored in this challenge."""
    return Findings(foreign(brief, found), unknown(found, known), unasked(found, asked_for), uncovered(brief, found))


def foreign(brief: str, found: Sequence[Promise]) -> list[str]:
    """Quotes that do not stand in the brief."""
    text = _folded(brief)
    return [promise.quote for promise in found if _folded(promise.quote) not in text]


def unknown(found: Sequence[Promise], known: Collection[str]) -> list[str]:
    """Ids that promises name and that are no check."""
    return [id for id in _named(found) if id not in known]


def unasked(found: Sequence[Promise], asked_for: Collection[str]) -> list[str]:
    """Checks that no promise names."""
    named = set(_named(found))
    return [id for id in asked_for if id not in named]


def uncovered(brief: str, found: Sequence[Promise]) -> list[str]:
    """Sentences and table rows with a demand that no quote touches."""
    text = _folded(brief)
    quoted = [span for promise in found for span in _spans(text, _folded(promise.quote))]
    return [text[start:end] for start, end in _demands(brief) if not any(start < last and first < end for first, last in quoted)]


def _named(found: Sequence[Promise]) -> list[str]:
    """Each id once, in the order of the file."""
    return list(dict.fromkeys(id for promise in found for id in promise.checks))


def _demands(brief: str) -> Iterator[tuple[int, int]]:
    """Where demands stand in the folded text: first and last + 1 of the sentence or row."""
    text, position = _folded(brief), 0
    for unit, by_place in _units(brief):
        start = text.index(unit, position)
        position = start + len(unit)
        if by_place or _DEMAND.search(unit):
            yield start, position


def _units(brief: str) -> Iterator[tuple[str, bool]]:
    """Sentences, parts of them up to a semicolon, and table rows, folded; and whether they stand where everything is a demand."""
    scored_here = asked_here = False
    for kind, text in _blocks(brief):
        if kind == "heading":
            scored_here = bool(SCORED.search(text))
        elif kind == "head":
            asked_here = bool(_DEMAND.search(text))
        elif kind == "row":
            yield text, scored_here or asked_here
        else:
            yield from ((sentence, scored_here) for sentence in _SENTENCE_END.split(text))


def _blocks(brief: str) -> Iterator[tuple[Kind, str]]:
    """Headings, rows of tables, list items and paragraphs, each folded to one line. The line below a table's head is left out."""
    block: list[str] = []
    lines = [line.strip() for line in brief.splitlines()]
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if block and (not line or line.startswith(("#", "|", "- ", "* "))):
            yield "prose", _folded(" ".join(block))
            block = []
        if line.startswith("#"):
            yield "heading", _folded(line)
        elif line.startswith("|"):
            if not _rule(line):
                yield "head" if _rule(after) else "row", _folded(line)
        elif line:
            block.append(line)
    if block:
        yield "prose", _folded(" ".join(block))


def _rule(line: str) -> bool:
    """The line between a table's head and its rows."""
    return line.startswith("|") and not set(line) - set("|-: ")


def _spans(text: str, words: str) -> Iterator[tuple[int, int]]:
    start = text.find(words)
    while start >= 0:
        yield start, start + len(words)
        start = text.find(words, start + 1)


def _folded(text: str) -> str:
    return " ".join(text.split())
