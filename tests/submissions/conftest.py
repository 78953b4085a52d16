"""The oracle's modules, imported from its folder the way its own container does, and streams of the hidden simulator."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from challenges import loader
from challenges.simulator import Simulator

SUBMISSIONS = Path(__file__).resolve().parents[2] / "challenges" / "fraud-scoring" / "submissions"
MODULES = ("drift", "features", "learning", "metrics", "model", "schema")


@pytest.fixture(scope="session")
def oracle() -> Iterator[SimpleNamespace]:
    """The oracle's MODULES by name, `.shipped` its loaded artifact. Unloaded again afterwards."""
    folder = str(SUBMISSIONS / "oracle")
    sys.path.insert(0, folder)
    parts: dict[str, ModuleType] = {name: importlib.import_module(f"fraud.{name}") for name in MODULES}
    yield SimpleNamespace(**parts, shipped=parts["model"].load(Path(folder) / "models" / "model.json"))
    sys.path.remove(folder)
    for name in [name for name in sys.modules if name == "fraud" or name.startswith("fraud.")]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    return loader.load("fraud-scoring").simulator()
