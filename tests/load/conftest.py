from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.load.generator import LoadGenerator


@pytest.fixture(scope="session")
def generator() -> Iterator[LoadGenerator]:
    """One engine for all load tests: starting it is the slow part."""
    with LoadGenerator() as generator:
        yield generator
