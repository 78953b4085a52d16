"""Attacks 1-19 of the catalogue: what may be cloned, from where, how large, and that nothing is left behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.schema.causes import Trouble, UsageError
from grader.schema.challenge import Limits
from harness.source.clone import obtain
from harness.source.git import is_new_enough
from source.conftest import GitServer, Repository, git, new_repository


def clone(server: GitServer, name: str, dest: Path, limits: Limits, **more: object):
    return obtain(server.url(name), dest, limits, allow_hosts=[server.host], ca_file=server.ca_file, **more)  # type: ignore[arg-type]


def test_an_admitted_host_is_cloned_at_its_default_branch(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    commit = server.repository("good").files({"a.txt": b"hello\n", "b.txt": b"x"})
    tree = clone(server, "good", tmp_path / "x", limits)
    assert (tree.kind, tree.commit, tree.paths, tree.bytes, tree.uncommitted) == ("git", commit, ["a.txt", "b.txt"], 7, None)
    assert (tree.root / "a.txt").read_text() == "hello\n"


def test_a_host_on_loopback_is_refused_unless_an_operator_admits_it(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    server.repository("good").files({"a": b"x"})
    with pytest.raises(UsageError, match="not a public address"):
        obtain(server.url("good"), tmp_path / "x", limits, ca_file=server.ca_file)
    assert server.requests == []


def test_a_server_with_an_unknown_certificate_is_refused(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    server.repository("good").files({"a": b"x"})
    with pytest.raises(UsageError, match="certificate"):
        obtain(server.url("good"), tmp_path / "x", limits, allow_hosts=[server.host])
    assert not (tmp_path / "x").exists()


def test_git_connects_to_the_address_that_was_checked_and_asks_no_dns_again(
    server: GitServer, tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.repository("good").files({"a": b"x"})
    monkeypatch.setattr("harness.source.address._resolve", lambda host, port: ["127.0.0.1"])
    url = f"https://rebound.test:{server.port}/good"  # a name that no resolver knows
    assert obtain(url, tmp_path / "x", limits, allow_hosts=["rebound.test"], ca_file=server.ca_file).paths == ["a"]


def test_a_redirect_is_not_followed(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    server.redirect_to = f"https://localhost:{server.port}/elsewhere"
    with pytest.raises(UsageError, match="redirect"):
        clone(server, "good", tmp_path / "x", limits)
    assert len(server.requests) == 1


def test_a_missing_repository_is_a_usage_error(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(UsageError, match="no repository there"):
        clone(server, "nothing", tmp_path / "x", limits)


def test_an_empty_repository_is_a_usage_error(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    server.repository("empty")
    with pytest.raises(UsageError, match="no commit"):
        clone(server, "empty", tmp_path / "x", limits)
    assert not (tmp_path / "x").exists()


def test_a_server_that_stalls_runs_into_the_deadline(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    server.stall = threading.Event()
    began = time.monotonic()
    with pytest.raises(UsageError, match="deadline"):
        clone(server, "good", tmp_path / "x", limits, deadline_s=0.5)
    assert time.monotonic() - began < 3
    assert not (tmp_path / "x").exists()


def _named(name: str) -> Callable[[Repository], None]:
    return lambda r: r.files({name: b"x"}) and None


def _folder(name: str) -> Callable[[Repository], None]:
    return lambda r: r.commit(r.tree(("040000", r.tree(("100644", r.blob(b"x"), "config")), name))) and None


def _link(target: bytes) -> Callable[[Repository], None]:
    return lambda r: r.commit(r.tree(("120000", r.blob(target), "link"))) and None


def _bomb(repository: Repository) -> None:
    """Ten million paths out of eight small trees."""
    inner = repository.tree(*[("100644", repository.blob(b"x"), str(n)) for n in range(10)])
    for _ in range(6):
        inner = repository.tree(*[("040000", inner, str(n)) for n in range(10)])
    repository.commit(inner)


def _deep(repository: Repository) -> None:
    inner = repository.tree(("100644", repository.blob(b"x"), "f"))
    for _ in range(70):
        inner = repository.tree(("040000", inner, "d"))
    repository.commit(inner)


def _hollow(repository: Repository) -> None:
    """Ten billion folders without a file."""
    inner = repository.tree()
    for _ in range(10):
        inner = repository.tree(*[("040000", inner, str(n)) for n in range(10)])
    repository.commit(inner)


HOSTILE: dict[str, tuple[Callable[[Repository], object], str]] = {
    "a folder .git": (_folder(".git"), "repository_hostile"),
    "a folder .GIT": (_folder(".GIT"), "repository_hostile"),
    "a folder git~1": (_folder("git~1"), "repository_hostile"),
    "a folder .git with an invisible character": (_folder(".g\u200cit"), "repository_hostile"),
    "a folder ..": (_folder(".."), "repository_hostile"),
    "a name with an escape sequence": (_named("a\x1b[31mb"), "repository_hostile"),
    "a name with a bidi override": (_named("a\u202etxt.py"), "repository_hostile"),
    "a name with a line break": (_named("a\nb"), "repository_hostile"),
    "a name that is no UTF-8": (_named("a\udcffb"), "repository_hostile"),
    "names that differ only in case": (lambda r: r.files({"README.md": b"x", "readme.md": b"y"}), "repository_hostile"),
    "a link out of the tree": (_link(b"../../etc/passwd"), "repository_hostile"),
    "an absolute link": (_link(b"/etc/passwd"), "repository_hostile"),
    "a link into .git": (_link(b".git/config"), "repository_hostile"),
    "a very deep tree": (_deep, "repository_hostile"),
    "too many files": (lambda r: r.files({f"f{n}": b"x" for n in range(201)}), "repository_too_large"),
    "a tree bomb": (_bomb, "repository_too_large"),
    "a tree bomb without a file": (_hollow, "repository_too_large"),
    "a huge blob that packs well": (lambda r: r.files({"zeros": bytes(5 << 20)}), "repository_too_large"),
    "a huge blob that does not": (lambda r: r.files({"noise": b"".join(n.to_bytes(8, "big") * 2 for n in range(400_000))}), "repository_too_large"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_or_huge_tree_is_refused_and_nothing_is_left(server: GitServer, tmp_path: Path, limits: Limits, what: str) -> None:
    make, cause = HOSTILE[what]
    make(server.repository("bad"))
    began = time.monotonic()
    with pytest.raises(Trouble) as caught:
        clone(server, "bad", tmp_path / "x", limits)
    assert caught.value.cause == cause
    assert not (tmp_path / "x").exists()
    assert time.monotonic() - began < 5
    assert "\x1b" not in caught.value.detail and "\u202e" not in caught.value.detail


def test_links_inside_submodules_and_lfs_pointers_are_noted_and_not_followed(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    repository = server.repository("good")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"
    attributes = b"*.bin filter=lfs\n*.txt filter=evil\n"
    repository.commit(repository.tree(
        ("100644", repository.blob(attributes), ".gitattributes"),
        ("100644", repository.blob(b'[submodule "s"]\n\tpath = s\n\turl = ../other\n'), ".gitmodules"),
        ("100644", repository.blob(b"x"), "a.txt"), ("120000", repository.blob(b"a.txt"), "link"),
        ("100644", repository.blob(pointer), "model.bin"), ("160000", "1" * 40, "s"),
    ))  # fmt: skip
    tree = clone(server, "good", tmp_path / "x", limits)
    assert tree.symlinks == {"link": "a.txt"} and not (tree.root / "link").exists()
    assert tree.submodules == ["s"] and not list((tree.root / "s").glob("*"))
    assert [note.split(":")[0] for note in tree.notes] == ["submodule not fetched", "Git LFS pointer, content not fetched"]
    assert not any("other" in path for path in server.requests)


def test_a_submodule_url_that_is_an_option_is_refused_by_fsck(server: GitServer, tmp_path: Path, limits: Limits) -> None:
    repository = server.repository("bad")
    modules = repository.blob(b'[submodule "s"]\n\tpath = s\n\turl = --upload-pack=touch /tmp/x\n')
    repository.commit(repository.tree(("100644", modules, ".gitmodules"), ("160000", "1" * 40, "s")))
    with pytest.raises(Trouble, match="gitmodules"):
        clone(server, "bad", tmp_path / "x", limits)


def _work_tree(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", "x")
    return folder


def test_a_local_repository_is_cloned_at_head_and_says_whether_it_had_changes(tmp_path: Path, limits: Limits) -> None:
    source = _work_tree(tmp_path / "s", {"a.py": "1", "d/b.py": "2"})
    assert obtain(str(source), tmp_path / "x", limits).uncommitted is False
    (source / "a.py").write_text("changed")
    changed = obtain(str(source), tmp_path / "y", limits)
    assert changed.uncommitted is True
    assert (changed.root / "a.py").read_text() == "1"


def test_programs_named_in_a_local_repositorys_configuration_are_not_run(tmp_path: Path, limits: Limits) -> None:
    source = _work_tree(tmp_path / "s", {"a.txt": "1", ".gitattributes": "*.txt filter=evil\n"})
    mark = tmp_path / "ran"
    hook = source / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "uploadpack.packObjectsHook"):
        git(source, "config", key, f"touch {mark}; cat")
    (source / "a.txt").write_text("2")
    assert obtain(str(source), tmp_path / "x", limits).uncommitted is True
    assert not mark.exists()


def test_a_sub_folder_of_a_repository_is_a_plain_folder(tmp_path: Path, limits: Limits) -> None:
    source = _work_tree(tmp_path / "s", {"a.py": "1", "d/b.py": "2"})
    tree = obtain(str(source / "d"), tmp_path / "x", limits)
    assert (tree.kind, tree.commit, tree.paths) == ("folder", None, ["b.py"])


def test_a_plain_folders_digest_is_over_names_and_contents_and_links_are_not_followed(tmp_path: Path, limits: Limits) -> None:
    for name, text in (("one", "1"), ("two", "1"), ("three", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(text)
    (tmp_path / "one" / "__pycache__").mkdir()
    (tmp_path / "one" / "__pycache__" / "a.pyc").write_text("x")
    trees = [obtain(str(tmp_path / name), tmp_path / f"x-{name}", limits) for name in ("one", "two", "three")]
    assert trees[0].tree == trees[1].tree != trees[2].tree
    (tmp_path / "two" / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(Trouble, match="outside of the repository"):
        obtain(str(tmp_path / "two"), tmp_path / "y", limits)
    assert not (tmp_path / "y").exists()


def test_a_plain_folder_has_the_same_limits(tmp_path: Path, limits: Limits) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "big").write_bytes(bytes(5 << 20))
    with pytest.raises(Trouble) as caught:
        obtain(str(tmp_path / "s"), tmp_path / "x", limits)
    assert caught.value.cause == "repository_too_large"


@pytest.mark.parametrize("origin", ["/no/such/folder", "-oProxyCommand=x", "--upload-pack=touch", ""])
def test_what_is_neither_url_nor_folder_is_a_usage_error(origin: str, tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(UsageError):
        obtain(origin, tmp_path / "x" / "y", limits)
    assert not (tmp_path / "x").exists()


def test_paths_can_be_refused_for_the_web(tmp_path: Path, limits: Limits) -> None:
    new_repository(tmp_path / "s").files({"a": b"x"})
    with pytest.raises(UsageError, match="only https"):
        obtain(str(tmp_path / "s"), tmp_path / "x", limits, local=False)


@pytest.mark.parametrize("says", ["git version 2.30.2", "git version 2.36.6", "git version 1.8.3.1", "something else", ""])
def test_a_git_that_does_not_know_the_hardening_is_refused_before_it_does_anything(
    says: str, tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\necho {says}\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    new_repository(tmp_path / "s").files({"a": b"x"})
    with pytest.raises(Trouble, match=r"git 2\.37 is needed") as caught:
        obtain(str(tmp_path / "s"), tmp_path / "x", limits)
    assert (caught.value.cause, caught.value.culprit) == ("git_too_old", "host") and says in caught.value.detail
    assert (tmp_path / "asked").read_text().split("\n") == ["--version", ""]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("says", "enough"), [
    ("git version 2.37.0", True), ("git version 2.37.1.windows.1", True), ("git version 2.39.5 (Apple Git-154)", True), ("git version 3.0", True),
    ("git version 2.36.9", False), ("git version 1.99", False), ("2.40", False), ("", False),
])  # fmt: skip
def test_the_version_is_read_as_git_tells_it(says: str, enough: bool) -> None:
    assert is_new_enough(says) == enough
