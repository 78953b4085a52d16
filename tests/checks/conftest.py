from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.scanned import SUBMISSIONS


@pytest.fixture
def oracle(tmp_path: Path) -> Path:
    """A copy of the oracle's files, for a defect to be planted in."""
    return Path(shutil.copytree(SUBMISSIONS / "oracle", tmp_path / "oracle"))
