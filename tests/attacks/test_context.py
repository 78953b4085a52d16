"""Attacks 20 and 21 as far as no engine is needed: what is sent to a builder comes out of the clone alone and names no frontend."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from git_server import GitServer, Repository

from attacks import catalogue
from attacks.test_clone import LIMITS
from grader.schema.causes import Trouble
from harness.image.context import STAGED, staged, without_syntax
from harness.source.clone import obtain
from harness.source.dockerfile import choose
from harness.source.tree import SourceTree

SERVE = b"FROM python:3.11-slim\nCOPY . /app\nCMD [\"uvicorn\", \"app\"]\n"
KNOWN = catalogue.load()


def cloned(server: GitServer, dest: Path, **files: bytes) -> SourceTree:
    """`link_x` is a symbolic link named x."""
    repository = server.repository("x")
    entries = [_entry(repository, name, content) for name, content in files.items()]
    repository.commit(repository.tree(*entries))
    return obtain(server.url("x"), dest, LIMITS, allow_hosts=[server.host], ca_file=server.ca_file)


def _entry(repository: Repository, name: str, content: bytes) -> tuple[str, str, str]:
    plain = name.removeprefix("link_").replace("_toml", ".toml")
    return ("120000" if name.startswith("link_") else "100644", repository.blob(content), plain)


@pytest.mark.parametrize("target", [b"/etc/passwd", b"../../../etc/passwd", b".git/config"])
def test_a_dockerfile_that_links_out_of_the_tree_ends_the_clone(target: bytes, server: GitServer, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="symbolic link"):
        cloned(server, tmp_path / "d", link_Dockerfile=target)
    assert not (tmp_path / "d").exists()


def test_a_dockerfile_that_is_a_link_inside_is_none(server: GitServer, tmp_path: Path) -> None:
    tree = cloned(server, tmp_path / "d", link_Dockerfile=b"real", real=SERVE)
    assert choose(tree) is None


@pytest.mark.parametrize("named", ["../Dockerfile", "/etc/passwd", "a/../../x", "linked", "nowhere"])
def test_a_dockerfile_that_is_named_outside_of_the_tree_is_refused_with_its_line(named: str, server: GitServer, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM secret-of-the-host\n")
    tree = cloned(server, tmp_path / "d", Dockerfile=SERVE, submission_toml=f'dockerfile = "{named}"\n'.encode(), link_linked=b"Dockerfile")
    with pytest.raises(Trouble, match=KNOWN.attacks[20].message) as caught:
        choose(tree)
    assert caught.value.cause == "submission_manifest_invalid" and "secret-of-the-host" not in str(caught.value)


def test_what_is_sent_holds_tracked_files_only_and_links_as_links(server: GitServer, tmp_path: Path) -> None:
    tree = cloned(server, tmp_path / "d", Dockerfile=SERVE, link_l=b"Dockerfile", a=b"x")
    (tree.root / "planted").write_text("of the host")
    choice = choose(tree)
    assert choice is not None
    with staged(tree, choice) as context, tarfile.open(fileobj=context.tar) as tar:
        members = {member.name: member for member in tar.getmembers()}
    assert sorted(members) == [".dockerfile.staged", ".dockerignore", "Dockerfile", "a", "l"]
    assert members["l"].issym() and members["l"].linkname == "Dockerfile"
    assert all(not member.name.startswith(("/", "..")) and (member.isfile() or member.issym()) for member in members.values())


FRONTENDS = [
    "# syntax=evil/frontend\n", "#syntax=evil/frontend\r\n", "#  SyNtAx  =  evil/frontend\n", "# escape=`\n# syntax=evil/frontend\n",
    "#!/usr/bin/env x\n# syntax=evil/frontend\n", "// syntax=evil/frontend\n", "//syntax=evil/frontend\n", "\ufeff# syntax=evil/frontend\n",
    "# syntax=evil/frontend\n# syntax=evil/frontend\n",
]  # fmt: skip


@pytest.mark.parametrize("directive", FRONTENDS)
def test_no_spelling_of_a_remote_frontend_is_sent(directive: str, server: GitServer, tmp_path: Path) -> None:
    tree = cloned(server, tmp_path / "d", Dockerfile=directive.encode() + SERVE)
    choice = choose(tree)
    assert choice is not None
    with staged(tree, choice) as context, tarfile.open(fileobj=context.tar) as tar:
        file = tar.extractfile(STAGED)
        assert file is not None
        sent = file.read().decode()
    assert "evil" not in sent and sent.count("\n") == (directive.encode() + SERVE).count(b"\n")


def test_a_frontend_named_in_json_is_not_json_any_more() -> None:
    assert without_syntax('{"syntax": "evil/frontend"}').startswith("#{")


def test_what_only_looks_like_the_directive_stays() -> None:
    text = "FROM a\n# syntax=x\nRUN echo '# syntax=y'\n"
    assert without_syntax(text) == text
