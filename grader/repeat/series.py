"""A series on disk: `DIR/repeats/007-quiet/` and `DIR/repeats/008-noisy/` are output folders of gradings, DIR/repeats.json is the table over all.

Repeats are judged from their bundles whenever the table is made, so that a series begun under an older rubric stays one series.
"""

from __future__ import annotations

import re
from pathlib import Path

import grader.rubric
from grader.repeat.reading import Repeat, read
from grader.repeat.record import Repeatability
from grader.run import score as scoring
from grader.run.layout import BUNDLE, bundle_folder, write
from grader.schema.causes import UsageError
from grader.schema.evidence import Manifest
from grader.schema.result import Result
from grader.schema.rubric import Rubric
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


def anchor(series: Path) -> Manifest | None:
    """The manifest that says what is repeated: of the grading in DIR, else of the first repeat. None in a new folder."""
    for out in (series, *present(series).values()):
        manifest = bundles.read(bundle_folder(out)).manifest if bundle_folder(out).is_dir() else None
        if manifest is not None:
            return manifest
    return None


def alike(one: Manifest, other: Manifest) -> str:
    """Empty where both are gradings of the same thing; else what differs, in words. Attempts may differ: they draw other streams."""
    if (one.challenge, one.mode) != (other.challenge, other.mode):
        return f"{other.challenge} in {other.mode} mode instead of {one.challenge} in {one.mode} mode"
    if one.challenge_digest != other.challenge_digest:
        return f"another version of {one.challenge}"
    return "" if one.submission.tree == other.submission.tree else "another submission, or another state of it"


def table(series: Path) -> Repeatability:
    """Judge all repeats, write DIR/repeats.json and return it. UsageError where there is no repeat, or one of something else."""
    rubric = grader.rubric.load()
    lifted = rubric.model_copy(update={"quarantine": {}})
    first = anchor(series)
    repeats = []
    for number, out in present(series).items():
        manifest = bundles.read(out / BUNDLE).manifest
        if first is None or manifest is None:
            raise UsageError(f"{out} holds a damaged bundle: remove it, and it is done again")
        if different := alike(first, manifest):
            raise UsageError(f"{out} is a grading of {different}: a series has repeats of one grading only")
        published = scoring.judged(out, rubric)
        repeats.append(Repeat(number, out.name.endswith("noisy"), manifest.attempt, published, _without_quarantine(out, published, lifted)))
    if not repeats:
        raise UsageError(f"{series} holds no repeats yet")
    found = read(repeats)
    write(series / TABLE, found.model_dump_json(indent=1) + "\n")
    return found


def _without_quarantine(out: Path, published: Result, lifted: Rubric) -> Result:
    return scoring.judged(out, lifted) if published.quarantined else published
