"""Who wrote a commit is learnt from the commit alone, and comes into no evidence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from grader.schema.challenge import Limits
from harness.source import authors
from harness.source.authors import Author
from harness.source.clone import obtain
from source.conftest import git, new_repository

RAW = (
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
    b"author Grace Hopper <grace@example.org> 1700000000 +0000\n"
    b"committer root <root@build> 1700000000 +0000\n\n"
    b"author Not Me <not@example.org>\n\nWith help\n\nCo-authored-by: Bo Li <7+boli@users.noreply.example.org>\n"
    b"Signed-off-by: Grace Hopper <grace@example.org>\n"
)


def test_author_committer_and_trailers_are_named_once_each() -> None:
    assert authors.of_commit(RAW) == (
        Author("Grace Hopper", "grace@example.org"), Author("root", "root@build"), Author("Bo Li", "7+boli@users.noreply.example.org"),
    )  # fmt: skip


def test_another_encoding_is_read_and_an_unknown_one_does_no_harm() -> None:
    head = "tree 0\nauthor José Núñez <j@example.org> 1 +0000\nencoding {}\n\nx"
    assert authors.of_commit(head.format("iso-8859-1").encode("latin-1")) == (Author("José Núñez", "j@example.org"),)
    assert authors.of_commit(head.format("no-such").encode()) == (Author("José Núñez", "j@example.org"),)


@pytest.mark.parametrize("raw", [b"", b"\xff\n\n\xff", b"author\n\nby: <", b"author <> 1 +0000\n\n"])
def test_a_strange_commit_names_nobody(raw: bytes) -> None:
    assert authors.of_commit(raw) == ()


def test_thousands_of_trailers_are_cut() -> None:
    many = b"tree 0\n\n" + b"".join(b"Co-authored-by: N%d <n>\n" % number for number in range(5000))
    assert len(authors.of_commit(many)) == authors.MOST


def test_a_clone_knows_them(tmp_path: Path, limits: Limits) -> None:
    repository = new_repository(tmp_path / "source")
    tree = git(repository.folder, "rev-parse", repository.files({"a": b"x"}) + "^{tree}")
    raw = f"tree {tree}\nauthor Grace Hopper <grace@example.org> 1 +0000\ncommitter Bo Li <bo@example.org> 1 +0000\n\nx\n".encode()
    git(repository.folder, "update-ref", "refs/heads/main", git(repository.folder, "hash-object", "-t", "commit", "-w", "--stdin", stdin=raw))
    found = obtain(str(repository.folder), tmp_path / "x", limits).authors
    assert found == (Author("Grace Hopper", "grace@example.org"), Author("Bo Li", "bo@example.org"))


def test_they_are_kept_for_the_owner_of_the_folder_only(tmp_path: Path) -> None:
    file = tmp_path / "authors.json"
    authors.write((Author("José", "j@example.org"),), file)
    assert authors.load(file.read_bytes()) == (Author("José", "j@example.org"),) and stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    for wrong in (b"x", b"[]", b'{"authors": [1]}'):
        with pytest.raises(ValueError):
            authors.load(wrong)
