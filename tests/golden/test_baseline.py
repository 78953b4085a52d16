"""Every golden bundle still says what is written down of it. A change of a check or of the rubric that moves one is shown, not hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import challenges.loader
import grader.rubric
from grader.golden.archive import golden, unpacked
from grader.golden.baseline import compared, golden_verdict
from grader.golden.expected import dump, parse, verdict
from grader.run import score as scoring

CHALLENGES = [challenges.loader.ROOT / slug for slug in challenges.loader.available()]
BUNDLES = [(challenge, name) for challenge in CHALLENGES for name in golden(challenge)]
PLACES = re.compile(rb"/(home|Users|work|mnt)/[\w.-]+|/[\w./-]+/challenges/[a-z-]+/")
"""Paths that stand on the machine of whoever recorded, and in no image."""
ALL_KIB = 600
"""What the packed bundles of a challenge may take of the repository."""


def files(challenge: Path, name: str) -> Iterator[Path]:
    with unpacked(golden(challenge)[name]) as out:
        yield from (path for path in sorted(out.rglob("*")) if path.is_file())


def test_the_flagship_has_golden_bundles_of_the_best_and_the_worst() -> None:
    assert {"oracle-quick", "weak", "null-empty", "null-exits", "null-200"} <= set(golden(challenges.loader.ROOT / "fraud-scoring"))


@pytest.mark.parametrize(("challenge", "name"), BUNDLES, ids=[f"{challenge.name}/{name}" for challenge, name in BUNDLES])
def test_no_verdict_moved(challenge: Path, name: str) -> None:
    for difference in compared(challenge, [name]):
        pytest.fail(str(difference), pytrace=False)


@pytest.mark.parametrize(("challenge", "name"), BUNDLES, ids=[f"{challenge.name}/{name}" for challenge, name in BUNDLES])
def test_no_bundle_tells_of_the_machine_it_is_from(challenge: Path, name: str) -> None:
    found = {f"{path.name}: {match.group().decode()}" for path in files(challenge, name) for match in PLACES.finditer(path.read_bytes())}
    assert found == set()


@pytest.mark.parametrize("challenge", CHALLENGES, ids=lambda challenge: challenge.name)
def test_they_are_small(challenge: Path) -> None:
    packed = [path.stat().st_size for path in golden(challenge).values() if path.is_file()]
    assert sum(packed) <= ALL_KIB << 10


@pytest.mark.parametrize(("challenge", "name"), BUNDLES, ids=[f"{challenge.name}/{name}" for challenge, name in BUNDLES])
def test_a_written_verdict_is_read_back_as_it_was(challenge: Path, name: str) -> None:
    with unpacked(golden(challenge)[name]) as out:
        said = verdict(scoring.judged(out, grader.rubric.load()))
    assert parse(dump(said, challenge.name)) == said
    assert golden_verdict(challenge, name) is not None
