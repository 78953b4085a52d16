"""The build context as a tar file: what .dockerignore keeps, in a fixed order with fixed times and owners, so that the cache can hit."""

from __future__ import annotations

import io
import posixpath
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from grader.schema.causes import Trouble
from grader.schema.evidence import DockerfileChoice
from harness.source.dockerignore import Ignore
from harness.source.flags import is_cache, mounts
from harness.source.instructions import found_anywhere, instructions_of
from harness.source.tree import SourceTree
from harness.text import one_line

STAGED = ".dockerfile.staged"
"""Name of our copy of the Dockerfile in the context; ignored there, so that `COPY . .` does not see it."""

TIME = 1_577_836_800  # 2020-01-01: zip files, and with them wheels, cannot hold times before 1980
_CACHE_MOUNT = re.compile(r"--mount=(?=\S*type=cache)[^\s\\]+", re.I)
_SYNTAX = re.compile(r"^(#|//)\s*syntax\s*=.*$", re.I)


@dataclass(frozen=True)
class Staged:
    """The context, ready to be sent, and the Dockerfile's name in it."""

    tar: IO[bytes]
    dockerfile: str
    bytes: int


@contextmanager
def staged(
    tree: SourceTree, choice: DockerfileChoice, *, frontend: str = "", with_git: bool = False, cache_scope: str = ""
) -> Iterator[Staged]:
    """Write the context to a temporary file. `frontend` is the one that `# syntax=` may name: an engine that does not hold it pulls it.

    `cache_scope`: see `with_own_caches`, which may raise.
    """
    prefix = "" if choice.context == "." else choice.context + "/"
    ignored = tree.text(prefix + ".dockerignore", 256 << 10) or ""
    text = tree.text(choice.path) or ""
    with TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            _add_tree(tar, tree, prefix, Ignore(ignored))
            if with_git:
                _add_git(tar, tree, Ignore(ignored))
            text = with_syntax(text, frontend) if frontend else without_syntax(text)
            _add_bytes(tar, STAGED, (with_own_caches(text, cache_scope) if cache_scope else text).encode())
            _add_bytes(tar, ".dockerignore", f"{ignored}\n{STAGED}\n.dockerignore\n".encode())
        size = file.tell()
        file.seek(0)
        yield Staged(file, STAGED, size)


def without_syntax(text: str) -> str:
    """The Dockerfile without the directive that names another frontend, every line in its place.

    BuildKit also knows `// syntax=` and a file that is one JSON object; no Dockerfile begins like either.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not line.startswith(("#", "//")):
            break
        if found := _SYNTAX.match(line.rstrip("\r")):
            lines[number] = found[1]
    if text.lstrip().startswith("{"):
        lines[0] = f"#{lines[0]}"
    return "\n".join(lines)


def with_syntax(text: str, frontend: str) -> str:
    """The Dockerfile with `frontend` as the only one that it names, in its first line: of two directives an engine may take the other."""
    first, _, rest = text.partition("\n")
    if _SYNTAX.match(first.rstrip("\r")):
        return f"# syntax={frontend}\n{without_syntax(rest)}"
    return f"# syntax={frontend}\n{without_syntax(text)}"


def with_own_caches(text: str, scope: str) -> str:
    """The Dockerfile with every cache mount in a place of `scope`'s own.

    BuildKit finds a cache mount by its id (its target, where none is given) and nothing else: under a plain name one submission could
    leave files in the build of the next. Raises Trouble(build_failed) for one that is not plainly written: quotes, backslashes, variables and
    lines that are joined have more spellings than can be put right, so what is sent is read again, and each cache has to be its own.
    """
    sent = _CACHE_MOUNT.sub(lambda mount: _scoped(mount[0], scope), text)
    for instruction in [*instructions_of(sent), *found_anywhere(sent)]:
        for mount in mounts(instruction):
            ids = [value for key, value in mount.options() if key == "id"]
            if is_cache(mount) and not (mount.plain and len(ids) == 1 and ids[0].startswith(f"{scope}-")):
                said = one_line(mount.value.replace(f"{scope}-", ""), 120)
                raise Trouble("build_failed", f"RUN --mount={said}: write a cache mount in one line, without quotes, backslashes and variables")
    return sent


def _scoped(mount: str, scope: str) -> str:
    head, _, options = mount.partition("=")
    parts = options.split(",")
    named = {key.strip().lower(): value for key, _, value in (part.partition("=") for part in parts)}
    place = named.get("id") or next((named[key] for key in ("target", "dst", "destination") if key in named), "")
    kept = [part for part in parts if part.partition("=")[0].strip().lower() != "id"]
    return f"{head}={','.join(kept)},id={scope}-{place.strip(chr(34))}"


def _add_tree(tar: tarfile.TarFile, tree: SourceTree, prefix: str, ignore: Ignore) -> None:
    folders: set[str] = set()
    inside = [path[len(prefix) :] for path in [*tree.paths, *tree.submodules] if path.startswith(prefix)]
    for path in sorted(inside):
        if ignore.excludes(path) or path in (STAGED, ".dockerignore"):
            continue
        for folder in reversed(_above(path)):
            if folder not in folders:
                folders.add(folder)
                tar.addfile(_info(folder, tarfile.DIRTYPE, 0o755))
        _add_path(tar, tree, prefix + path, path)


def _add_path(tar: tarfile.TarFile, tree: SourceTree, path: str, name: str) -> None:
    if path in tree.submodules:
        tar.addfile(_info(name, tarfile.DIRTYPE, 0o755))
    elif path in tree.symlinks:
        info = _info(name, tarfile.SYMTYPE, 0o777)
        info.linkname = tree.symlinks[path]
        tar.addfile(info)
    else:
        _add_file(tar, name, tree.root / path, 0o755 if path in tree.executables else 0o644)


def _add_git(tar: tarfile.TarFile, tree: SourceTree, ignore: Ignore) -> None:
    """`.git` of our own clone, for the few builds that ask git for their version."""
    for file in sorted((tree.root / ".git").rglob("*")):
        name = file.relative_to(tree.root).as_posix()
        if not ignore.excludes(name) and not file.is_symlink():
            if file.is_dir():
                tar.addfile(_info(name, tarfile.DIRTYPE, 0o755))
            else:
                _add_file(tar, name, file)


def _add_file(tar: tarfile.TarFile, name: str, file: Path, mode: int = 0o644) -> None:
    """Never held in memory: a pack may be as large as the limit of repositories."""
    info = _info(name, tarfile.REGTYPE, mode)
    with file.open("rb") as content:
        info.size = content.seek(0, io.SEEK_END)
        content.seek(0)
        tar.addfile(info, content)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = _info(name, tarfile.REGTYPE, 0o644)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _info(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = kind, mode, TIME
    return info


def _above(path: str) -> list[str]:
    found = []
    while path := posixpath.dirname(path):
        found.append(path)
    return found
