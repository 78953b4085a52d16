"""Mutants: defects planted in a challenge's oracle, each with the checks that must notice. `challenges/<slug>/mutants/<id>/expect.toml`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from challenges import tomlfile
from grader.schema.base import Model
from grader.schema.causes import UsageError

ORACLE = "oracle"
EXPECT, PATCH = "expect.toml", "change.patch"
NOT_COPIED = ("__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache")


class Expectation(Model):
    """What a mutant is and what must notice it."""

    title: str = Field(description="the defect, one plain sentence")
    area: str
    stages: list[str] = Field(default_factory=list, description="stimuli beside boot and contract, in the words of a check's `needs`")
    flips: list[str] = Field(min_length=1, description="checks, each of which must lose credit against the oracle")
    also: dict[str, str] = Field(default_factory=dict, description="checks that may lose credit too -> why the same defect causes it")
    remove: list[str] = Field(default_factory=list, description="files or folders that the patch need not spell out")
    gate: str | None = Field(default=None, description="gate that it trips: then every check of behaviour may fall with it")


@dataclass(frozen=True)
class Mutant:
    """`folder` holds expect.toml and, but for mutants that only remove files, change.patch."""

    id: str
    folder: Path
    expect: Expectation


def mutants(challenge: Path) -> list[Mutant]:
    """All mutants of a challenge folder, by id. Raises UsageError naming the file and the key at fault."""
    return [_read(path.parent) for path in sorted((challenge / "mutants").glob(f"*/{EXPECT}"))]


def _read(folder: Path) -> Mutant:
    expect = tomlfile.read(folder / EXPECT, Expectation)
    if not expect.remove and not (folder / PATCH).is_file():
        raise UsageError(f"mutant {folder.name}: neither a {PATCH} nor anything to remove")
    return Mutant(folder.name, folder, expect)


def plant(mutant: Mutant, oracle: Path, dest: Path) -> Path:
    """Write the oracle with this defect to `dest`, which must not exist. Raises UsageError where the patch does not fit the oracle any more."""
    shutil.copytree(oracle, dest, ignore=shutil.ignore_patterns(*NOT_COPIED))
    for complaint in _apply(mutant, dest):
        raise UsageError(f"mutant {mutant.id}: {complaint}")
    return dest


def _apply(mutant: Mutant, dest: Path) -> Iterator[str]:
    for name in mutant.expect.remove:
        path = dest / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
        else:
            yield f"the oracle has no {name} to remove"
    patch = mutant.folder / PATCH
    if patch.is_file():
        outside = {**os.environ, "GIT_CEILING_DIRECTORIES": str(dest.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "apply", "--whitespace=nowarn", str(patch.resolve())]
        applied = subprocess.run(command, cwd=dest, env=outside, capture_output=True, text=True, timeout=30, check=False)
        if applied.returncode:
            yield f"{PATCH} does not fit the oracle: {applied.stderr.strip().splitlines()[0]}"
