from __future__ import annotations

import pytest

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row, Simulator


@pytest.fixture(scope="session")
def fraud() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(scope="session")
def simulator(fraud: LoadedChallenge) -> Simulator:
    return fraud.simulator()


@pytest.fixture(scope="session")
def reference(simulator: Simulator) -> list[Row]:
    """What a monitor compares with: 5,000 clean rows."""
    return simulator.stream(5000, 1)
