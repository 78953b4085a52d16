"""Attacks 20 and 21 as far as no engine is needed: what is sent to a builder comes out of the clone alone and names no frontend."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from git_server import GitServer, Repository

from attacks import catalogue
from attacks.test_clone import LIMITS
from grader.schema.causes import Trouble
from harness.image.context import STAGED, staged, with_own_caches, with_syntax, without_syntax
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


@pytest.mark.parametrize("directive", ["# syntax=evil/frontend\n# syntax=docker/dockerfile:1\n", "# escape=`\n# syntax=evil/frontend\n", "#!/x\n"])
def test_of_several_frontends_only_the_trusted_one_is_sent(directive: str) -> None:
    sent = with_syntax(directive + "FROM a\n", "docker/dockerfile:1")
    assert sent.startswith("# syntax=docker/dockerfile:1\n") and sent.count("syntax") == 1 and sent.endswith("FROM a\n")


SHARED = {
    "quotes around the type": 'RUN --mount=type="cache",target=/c ls',
    "quotes in the type": "RUN --mount=type=ca'ch'e,target=/c ls",
    "quotes around all": 'RUN --mount="type=cache,target=/c" ls',
    "quotes with a blank": 'RUN --mount="id=a b,type=cache,target=/c" ls',
    "quotes of CSV": 'RUN --mount=\\"type=cache\\",target=/c ls',
    "quotes in the flag": 'RUN --mo"un"t=type=cache,target=/c ls',
    "a backslash": "RUN --mount=type=c\\ache,target=/c ls",
    "two lines": "RUN --mount=type=ca\\\nche,target=/c ls",
    "two lines after the type": "RUN --mount=type=cache,\\\ntarget=/c,id=shared ls",
    "the flag in two lines": "RUN --mou\\\nnt=type=cache,target=/c ls",
    "the word in two lines": "RU\\\nN --mount=type=ca\\\nche,target=/c ls",
    "a comment between": "RUN --mount=type=ca\\\n# --mount=type=cache,target=/c\nche,target=/c ls",
    "a variable": "ARG T=cache\nRUN --mount=type=$T,target=/c ls",
    "a variable in the id": "RUN --mount=type=cache,id=$X,target=/c ls",
    "the second of two": 'RUN --mount=type=cache,target=/c --mount=type="cache",target=/d ls',
    "a trigger": 'ONBUILD RUN --mount=type="cache",target=/c ls',
    "what looks like a heredoc": 'RUN echo "x <<A"\nRUN --mount=type="cache",target=/c ls\nA',
    "what looks like a continuation": 'RUN echo \\\\\nRUN --mount=type="cache",target=/c ls',
    "another escape": "# check=x\n# escape=`\nRUN --mount=type=ca\\\nche,target=/c ls",
}


@pytest.mark.parametrize("what", SHARED)
def test_a_cache_mount_that_may_be_read_otherwise_is_refused(what: str) -> None:
    text = SHARED[what] + "\n" if SHARED[what].startswith("#") else f"FROM a\n{SHARED[what]}\n"
    with pytest.raises(Trouble, match="write a cache mount in one line") as caught:
        with_own_caches(text, "0123")
    assert caught.value.cause == "build_failed" and caught.value.culprit == "candidate"


OWN = {
    "--mount=type=cache,target=/c ls": "--mount=type=cache,target=/c,id=0123-/c ls",
    "--mount=target=/c,id=x,type=cache \\\n ls": "--mount=target=/c,type=cache,id=0123-x \\\n ls",
    "\\\n  --mount=type=cache,target=/c\\\n  ls": "\\\n  --mount=type=cache,target=/c,id=0123-/c\\\n  ls",
    "--mount=type=CACHE,dst=/c <<EOF\nls\nEOF": "--mount=type=CACHE,dst=/c,id=0123-/c <<EOF\nls\nEOF",
    '--mount=type=bind,source="a b",target=$HOME/x ls': '--mount=type=bind,source="a b",target=$HOME/x ls',
    "--mount=type=secret,id=x echo '--mount=type=\"cache\"'": "--mount=type=secret,id=x echo '--mount=type=\"cache\"'",
}


@pytest.mark.parametrize("told", OWN)
def test_a_plain_cache_mount_gets_a_place_of_its_own(told: str) -> None:
    assert with_own_caches(f"FROM a\nRUN {told}\n", "0123") == f"FROM a\nRUN {OWN[told]}\n"
