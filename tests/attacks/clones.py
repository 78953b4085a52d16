"""Attacks 1-19: how each is set up. A name begins with its number in the catalogue; a function prepares a server and gives the URL to clone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

from git_server import GitServer, Repository, git

from attacks import wire_git as wire

Prepare = Callable[[GitServer], str]

DEADLINE_S = 1.5
"""Of endless attacks, in place of minutes."""


def url(text: str) -> Prepare:
    """One that must not even be asked: the server's name and port go in for {host}."""
    return lambda server: text.format(host=server.host, port=server.port)


def holding(make: Callable[[Repository], object]) -> Prepare:
    """A repository on a real git server."""

    def prepare(server: GitServer) -> str:
        make(server.repository("x"))
        return server.url("x")

    return prepare


def answering(act: Callable[[], wire.Act]) -> Prepare:
    """A server that only looks like git's."""

    def prepare(server: GitServer) -> str:
        server.instead = act()
        return server.url("x")

    return prepare


def redirecting(where: str) -> Prepare:
    def prepare(server: GitServer) -> str:
        server.redirect_to = where.format(host=server.host)
        return server.url("x")

    return prepare


def named(name: str) -> Prepare:
    return holding(lambda r: r.files({name: b"x"}))


def folder(name: str) -> Prepare:
    return holding(lambda r: r.commit(r.tree(("040000", r.tree(("100644", r.blob(b"x"), "config")), name))))


def link(target: bytes) -> Prepare:
    return holding(lambda r: r.commit(r.tree(("120000", r.blob(target), "link"))))


def submodule(address: str) -> Prepare:
    text = f'[submodule "s"]\n\tpath = s\n\turl = {address}\n\tupdate = checkout\n'.encode()
    return holding(lambda r: r.commit(r.tree(("100644", r.blob(text), ".gitmodules"), ("160000", "1" * 40, "s"))))


def _branch_like_an_option(repository: Repository) -> None:
    sha = repository.files({"a": b"x"})
    (repository.folder / "refs" / "heads" / "--upload-pack=touch").write_text(sha + "\n")
    (repository.folder / "HEAD").write_text("ref: refs/heads/--upload-pack=touch\n")


def _bomb(repository: Repository) -> None:
    """Ten million paths out of eight small folders."""
    inner = repository.tree(*[("100644", repository.blob(b"x"), str(n)) for n in range(10)])
    for _ in range(6):
        inner = repository.tree(*[("040000", inner, str(n)) for n in range(10)])
    repository.commit(inner)


def _hollow(repository: Repository) -> None:
    """Ten billion folders out of eleven objects, and one file that is listed after them all."""
    inner = repository.tree()
    for _ in range(10):
        inner = repository.tree(*[("040000", inner, str(n)) for n in range(10)])
    repository.commit(repository.tree(("040000", inner, "a"), ("100644", repository.blob(b"x"), "z")))


def _links(repository: Repository) -> None:
    blob = repository.blob(b"a")
    repository.commit(repository.tree(("100644", blob, "a"), *[("120000", blob, f"l{n:05}") for n in range(2_000)]))


def _grows(attributes: bytes, content: bytes) -> Callable[[Repository], object]:
    return lambda r: r.files({".gitattributes": attributes, **{f"f{n}.txt": content for n in range(8)}})


def _large_commit(repository: Repository) -> None:
    tree = repository.tree(("100644", repository.blob(b"x"), "a"))
    text = f"tree {tree}\nauthor a <a@b.c> 1 +0000\ncommitter a <a@b.c> 1 +0000\n\n".encode() + b"x" * (20 << 20)
    git(repository.folder, "update-ref", "refs/heads/main", git(repository.folder, "hash-object", "-t", "commit", "-w", "--stdin", stdin=text))


def _silence() -> Iterator[bytes]:
    time.sleep(30)
    yield b""


BLOCK = b"\x00" + (60_000).to_bytes(2, "little") + (0xFFFF - 60_000).to_bytes(2, "little")
"""Head of a block of 60,000 bytes that are not compressed."""

START_OF_A_FILE = wire.pack_of(count=1)[:12] + wire.head(3, 1 << 40) + b"\x78\x01" + BLOCK
"""Of a terabyte."""


def _endless_file() -> Iterator[bytes]:
    yield START_OF_A_FILE + b"x" * 60_000
    while True:
        yield BLOCK + b"x" * 60_000


PACK_OF_MILLIONS = wire.pack_of(wire.packed(3, 1, b"x"), count=0xFFFFFFF0)
LARGE_FOLDER = wire.packed(2, 600 << 20, b"100644 a\0" + bytes(20))

REFUSED: dict[str, Prepare] = {
    "1 ext": url("ext::sh"),
    "1 ext with a command": url("ext::sh -c touch% /tmp/x"),
    "1 fd": url("fd::17/x"),
    "2 file": url("file:///etc"),
    "2 path": url("/etc"),
    "2 home": url("~/x"),
    "3 option": url("--upload-pack=touch"),
    "3 host like an option": url("https://-oProxyCommand=x/a"),
    "4 ssh": url("ssh://git@{host}/x"),
    "4 scp": url("git@localhost:a/b"),
    "4 git": url("git://{host}/x"),
    "4 http": url("http://{host}/x"),
    "5 loopback": url("https://127.0.0.1:{port}/x"),
    "5 metadata": url("https://169.254.169.254/x"),
    "5 decimal": url("https://2130706433:{port}/x"),
    "5 hexadecimal": url("https://0x7f000001:{port}/x"),
    "5 octal": url("https://0177.0.0.1:{port}/x"),
    "5 short": url("https://127.1:{port}/x"),
    "5 IPv6-mapped": url("https://[::ffff:7f00:1]:{port}/x"),
    "5 IPv6 loopback": url("https://[::1]:{port}/x"),
    "8 user and password": url("https://user:hunter2@{host}/x"),
    "8 token": url("https://hunter2@{host}/x"),
}
"""No connection is made for these."""

REJECTED: dict[str, Prepare] = {
    "7 metadata": redirecting("http://169.254.169.254"),
    "7 itself": redirecting("https://{host}/elsewhere"),
    "9 option": submodule("--upload-pack=touch /tmp/x"),
    "10 above": link(b"../../etc/passwd"),
    "10 absolute": link(b"/etc/passwd"),
    "10 into .git": link(b".git/config"),
    "10 of 8 KiB": link(b"a/" * 4096),
    "13 dot dot": folder(".."),
    "13 .git": folder(".git"),
    "13 .GIT": folder(".GIT"),
    "13 git~1": folder("git~1"),
    "13 .git with an invisible character": folder(".g\u200cit"),
    "14 case": holding(lambda r: r.files({"README.md": b"x", "readme.md": b"y"})),
    "14 accents": holding(lambda r: r.files({"\u00e9": b"x", "e\u0301": b"y"})),
    "15 escape sequence": named("a\x1b[31mb"),
    "15 bidi": named("a\u202etxt.py"),
    "15 line break": named("a\nb"),
    "15 no UTF-8": named("a\udcffb"),
    "15 backslash": named("..\\..\\x"),
    "16 tree": holding(_bomb),
    "16 folders that hold nothing": holding(_hollow),
    "16 links": holding(_links),
    "16 objects that are announced": answering(lambda: wire.sending(wire.in_pieces(PACK_OF_MILLIONS))),
    "16 folder of a gigabyte": answering(lambda: wire.sending(wire.in_pieces(wire.pack_of(LARGE_FOLDER)))),
    "17 many files": holding(lambda r: r.files({f"f{n}": b"x" for n in range(201)})),
    "17 endless file": answering(lambda: wire.sending(_endless_file())),
    "18 zeros": holding(lambda r: r.files({"zeros": bytes(5 << 20)})),
    "18 noise": holding(lambda r: r.files({"noise": b"".join(n.to_bytes(8, "big") * 2 for n in range(400_000))})),
    "18 delta that makes 4 GiB": answering(lambda: wire.sending(wire.in_pieces(wire.delta_bomb(4 << 30)))),
    "18 commit": holding(_large_commit),
    "19 endless list of branches": answering(lambda: wire.listing(itertools.repeat(wire.line(f"{wire.SHA} refs/heads/main\n") * 500))),
    "19 endless messages": answering(lambda: wire.sending(itertools.repeat(b"x" * 900 + b"\n"), channel=2)),
    "19 endless headers": answering(lambda: wire.headers(itertools.repeat(b"X-More: y\r\n" * 100))),
}

ENDLESS: dict[str, Prepare] = {
    "19 silence": answering(lambda: wire.headers(_silence())),
    "19 dripping head": answering(lambda: wire.headers(wire.slowly(b"X: " + b"y" * 10_000))),
    "19 dripping list of branches": answering(lambda: wire.listing(wire.slowly(b"00" * 5_000))),
    "19 dripping pack": answering(lambda: wire.sending(wire.slowly(START_OF_A_FILE + bytes(60_000)))),
    "19 dripping messages": answering(lambda: wire.sending(wire.slowly(b"x" * 10_000), channel=2)),
}
"""Only the deadline ends these."""

CONTAINED: dict[str, Prepare] = {
    "3 branch": holding(_branch_like_an_option),
    "9 command": submodule("ext::sh -c touch% /tmp/x"),
    "9 file": submodule("file:///etc"),
    "9 neighbour": submodule("../other"),
    "18 Id": holding(_grows(b"* ident\n", b"$Id$" * 100_000)),
    "18 UTF-32": holding(_grows(b"* text working-tree-encoding=UTF-32\n", b"x" * 400_000)),
}
"""Cloned as if the trick were not there."""
