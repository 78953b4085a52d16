"""A real PostgreSQL for tests: started on a free port, in a temporary folder, as an unprivileged user, and gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

VERSIONS = Path("/usr/lib/postgresql")
USER = "nobody"
NICE = ["nice", "-n", "19"]
SETTINGS = ("fsync=off", "shared_buffers=32MB", "max_connections=60", "listen_addresses=127.0.0.1")


def programs() -> Path | None:
    """The folder of initdb and postgres, or None when the distribution's package is not installed."""
    found = sorted(VERSIONS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


class Postgres:
    """One server. `stop` and `start` let it go away and come back."""

    def __init__(self, bin: Path, folder: Path) -> None:
        self._bin, self._folder = bin, folder
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._run("initdb", "-D", str(folder / "data"), "-U", "grader", "-A", "trust", "-E", "UTF8", "--no-sync")
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://grader@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = [word for setting in (*SETTINGS, f"port={self.port}", f"unix_socket_directories={self._folder}") for word in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*NICE, str(self._bin / "postgres"), "-D", str(self._folder / "data"), *options], stdout=log, stderr=log, cwd=self._folder, **_user()
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._server.poll() is not None:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        """At once, as if the machine had lost power: no client is waited for."""
        if self._server is not None:
            self._server.send_signal(3)
            self._server.wait(timeout=30)
            self._server = None

    def fresh(self, name: str) -> str:
        """The URL of a new, empty database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url.rpartition("/")[0] + f"/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([*NICE, str(self._bin / program), *arguments], check=True, capture_output=True, cwd=self._folder, **_user())


@contextmanager
def server(bin: Path) -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="grader-postgres-"))
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        one = Postgres(bin, folder)
        one.start()
        try:
            yield one
        finally:
            one.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> dict[str, object]:
    """PostgreSQL refuses to run as root."""
    return {"user": USER, "group": pwd.getpwnam(USER).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
