"""What a tree holds, judged before a single file of it is written: counts, sizes, and entries that cannot be checked out safely."""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from harness.text import is_plain, one_line

MAX_COMPONENT = 255
MAX_PATH = 1024
MAX_DEPTH = 64
MAX_LINK_TARGET = MAX_PATH
FOLDER = "040000"
"""Mode of a folder. Folders are counted too: ten levels of ten folders that hold nothing are ten billion, and no file among them."""

# What file systems drop or ignore when they compare names: git itself guards against these (CVE-2014-9390) and so do we.
_HFS_IGNORED = dict.fromkeys([0x200C, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])


@dataclass(frozen=True)
class Entry:
    """One line of `git ls-tree -r -t -l`. `size` is None for a folder and for a submodule."""

    mode: str
    blob: str
    size: int | None
    path: str


@dataclass
class Inventory:
    """Everything that passed: regular files with sizes, links (blob ids to be resolved), submodules."""

    files: dict[str, int] = field(default_factory=dict)
    executables: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    submodules: list[str] = field(default_factory=list)
    folders: int = 0
    bytes: int = 0

    @property
    def count(self) -> int:
        return len(self.files) + len(self.links) + len(self.submodules)


class Gate:
    """Admits entries one by one and stops at the first that breaks a limit, so that a git bomb costs as much as the limit, no more."""

    def __init__(self, limits: Limits) -> None:
        self.max_files = limits.repository_files
        self.max_bytes = limits.repository_mib << 20
        self.max_mib = limits.repository_mib
        self.inventory = Inventory()
        self._folded: dict[str, str] = {}

    def admit(self, entry: Entry) -> None:
        """Raises Trouble(repository_too_large | repository_hostile)."""
        check_name(entry.path)
        inventory = self.inventory
        if entry.mode == FOLDER:
            inventory.folders += 1
            if inventory.folders > self.max_files:
                raise Trouble("repository_too_large", f"more than {self.max_files} folders")
            return
        self._check_collision(entry.path)
        if entry.mode == "160000":
            inventory.submodules.append(entry.path)
        elif entry.mode == "120000":
            if (entry.size or 0) > MAX_LINK_TARGET:
                raise Trouble("repository_hostile", f"{one_line(entry.path)}: a symbolic link of {entry.size} bytes")
            inventory.links[entry.path] = entry.blob
        elif entry.mode in ("100644", "100755", "100664"):
            inventory.files[entry.path] = entry.size or 0
            if entry.mode == "100755":
                inventory.executables.add(entry.path)
        else:
            raise Trouble("repository_hostile", f"{one_line(entry.path)}: entry of unknown kind {one_line(entry.mode, 12)}")
        inventory.bytes += entry.size or 0
        if inventory.count > self.max_files:
            raise Trouble("repository_too_large", f"more than {self.max_files} files")
        if inventory.bytes > self.max_bytes:
            raise Trouble("repository_too_large", f"more than {self.max_mib} MiB of files ({one_line(entry.path)} is {entry.size} bytes)")

    def _check_collision(self, path: str) -> None:
        folded = unicodedata.normalize("NFC", path).casefold()
        other = self._folded.setdefault(folded, path)
        if other != path:
            raise Trouble("repository_hostile", f"{one_line(path)} and {one_line(other)} differ only in case or accents; rename one")


def check_name(path: str) -> None:
    """Raises Trouble(repository_hostile) for a path that cannot be written safely on every file system."""
    shown = one_line(path)
    parts = path.split("/")
    if not path or path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise Trouble("repository_hostile", f"{shown}: the path leaves its folder")
    if not is_plain(path) or "\\" in path or "�" in path:
        raise Trouble("repository_hostile", f"{shown}: control, bidi, invisible or non-UTF-8 characters, or a backslash, in a file name")
    if len(path.encode()) > MAX_PATH or len(parts) > MAX_DEPTH or any(len(part.encode()) > MAX_COMPONENT for part in parts):
        raise Trouble("repository_hostile", f"{shown}: the path is too long or too deep")
    for part in parts:
        if _is_dot_git(part):
            raise Trouble("repository_hostile", f"{shown}: a folder that poses as .git")


def _is_dot_git(part: str) -> bool:
    folded = part.translate(_HFS_IGNORED).split(":")[0].rstrip(". ").casefold()
    return folded == ".git" or folded == "git~1"


def check_link(path: str, target: str) -> None:
    """Raises Trouble(repository_hostile) for a symbolic link that points out of the tree."""
    landing = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if not target or target.startswith("/") or not is_plain(target) or landing == ".." or landing.startswith("../"):
        raise Trouble("repository_hostile", f"{one_line(path)}: a symbolic link to {one_line(target, 80)}, outside of the repository")
    if any(_is_dot_git(part) for part in landing.split("/")):
        raise Trouble("repository_hostile", f"{one_line(path)}: a symbolic link into .git")


def parse_ls_tree(chunks: Iterable[bytes]) -> Iterator[Entry]:
    """Entries of `git ls-tree -r -t -l -z` as they arrive. An undecodable name carries replacement characters, which the gate refuses."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\0")
        if len(rest) > 1 << 16:
            raise Trouble("repository_hostile", "a file name of more than 64 KiB")
        yield from map(_entry, lines)


def _entry(line: bytes) -> Entry:
    head, _, name = line.partition(b"\t")
    mode, _, blob, size = head.decode("ascii").split()
    return Entry(mode, blob, None if size == "-" else int(size), name.decode("utf-8", "replace"))
