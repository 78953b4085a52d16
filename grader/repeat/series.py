"""A series on disk: `DIR/repeats/007-quiet/` and `DIR/repeats/008-noisy/` are output folders of gradings, DIR/repeats.json is the table over all.

Repeats are judged from their bundles whenever the table is made, so that a series begun under an older rubric stays one series.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import grader.rubric
from grader.repeat.reading import Repeat, read
from grader.repeat.record import Repeatability
from grader.run import score as scoring
from grader.run.layout import BUNDLE, bundle_folder, write
from grader.schema.causes import UsageError
from grader.schema.challenge import Challenge
from grader.schema.evidence import Manifest
from harness import bundle as bundles

REPEATS, TABLE = "repeats", "repeats.json"
NAME = re.compile(r"(\d{3,})-(quiet|noisy)")


def place(series: Path, number: int, *, noisy: bool) -> Path:
    """The output folder of one repeat."""
    return series / REPEATS / f"{number:03d}-{'noisy' if noisy else 'quiet'}"


def present(series: Path) -> dict[int, Path]:
    """Repeats that have their whole bundle, by number. One that was cut short has none and is done again."""
    found = {int(match[1]): path for path in (series / REPEATS).glob("*") if (match := NAME.fullmatch(path.name))}
    return {number: path for number, path in sorted(found.items()) if (path / BUNDLE / bundles.MANIFEST).is_file()}


@dataclass(frozen=True)
class Grading:
    """What makes two gradings repeats of one another: the question and who answers it. Attempts may differ: they draw other streams."""

    manifest: Manifest
    question: Question

    def unlike(self, other: Grading) -> str:
        """Empty where the other is a repeat of this one; else what it is instead, in words."""
        if different := self.question.unlike(other.question):
            return different
        same = self.manifest.submission.tree == other.manifest.submission.tree
        return "" if same else "another submission, or another state of it"


@dataclass(frozen=True)
class Question:
    """Challenge, its digest, mode, and what that mode exercises: the mode of picked stages has one name whatever was picked."""

    challenge: str
    digest: str
    mode: str
    stimuli: frozenset[str]

    @classmethod
    def of(cls, challenge: Challenge, mode: str) -> Question:
        return cls(challenge.slug, challenge.digest, mode, challenge.modes[mode].stimuli)

    def unlike(self, other: Question) -> str:
        """As in Grading."""
        if (self.challenge, self.mode) != (other.challenge, other.mode):
            return f"{other.challenge} in {other.mode} mode instead of {self.challenge} in {self.mode} mode"
        if self.stimuli != other.stimuli:
            return f"other stages of {self.challenge}"
        return "" if self.digest == other.digest else f"another version of {self.challenge}"


def grading(out: Path) -> Grading | None:
    """What an output folder is a grading of; None where it holds no bundle that says so."""
    bundle = bundles.read(bundle_folder(out))
    if bundle.manifest is None or bundle.challenge is None or bundle.manifest.mode not in bundle.challenge.modes:
        return None
    return Grading(bundle.manifest, Question.of(bundle.challenge, bundle.manifest.mode))


def anchor(series: Path) -> Grading | None:
    """What is repeated: the grading in DIR, else the first repeat. None in a new folder."""
    return next((found for out in (series, *present(series).values()) if (found := grading(out))), None)


def table(series: Path) -> Repeatability:
    """Judge all repeats, write DIR/repeats.json and return it. UsageError where there is no repeat, or one of something else."""
    rubric, first = grader.rubric.load(), anchor(series)
    repeats = []
    for number, out in present(series).items():
        found = grading(out)
        if first is None or found is None:
            raise UsageError(f"{out} holds a damaged bundle: remove it, and it is done again")
        if different := first.unlike(found):
            raise UsageError(f"{out} is a grading of {different}: a series has repeats of one grading only")
        published = scoring.judged(out, rubric)
        lifted = scoring.judged(out, rubric.lifted) if published.quarantined else published
        repeats.append(Repeat(number, out.name.endswith("noisy"), found.manifest.attempt, published, lifted))
    if not repeats:
        raise UsageError(f"{series} holds no repeats yet")
    whole = read(repeats)
    write(series / TABLE, whole.model_dump_json(indent=1) + "\n")
    return whole
