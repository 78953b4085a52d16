"""The submission as it lies on this machine: a folder of regular files, and what was learnt while getting it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.source.authors import Author

Content = bytes  # the class below has a field of that name


@dataclass(frozen=True)
class SourceTree:
    """A checked-out submission. `paths` are the tracked paths with `/`, sorted; symbolic links are in `symlinks`, never on disk.

    `bytes` is the sum of file sizes. `tree` is the git tree sha, or a sha256 over names and contents for a plain folder.
    `authors` are the commit's own; they never come into the evidence.
    """

    root: Path
    kind: Literal["git", "folder"]
    commit: str | None
    tree: str
    files: int
    bytes: int
    uncommitted: bool | None
    paths: list[str]
    symlinks: dict[str, str] = field(default_factory=dict)
    submodules: list[str] = field(default_factory=list)
    executables: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    authors: tuple[Author, ...] = ()

    def read(self, path: str, limit: int = 1 << 20) -> Content | None:
        """The first `limit` bytes of a tracked regular file; None for a link, a submodule or a path that is not tracked."""
        if path in self.symlinks or path in self.submodules:
            return None
        file = self.root / path
        try:
            if file.is_symlink() or not file.is_file():
                return None
            with file.open("rb") as stream:
                return stream.read(limit)
        except OSError:
            return None

    def text(self, path: str, limit: int = 1 << 20) -> str | None:
        """Like `read`, decoded as UTF-8 with replacement; None also for binary files (a NUL in the first 8 KiB)."""
        data = self.read(path, limit)
        if data is None or b"\0" in data[:8192]:
            return None
        return data.decode("utf-8-sig", "replace")
