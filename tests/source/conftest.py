"""Submissions to clone: git repositories on a real https server, and source trees made of texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from git_server import GitServer, Repository, certificates, git, new_repository, server

from grader.schema.challenge import Limits
from harness.source.tree import SourceTree

__all__ = ["GitServer", "Repository", "certificates", "git", "new_repository", "server"]


@pytest.fixture
def limits() -> Limits:
    return Limits(
        cpus=1, memory_mib=512, pids=256, tmp_mib=64, data_mib=256, log_mib=20, repository_mib=4, repository_files=200, build_timeout_s=60,
        build_memory_mib=1024, build_log_kib=512, ready_timeout_s=60,
    )  # fmt: skip


MakeTree = Callable[..., SourceTree]


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    """A source tree out of `path -> text`, without any git."""

    def make(files: dict[str, str]) -> SourceTree:
        root = tmp_path / "tree"
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return SourceTree(
            root=root, kind="folder", commit=None, tree="0" * 64, files=len(files), bytes=0, uncommitted=None, paths=sorted(files)
        )  # fmt: skip

    return make
