"""A copy of the service and the service from it, on SQLite and on a real PostgreSQL; what is not whole is refused before anything is written."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from jobs import postgres
from needs import missing

from grader.jobs.store import Store
from grader.schema.causes import UsageError
from grader.web import config
from grader.web.backup import INDEX, backup, restore
from grader.web.config import ServiceSettings

pytestmark = pytest.mark.committed


def service(folder: Path, database_url: str = "") -> ServiceSettings:
    return ServiceSettings(data_dir=folder, database_url=database_url, store_url="", secret_key="")


def filled(settings: ServiceSettings) -> ServiceSettings:
    """With all tables, one person, a result, an archive, and something a run is still at."""
    settings.make_key()
    env = os.environ | {"GRADER_DATA_DIR": str(settings.data_dir), "GRADER_DATABASE_URL": settings.database_url}
    subprocess.run([sys.executable, "-m", "grader", "serve", "--migrate-only"], env=env, check=True, capture_output=True, timeout=120)
    if not settings.database_url:
        with closing(sqlite3.connect(settings.folder / "jobs.sqlite3")) as jobs:
            jobs.execute("CREATE TABLE IF NOT EXISTS kept (name TEXT)")
            jobs.execute("INSERT INTO kept VALUES ('x')")
            jobs.commit()
    store = Store(settings.store)
    for key, content in {"results/a/result.json": b"{}", "uploads/abc": b"\0\1", "staging/a/1/half": b"no"}.items():
        store.put_once(key, content)
    return settings


def tables(settings: ServiceSettings) -> int:
    if settings.database_url:
        with psycopg.connect(settings.database_url) as connection:
            row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    else:
        with closing(sqlite3.connect(settings.folder / "service.sqlite3")) as connection:
            row = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    found = postgres.programs()
    if found is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    with postgres.server(found) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ServiceSettings, ServiceSettings]:
    """A filled service and an empty one."""
    urls = ("", "")
    if request.param == "postgresql":
        server = request.getfixturevalue("server")
        urls = (server.fresh(f"a{os.urandom(4).hex()}"), server.fresh(f"b{os.urandom(4).hex()}"))
    return filled(service(tmp_path / "old", urls[0])), service(tmp_path / "new", urls[1])


def test_the_copy_brings_everything_back(pair: tuple[ServiceSettings, ServiceSettings], tmp_path: Path) -> None:
    old, new = pair
    count = backup(old, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0, "nobody else may read it"
    assert restore(new, tmp_path / "copy") == count
    assert tables(new) == tables(old) > 10
    assert (new.key(), new.key_file.stat().st_mode & 0o777) == (old.key(), 0o600)
    store = Store(new.store)
    assert (store.read("results/a/result.json"), store.read("uploads/abc"), store.keys("staging/")) == (b"{}", b"\0\1", [])


def test_a_service_that_is_not_empty_is_left_alone(pair: tuple[ServiceSettings, ServiceSettings], tmp_path: Path) -> None:
    old, new = pair
    backup(old, tmp_path / "copy")
    restore(new, tmp_path / "copy")
    before = tables(new)
    with pytest.raises(UsageError, match="to an empty service only"):
        restore(new, tmp_path / "copy")
    assert tables(new) == before


def test_what_was_changed_or_cut_off_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    old, new = filled(service(tmp_path / "old")), service(tmp_path / "new")
    backup(old, tmp_path / "copy")
    result = tmp_path / "copy" / "store" / "results" / "a" / "result.json"
    for damage in (lambda: result.write_text("[]"), result.unlink, (tmp_path / "copy" / INDEX).unlink):
        damage()
        with pytest.raises(UsageError, match=r"is not as it was written|holds no whole copy"):
            restore(new, tmp_path / "copy")
    assert not new.folder.exists()


def test_bad_input_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no service in"):
        backup(service(tmp_path / "nothing"), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    old = filled(service(tmp_path / "old"))
    backup(old, tmp_path / "copy")
    with pytest.raises(UsageError, match="exists: name a new folder"):
        backup(old, tmp_path / "copy")
    index = json.loads((tmp_path / "copy" / INDEX).read_text())
    (tmp_path / "copy" / INDEX).write_text(json.dumps(index | {"database": "postgresql"}))
    with pytest.raises(UsageError, match="holds a copy of postgresql, and the settings name sqlite"):
        restore(service(tmp_path / "new"), tmp_path / "copy")


def test_the_url_of_postgresql_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://ada%40x:p%2Fw@db.example.org:5433/the%20grader?sslmode=verify-full&sslrootcert=/ca.pem&options=-c%20search_path%3Dx"
    entry = config.database(service(tmp_path, url))
    assert (entry["NAME"], entry["USER"], entry["PASSWORD"], entry["PORT"]) == ("the grader", "ada@x", "p/w", 5433)
    assert entry["OPTIONS"] == {
        "sslmode": "verify-full", "sslrootcert": "/ca.pem", "options": "-c statement_timeout=15000 -c search_path=x", "connect_timeout": 5,
        "tcp_user_timeout": 15_000,
    }  # fmt: skip
    told: dict[str, str] = {}

    def run(command: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        told.update(env)
        return subprocess.CompletedProcess(command, 1, "", "stopped here")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(UsageError, match="stopped here"):
        backup(service(tmp_path, url), tmp_path / "copy")
    wanted = {"PGDATABASE": "the grader", "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/ca.pem", "PGOPTIONS": "-c search_path=x"}
    assert wanted.items() <= told.items()


def test_a_page_waits_for_postgresql_no_longer_than_it_says(tmp_path: Path, server: postgres.Postgres) -> None:
    entry = config.database(service(tmp_path, server.url))
    options: dict[str, Any] = entry["OPTIONS"]  # type: ignore[assignment]
    with psycopg.connect(host=entry["HOST"], port=entry["PORT"], user=entry["USER"], dbname=entry["NAME"], **options) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("15s",)
