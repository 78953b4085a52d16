"""Where the evidence of cases is kept, by what it depends on: a rubric, brief or price that changes means to score again, not to run again.

Nor does the repository scan, which nothing that is measured depends on: whoever reads a case from here scans it anew, in less than a second.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path

import grader.schema
import harness
from challenges.loader import DIGESTED_SHARED, ROOT, LoadedChallenge, files_under
from challenges.narrow import PART, narrow
from grader.validation.cases import Case
from harness.bundle import MANIFEST

MEASURING = ("contract", "private")
"""Folders of a challenge that measured evidence depends on. Brief, prices, promises and scoring can change without another run."""
SPEC_PARTS = {"reality", "limits", "contract", "drift"}
SCAN = Path("source", "probes")
"""Of the harness, the part that only reads files, and that only the stage "repository" asks (a contract of the imports in pyproject.toml)."""
UNSEEN = ("__pycache__", ".git")
HARNESS, SHAPES = Path(harness.__file__).parent, Path(grader.schema.__file__).parent


@dataclass(frozen=True)
class Place:
    """The output folder of one case: bundle/ and reports."""

    folder: Path

    @property
    def filled(self) -> bool:
        return (self.folder / "bundle" / MANIFEST).is_file()

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def root() -> Path:
    """$XDG_CACHE_HOME/grader/validation, or below ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "grader" / "validation"


def place(case: Case, challenge: LoadedChallenge, base: Path) -> Place:
    """The folder for this case and everything that its evidence depends on."""
    whole = hashlib.sha256()
    for part in _parts(case, challenge):
        whole.update(part.encode() + b"\0")
    return Place(base / challenge.spec.slug / case.key / whole.hexdigest()[:16])


def _parts(case: Case, challenge: LoadedChallenge) -> Iterator[str]:
    spec = challenge.spec
    exercised = spec.modes[case.mode] if case.stages is None else narrow(spec, case.mode, case.stages).modes[PART]
    yield exercised.model_dump_json(exclude={"title", "budget_s"})
    yield spec.model_dump_json(include=SPEC_PARTS)
    yield tree_digest([path for part in MEASURING for path in files_under(challenge.folder / part)], challenge.folder)
    yield tree_digest([ROOT / name for name in DIGESTED_SHARED], ROOT)
    yield measuring_digest()
    yield tree_digest(_files(case.submission), case.submission)
    if case.mutant is not None:
        yield tree_digest([path for path in _files(case.mutant.folder) if path.suffix == ".patch"], case.mutant.folder)
        yield json.dumps(case.mutant.expect.remove)


@once
def measuring_digest() -> str:
    """Of the code that measures and of the shape of what it writes. The scan of files, checks, rubric, scoring and reports are not in it."""
    files = [*_harness(), *(SHAPES / "evidence").rglob("*.py"), SHAPES / "bundle.py", SHAPES / "causes.py"]
    return tree_digest([path for path in files if not _unseen(path) and not path.is_relative_to(HARNESS / SCAN)], HARNESS.parent)


@once
def scanning_digest() -> str:
    """Of the code that reads a submission's files."""
    return tree_digest([path for path in _harness() if not _unseen(path) and path.is_relative_to(HARNESS / SCAN)], HARNESS.parent)


def _harness() -> list[Path]:
    return [path for path in HARNESS.rglob("*") if path.is_file()]


def tree_digest(files: Iterable[Path], base: Path) -> str:
    """sha256 over names (relative to `base`) and contents."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path.relative_to(base)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not _unseen(path.relative_to(folder)))


def _unseen(path: Path) -> bool:
    return any(part in UNSEEN for part in path.parts)
