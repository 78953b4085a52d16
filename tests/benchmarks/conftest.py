"""`benchmarks` is run from the repository's root and not installed; and the name of this folder must not hide it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.load.generator import LoadGenerator

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture(scope="session")
def generator() -> Iterator[LoadGenerator]:
    """One engine for all tests here: starting it is the slow part."""
    with LoadGenerator() as generator:
        yield generator
