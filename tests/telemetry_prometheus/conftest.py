from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from needs import missing

from grader.schema.causes import Trouble
from harness.source.tree import SourceTree
from harness.telemetry.prometheus.process import Programs


@pytest.fixture(scope="session")
def programs() -> Programs:
    """Where Prometheus, Alertmanager and promtool are."""
    try:
        return Programs.find()
    except Trouble as trouble:
        missing(str(trouble))


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[dict[str, str]], SourceTree]:
    def make(files: dict[str, str]) -> SourceTree:
        root = tmp_path / "tree"
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return SourceTree(root, "folder", None, "t", len(files), 0, None, sorted(files))

    return make
