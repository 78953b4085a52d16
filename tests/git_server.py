"""A folder of git repositories served by a real https git server on loopback, with a CA of its own. Fixtures: `server`, `certificates`."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ENV = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c", "GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000",
}  # fmt: skip


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], env=ENV, input=stdin, capture_output=True, check=True).stdout.decode().strip()


@dataclass
class Repository:
    """A bare repository whose trees are made by hand, so that they can hold what git's own commands refuse."""

    folder: Path

    def blob(self, content: bytes) -> str:
        return git(self.folder, "hash-object", "-w", "--stdin", stdin=content)

    def tree(self, *entries: tuple[str, str, str]) -> str:
        """(mode, object id, name) -> tree id."""
        kinds = {"040000": "tree", "160000": "commit"}
        lines = [f"{mode} {kinds.get(mode, 'blob')} {sha}\t{name}" for mode, sha, name in entries]
        return git(self.folder, "mktree", "--missing", "-z", stdin=b"\0".join(line.encode("utf-8", "surrogateescape") for line in lines))

    def commit(self, tree: str) -> str:
        sha = git(self.folder, "commit-tree", tree, "-m", "x")
        git(self.folder, "update-ref", "refs/heads/main", sha)
        return sha

    def files(self, files: dict[str, bytes]) -> str:
        """Commit plain files at the root."""
        return self.commit(self.tree(*[("100644", self.blob(content), name) for name, content in sorted(files.items())]))


def new_repository(folder: Path) -> Repository:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
    return Repository(folder)


@dataclass
class GitServer:
    root: Path
    ca_file: Path
    port: int
    redirect_to: str | None = None
    stall: threading.Event | None = None
    instead: Callable[[BaseHTTPRequestHandler], None] | None = None
    """Answers in place of git, and may say anything."""
    login: str | None = None
    """`user:password` without which everything is 401."""
    requests: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def url(self, name: str) -> str:
        return f"https://{self.host}/{name}"

    def repository(self, name: str) -> Repository:
        return new_repository(self.root / name)


@pytest.fixture
def server(tmp_path: Path, certificates: tuple[Path, Path, Path]) -> Iterator[GitServer]:
    with serving(tmp_path / "served", certificates) as served:
        yield served


class _Listener(ThreadingHTTPServer):
    """Shakes hands on the connection's own thread: a stranger who connects and says nothing keeps nobody else waiting."""

    daemon_threads = True

    def finish_request(self, request: Any, client_address: Any) -> None:
        with suppress(OSError):  # a client that refuses our certificate, or was killed
            request.settimeout(60)
            request.do_handshake()
            super().finish_request(request, client_address)


@contextmanager
def serving(root: Path, certificates: tuple[Path, Path, Path]) -> Iterator[GitServer]:
    ca, certificate, key = certificates
    served = GitServer(root, ca, 0)
    served.root.mkdir()
    listener = _Listener(("127.0.0.1", 0), _handler(served))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    served.port = listener.server_address[1]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        if served.stall:
            served.stall.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """(CA, server certificate, server key) for localhost."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("ca")
    extensions = folder / "ext"
    extensions.write_text("subjectAltName=DNS:localhost,DNS:rebound.test,IP:127.0.0.1\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca",
        "req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=localhost",
        "x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile ext",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder / "ca.pem", folder / "cert.pem", folder / "key.pem"


def _handler(served: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            served.requests.append(self.path)
            if served.login is not None and self.headers.get("Authorization") != f"Basic {b64encode(served.login.encode()).decode()}":
                self._refuse()
                return
            if served.instead is not None:
                with suppress(OSError):  # the client hung up, as it should
                    served.instead(self)
                self.close_connection = True
                return
            if served.stall is not None:
                served.stall.wait(30)
                return
            if served.redirect_to is not None:
                self.send_response(302)
                self.send_header("Location", served.redirect_to + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            env = ENV | {
                "GIT_PROJECT_ROOT": str(served.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_ADDR": "127.0.0.1",
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }  # fmt: skip
            done = subprocess.run(["git", "-c", "safe.directory=*", "http-backend"], env=env, input=body, capture_output=True)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
            for name, value in (fields | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def _refuse(self) -> None:
            """As a careless server would: what it was sent stands in its answer, which git shows to its user."""
            body = f"denied: {self.headers.get('Authorization')}\n".encode()
            self.send_response(401)
            for name, value in {"WWW-Authenticate": "Basic", "Content-Type": "text/plain", "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler
