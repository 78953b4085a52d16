"""COPY and ADD against the tracked paths, before any build: a missing source costs no time here and up to minutes in the engine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.source.dockerignore import Ignore
from harness.source.instructions import Dockerfile, Instruction
from harness.source.remote_add import is_address
from harness.source.tree import SourceTree
from harness.source.variables import Filling, unresolved
from harness.source.wildcard import has_wildcard, match_path

MAX_WILDCARDS, MAX_WILDCARD = 50, 1_000
"""Sources with wildcards that are looked for in one context, and characters of one; of any other it is not said that it is missing."""
MAX_ABOVE = 6
"""Folders above a Dockerfile's own, beside the root, that may be its context."""
_MENTION = re.compile(r"(?<![\w./-])[\w][\w./-]*\.(?:txt|py|toml|lock|sh|ya?ml|cfg|json)\b")


@dataclass(frozen=True)
class CopySource:
    """One source of one COPY or ADD, relative to the build context, and the line that names it."""

    source: str
    line: int


class Context:
    """The paths a build context would hold: tracked, below `folder`, not ignored. Paths are relative to `folder`."""

    def __init__(self, tree: SourceTree, folder: str) -> None:
        prefix = "" if folder == "." else folder + "/"
        inside = [path[len(prefix) :] for path in tree.paths if path.startswith(prefix)]
        self.ignore = Ignore(tree.text(prefix + ".dockerignore", 256 << 10) or "")
        self.paths = frozenset(self.ignore.kept(inside))
        self.folders = frozenset(above for path in self.paths for above in _above(path))
        self._asked: dict[str, bool] = {}

    def holds(self, source: str) -> bool:
        """Whether a COPY source matches a file or a folder with files."""
        wanted = posixpath.normpath(source.lstrip("/") or ".")
        if wanted == ".":
            return True
        if wanted == ".." or wanted.startswith("../"):
            return False
        if not has_wildcard(wanted):
            return wanted in self.paths or wanted in self.folders
        if wanted not in self._asked and len(self._asked) < MAX_WILDCARDS and len(wanted) <= MAX_WILDCARD:
            pattern = wanted.split("/")
            self._asked[wanted] = any(match_path(pattern, path.split("/")) for path in self.paths | self.folders)
        return self._asked.get(wanted, True)


def copy_sources(dockerfile: Dockerfile) -> list[list[CopySource]]:
    """Sources of every COPY and ADD that reads the context, one list per instruction. What hangs on an unknown variable is left out.

    Raises Trouble(build_failed) as `Filling` does.
    """
    filling = Filling(dockerfile.variables())
    found: list[list[CopySource]] = []
    for instruction in dockerfile.instructions:
        if instruction.keyword in ("COPY", "ADD") and "from" not in instruction.flags and not instruction.heredoc:
            found.append(list(_sources(instruction, filling)))
    return [sources for sources in found if sources]


def _sources(instruction: Instruction, filling: Filling) -> Iterable[CopySource]:
    for word in instruction.words[:-1]:
        if unresolved(word, filling.known) or (instruction.keyword == "ADD" and is_address(word)):
            continue
        yield CopySource(filling.fill(word.strip("\"'") if instruction.exec_form is None else word), instruction.line)


def missing(dockerfile: Dockerfile, context: Context) -> list[CopySource]:
    """Sources that the context does not hold. A wildcard may match nothing as long as another source of its instruction matches."""
    lost: list[CopySource] = []
    for sources in copy_sources(dockerfile):
        present = {source.source for source in sources if context.holds(source.source)}
        lost += [s for s in sources if s.source not in present and not (present and has_wildcard(s.source))]
    return lost


def context_for(tree: SourceTree, dockerfile: Dockerfile, path: str) -> str:
    """The folder where the Dockerfile at `path` finds its sources: fewest missing, then most files that its commands name.

    A tie goes to the Dockerfile's own folder, then to the nearest above it.
    """
    own = posixpath.dirname(path) or "."
    folders = [own, *_above(own)[:MAX_ABOVE], "."] if own != "." else ["."]
    mentioned = {m for i in dockerfile.effective() if i.keyword in ("RUN", "CMD", "ENTRYPOINT") for m in _MENTION.findall(i.value)}
    ranked = []
    for distance, folder in enumerate(dict.fromkeys(folders)):
        context = Context(tree, folder)
        ranked.append((len(missing(dockerfile, context)), -sum(name in context.paths for name in mentioned), distance, folder))
    return min(ranked)[3]


def _above(path: str) -> list[str]:
    """Folders above `path`, nearest first, without the root."""
    found = []
    while path := posixpath.dirname(path):
        found.append(path)
    return found
