"""A plain folder as a submission: copied under the same limits, links never followed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from grader.schema.causes import Trouble, UsageError
from grader.schema.challenge import Limits
from harness.source.preflight import Entry, Gate, check_link
from harness.source.tree import SourceTree
from harness.text import one_line

# What tools leave behind and nobody commits; a folder under git has them ignored, a plain one would be graded with them.
LEFT_BEHIND = frozenset({".git", "__pycache__", "node_modules", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"})


def copy_folder(source: Path, dest: Path, limits: Limits) -> SourceTree:
    """Copy `source` to `dest`. Raises Trouble(repository_too_large | repository_hostile), UsageError for an unreadable or empty folder."""
    gate = Gate(limits)
    links: dict[str, str] = {}
    notes: list[str] = []
    for path, status in _walk(source, notes):
        if stat.S_ISLNK(status.st_mode):
            target = str((source / path).readlink())
            check_link(path, target)
            links[path] = target
            gate.admit(Entry("120000", "", None, path))
        elif stat.S_ISREG(status.st_mode):
            gate.admit(Entry("100755" if status.st_mode & 0o111 else "100644", "", status.st_size, path))
        else:
            notes.append(f"left out, neither file nor link: {one_line(path)}")
    inventory = gate.inventory
    if not inventory.files:
        raise UsageError(f"{one_line(str(source))}: the folder is empty")
    digest = hashlib.sha256()
    dest.mkdir(parents=True)
    for path in sorted(inventory.files | links):
        content = links[path].encode() if path in links else _copy(source / path, dest / path, inventory.files[path])
        mode = "l" if path in links else "x" if path in inventory.executables else "-"
        digest.update(f"{mode} {path}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return SourceTree(
        root=dest, kind="folder", commit=None, tree=digest.hexdigest(), files=inventory.count, bytes=inventory.bytes, uncommitted=None,
        paths=sorted([*inventory.files, *links]), symlinks=links, executables=frozenset(inventory.executables), notes=notes[:40],
    )  # fmt: skip


def _walk(source: Path, notes: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    for where, folders, names in os.walk(source, followlinks=False, onerror=_refuse):
        base = Path(where)
        linked = [name for name in folders if (base / name).is_symlink()]
        for name in sorted(set(folders) - set(linked)):
            if name in LEFT_BEHIND or (base / name / "pyvenv.cfg").exists():
                notes.append(f"left out: {one_line((base / name).relative_to(source).as_posix())}/")
                folders.remove(name)
        folders.sort()
        for name in sorted([*names, *linked]):
            if name == ".git":
                continue
            # A name that is no UTF-8 comes as surrogates; they turn into replacement characters, which the gate refuses.
            path = (base / name).relative_to(source).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            yield path, (base / name).lstat()


def _refuse(error: OSError) -> None:
    raise UsageError(f"{one_line(str(error.filename))}: cannot be read ({error.strerror})") from error


def _copy(source: Path, dest: Path, size: int) -> bytes:
    """Copy one regular file of at most `size` bytes (as it was counted) without following links, and return its content."""
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"{one_line(str(source))}: cannot be read ({error.strerror})") from error
    with os.fdopen(handle, "rb") as stream:
        content = stream.read(size + 1)
        executable = os.fstat(handle).st_mode & 0o111
    if len(content) != size:
        raise Trouble("repository_hostile", f"{one_line(source.name)} changed while it was copied")
    dest.parent.mkdir(parents=True, exist_ok=True)
    dest.write_bytes(content)
    dest.chmod(0o755 if executable else 0o644)
    return content
