"""Obtains a submission: a hardened clone of an https URL, of a local repository's HEAD, or a copy of a plain folder."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.schema.causes import Trouble, UsageError
from grader.schema.challenge import Limits
from harness.source.address import Remote, guard, looks_like_url
from harness.source.authors import Author, of_commit
from harness.source.folder import copy_folder
from harness.source.git import MEMORY, Git, GitFailed
from harness.source.login import ENVIRONMENT, Login, Logins
from harness.source.preflight import Gate, Inventory, check_link, parse_ls_tree
from harness.source.tree import SourceTree
from harness.text import clean_tail, one_line

CLONE_DEADLINE_S = 180.0
NO_SPACE = re.compile(r": No space left on device$", re.M)
FULL_BYTES = 16 << 20
"""Fewer free bytes than this count as a full disk, once git has failed."""

MAX_COMMIT = 256 << 10
"""Bytes of a commit object: its author, its message, its signature."""

AS_COMMITTED = "* -text -eol -ident -filter -working-tree-encoding -crlf\n"
"""Attributes that win over the repository's own. They may multiply what is written (UTF-32 by four, `$Id$` by twelve) after it was counted."""

_CLONE = ("clone", "--depth=1", "--single-branch", "--no-tags", "--no-recurse-submodules", "--template=", "--no-checkout", "--quiet")
# What git says when a repository breaks its own rules, which is the candidate's; anything else is reported as it is.
_FSCK = ("fsck error", "hasdot", "hasdotdot", "hasdotgit", "fullpathname", "gitmodules", "treenotsorted", "duplicateentries", "nullsha1")


def obtain(
    origin: str,
    dest: Path,
    limits: Limits,
    *,
    allow_hosts: Sequence[str] = (),
    ca_file: Path | None = None,
    logins: Logins | None = None,
    deadline_s: float = CLONE_DEADLINE_S,
    local: bool = True,
) -> SourceTree:
    """Put the submission at `origin` into `dest` (which must not exist) and describe it.

    `allow_hosts`/`ca_file` let an operator admit a host that is not public; `logins` hold tokens for private repositories.
    `local=False` refuses paths (for anything web-facing).
    Raises UsageError (unreachable, no such path, no git repository), or Trouble(repository_too_large | repository_hostile | git_too_old).
    Whatever is raised, `dest` is gone.
    """
    with _removed_unless_done(dest):
        if looks_like_url(origin):
            return _from_url(guard(origin, allow_hosts), dest, limits, ca_file, logins or Logins(), deadline_s)
        if not origin.strip() or origin.startswith("-"):
            raise UsageError(f"{one_line(origin)}: neither a URL nor a folder")
        if not local:
            raise UsageError(f"{one_line(origin)}: only https:// URLs are cloned")
        return _from_path(Path(origin).expanduser(), dest, limits, deadline_s)


@contextlib.contextmanager
def _removed_unless_done(dest: Path) -> Iterator[None]:
    if dest.exists():
        raise UsageError(f"{dest} exists already; the submission needs a folder of its own")
    try:
        yield
    except BaseException:
        shutil.rmtree(dest, ignore_errors=True)
        raise


def _from_url(remote: Remote, dest: Path, limits: Limits, ca_file: Path | None, logins: Logins, deadline_s: float) -> SourceTree:
    settings = {"protocol.https.allow": "always", "http.curloptResolve": remote.pin}
    if ca_file is not None:
        settings["http.sslCAInfo"] = str(ca_file.resolve())
    with Git(deadline_s, "https", settings, max_file_bytes=_pack_limit(limits)) as git:
        _clone(git, remote.url, dest, limits, login=logins.for_remote(remote))
        return _checked_out(git, dest, limits, uncommitted=None)


def _from_path(path: Path, dest: Path, limits: Limits, deadline_s: float) -> SourceTree:
    if not path.is_dir():
        raise UsageError(f"{one_line(str(path))}: {'is a file' if path.exists() else 'no such folder'}; give an https:// URL or a folder")
    path = path.resolve()
    if dest.resolve().is_relative_to(path):
        raise UsageError(f"{one_line(str(dest))} lies inside of the submission; work somewhere else")
    if not _is_top_level(path):
        return copy_folder(path, dest, limits)
    with Git(deadline_s, "file", {"protocol.file.allow": "always"}, max_file_bytes=_pack_limit(limits)) as git:
        _clone(git, str(path), dest, limits, "--no-local")
        tree = _checked_out(git, dest, limits, uncommitted=None)
        changed = _has_uncommitted(git, path, dest) if (path / ".git").exists() else None
        return SourceTree(**{**vars(tree), "uncommitted": changed})


def _is_top_level(path: Path) -> bool:
    bare = (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
    return (path / ".git").exists() or bare


def _clone(git: Git, url: str, dest: Path, limits: Limits, *options: str, login: Login | None = None) -> None:
    limit = limits.repository_mib << 20

    def small_enough() -> bool:
        return _size_below(dest, limit)

    try:
        git.run(*_CLONE, *options, "--", url, str(dest.resolve()), watch=small_enough, login=login)
    except GitFailed as failed:
        if failed.overflow or failed.file_too_large or not small_enough():
            raise Trouble("repository_too_large", f"the download passed {limits.repository_mib} MiB") from None
        said = clean_tail(failed.said, 2000).strip()
        if failed.out_of_memory and "index-pack" in said:
            raise Trouble("repository_too_large", _NEEDS_MEMORY) from None
        if failed.out_of_memory:
            raise UsageError(f"{one_line(url)}: the server's list of branches needs more than {MEMORY >> 20} MiB of memory") from None
        _raise_if_disk_full(dest, said)
        if any(word in said.lower() for word in _FSCK):
            raise Trouble("repository_hostile", one_line(said, 300)) from None
        raise UsageError(f"{one_line(url)}: {_reason(said, login is not None)}") from None


_NEEDS_MEMORY = f"more than {MEMORY >> 20} MiB of memory for one commit, one folder or one compressed file"


def _raise_if_disk_full(dest: Path, said: str) -> None:
    """A full disk of ours is nobody else's fault. The words count at a line's end only: a file's name may hold them too."""
    if NO_SPACE.search(said) or shutil.disk_usage(dest.parent).free < FULL_BYTES:
        raise Trouble("disk_full", f"while cloning to {dest.parent}") from None


def _size_below(folder: Path, limit: int) -> bool:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118 - a Path per file makes the poll slow
    return total < limit


_LOGIN = f"no public repository there (the server asks for a login; for a private one set {ENVIRONMENT}=host=token)"
_REASONS: list[tuple[str, str]] = [
    ("could not read username", _LOGIN),
    ("authentication failed", _LOGIN),
    ("not found", "no repository there (the server answered 'not found')"),
    ("not valid: is this a git repository", "not a git repository"),
    ("does not appear to be a git repository", "not a git repository"),
    ("not a git repository", "not a git repository"),
    ("unable to update url base from redirection", "the server redirects; give the final URL"),
    ("requested url returned error: 30", "the server redirects; give the final URL"),
    ("dumb http transport", "the server does not speak git's own protocol"),
    ("operation too slow", "the server sends too slowly; try again later"),
    ("certificate", "the server's certificate cannot be verified"),
    ("could not resolve", "the host cannot be resolved"),
    ("failed to connect", "the server cannot be reached"),
    ("connection refused", "the server cannot be reached"),
    ("requested url returned error", "the server answered with an error"),
]


def _reason(said: str, with_token: bool) -> str:
    lowered = said.lower()
    plain = next((reason for pattern, reason in _REASONS if pattern in lowered), "cannot be cloned")
    if plain == _LOGIN and with_token:
        plain = f"the server refuses the token that {ENVIRONMENT} holds for it"
    own = [line for line in said.splitlines() if line.startswith(("fatal:", "error:"))]  # the rest is progress, or the server's
    return f"{plain} [git: {one_line(' '.join(own) or said, 200)}]" if said else plain


def _checked_out(git: Git, dest: Path, limits: Limits, uncommitted: bool | None) -> SourceTree:
    commit_sha, tree_sha, authors = _head(git, dest)
    try:
        inventory = _inventory(git, dest, limits, tree_sha)
        links = _link_targets(git, dest, inventory)
        with _attributes(dest, AS_COMMITTED):
            git.run("-C", str(dest), "checkout", "--quiet", "--force", "--detach", commit_sha, "--")
    except GitFailed as failed:
        if failed.out_of_memory:
            raise Trouble("repository_too_large", _NEEDS_MEMORY) from None
        _raise_if_disk_full(dest, failed.said)
        raise Trouble("repository_hostile", f"it cannot be checked out: {one_line(failed.said, 300)}") from None
    for link in links:
        (dest / link).unlink(missing_ok=True)  # with core.symlinks=false git wrote a text file in the link's place
    return SourceTree(
        root=dest,
        kind="git",
        commit=commit_sha,
        tree=tree_sha,
        files=inventory.count,
        bytes=inventory.bytes,
        uncommitted=uncommitted,
        paths=sorted([*inventory.files, *links]),
        symlinks=links,
        submodules=inventory.submodules,
        executables=frozenset(inventory.executables),
        notes=_notes(dest, inventory),
        authors=authors,
    )


@contextlib.contextmanager
def _attributes(dest: Path, text: str) -> Iterator[None]:
    file = dest / ".git" / "info" / "attributes"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    try:
        yield
    finally:
        file.unlink()


def _head(git: Git, dest: Path) -> tuple[str, str, tuple[Author, ...]]:
    """(commit, tree, who wrote it)."""
    try:
        size = int(git.run("-C", str(dest), "cat-file", "-s", "HEAD^{commit}"))
    except GitFailed:
        raise UsageError("the repository has no commit yet") from None
    if size > MAX_COMMIT:
        raise Trouble("repository_hostile", f"a commit of {size} bytes, where {MAX_COMMIT >> 10} KiB are enough for any message")
    commit, tree = git.run("-C", str(dest), "rev-parse", "HEAD^{commit}", "HEAD^{tree}").decode("ascii").split()
    return commit, tree, of_commit(git.run("-C", str(dest), "cat-file", "commit", commit))


def _inventory(git: Git, dest: Path, limits: Limits, tree_sha: str) -> Inventory:
    gate = Gate(limits)
    with contextlib.closing(git.stream("-C", str(dest), "ls-tree", "-r", "-t", "-l", "-z", "--full-tree", tree_sha)) as chunks:
        for entry in parse_ls_tree(chunks):
            gate.admit(entry)
    return gate.inventory


def _link_targets(git: Git, dest: Path, inventory: Inventory) -> dict[str, str]:
    """Path -> target. One git for all of them: a repository may hold as many links as files. The gate has bounded their sizes."""
    if not inventory.links:
        return {}
    asked = "".join(f"{blob}\n" for blob in inventory.links.values()).encode()
    said = io.BytesIO(b"".join(git.stream("-C", str(dest), "cat-file", "--batch", stdin=asked)))
    links: dict[str, str] = {}
    for path in inventory.links:
        size = int(said.readline().rpartition(b" ")[2])  # "<object id> blob <size>", the content, a line feed
        target = said.read(size + 1)[:size].decode("utf-8", "replace")
        check_link(path, target)
        links[path] = target
    return links


def _notes(dest: Path, inventory: Inventory) -> list[str]:
    notes = [f"submodule not fetched: {one_line(path)}" for path in inventory.submodules[:20]]
    pointers = [path for path, size in inventory.files.items() if size < 200 and _is_lfs_pointer(dest / path)]
    return notes + [f"Git LFS pointer, content not fetched: {one_line(path)}" for path in sorted(pointers)[:20]]


def _is_lfs_pointer(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(43) == b"version https://git-lfs.github.com/spec/v1\n"


def _has_uncommitted(git: Git, source: Path, dest: Path) -> bool | None:
    """Whether `source` differs from the commit that was cloned.

    Asked through our clone's configuration with the source as its work tree: a local repository's own configuration may name
    programs (filters, fsmonitor) that `git status` would run.
    """
    try:
        said = git.run(
            f"--git-dir={dest.resolve() / '.git'}", f"--work-tree={source}", "-c", "core.symlinks=true",
            "status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=all",
        )  # fmt: skip
    except GitFailed:
        return None
    return bool(said.strip())


def _pack_limit(limits: Limits) -> int:
    return (limits.repository_mib + 16) << 20
