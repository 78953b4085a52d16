"""A copy of everything that the service keeps, and the service from such a copy.

    backup.json            when, by which version, of which kind of database; SHA-256 of every other file
    service.sqlite3, jobs.sqlite3   or   database.dump (pg_dump's custom format)
    secret.key             where the key is a file of ours
    store/results/...  store/uploads/...

The databases are copied before the artifacts: every job that the copy knows as done then has its result in it. Copying asks nobody to stop.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict
from urllib.parse import unquote, urlsplit

from grader import __version__
from grader.jobs.store import Store
from grader.schema.causes import Trouble, UsageError
from grader.web.config import ServiceSettings, connection_parameters, database_name

INDEX = "backup.json"
SQLITE = ("service.sqlite3", "jobs.sqlite3")
DUMP = "database.dump"
KEY = "secret.key"
KEPT = ("results/", "uploads/")
"""What of the artifact store is worth keeping: the rest is what runs are still at."""

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
TOOL_S = 3600.0
VARIABLES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "passfile": "PGPASSFILE",
    "service": "PGSERVICE", "options": "PGOPTIONS", "connect_timeout": "PGCONNECT_TIMEOUT", "target_session_attrs": "PGTARGETSESSIONATTRS",
    "channel_binding": "PGCHANNELBINDING", "require_auth": "PGREQUIREAUTH", "sslmode": "PGSSLMODE", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT", "sslcrl": "PGSSLCRL", "sslcrldir": "PGSSLCRLDIR", "sslsni": "PGSSLSNI",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION", "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "gssencmode": "PGGSSENCMODE", "krbsrvname": "PGKRBSRVNAME",
}  # fmt: skip
"""Parameter of the database's URL -> the variable by which PostgreSQL's programs read it."""


class Index(TypedDict):
    """`files`: path below the folder -> SHA-256."""

    made: str
    version: str
    database: str
    files: dict[str, str]


def backup(settings: ServiceSettings, folder: Path) -> int:
    """Write a new `folder`, whole or not at all; how many files. Raises UsageError, Trouble, UnavailableError (the store)."""
    if folder.exists():
        raise UsageError(f"{folder} exists: name a new folder")
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True, mode=0o700)
    try:
        _copy_databases(settings, draft)
        if settings.key_file.is_file():
            shutil.copy(settings.key_file, draft / KEY)
        store = Store(settings.store)
        for key in [key for prefix in KEPT for key in store.keys(prefix)]:
            content = store.read(key)
            if content is not None:  # else it was erased meanwhile
                _place(draft, key).write_bytes(content)
        files = {path.relative_to(draft).as_posix(): _digest(path) for path in _files(draft)}
        index = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__, "database": _kind(settings), "files": files}
        (draft / INDEX).write_text(json.dumps(index, indent=1, sort_keys=True))
        draft.rename(folder)
    except OSError as error:
        raise Trouble("disk_full" if error.errno == 28 else "not_permitted", f"while writing {folder}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return len(files)


def restore(settings: ServiceSettings, folder: Path) -> int:
    """Bring an empty service to what `folder` holds; how many files. Everything is verified before anything is written.

    Raises UsageError for a copy that is not whole, is of another kind of database, or for a service that is not empty.
    """
    index = _verified(folder)
    if index["database"] != _kind(settings):
        raise UsageError(f"{folder} holds a copy of {index['database']}, and the settings name {_kind(settings)}")
    store = Store(settings.store)
    taken = [name for name in (*SQLITE, KEY) if not settings.database_url and (settings.folder / name).exists()]
    taken += [key for prefix in KEPT for key in store.keys(prefix)][:1]
    if settings.database_url and _query(settings, TABLES) != "0":
        taken.append("tables in the database")
    if taken:
        raise UsageError(f"a copy is restored to an empty service only, and there are {', '.join(taken)}: name another folder and database")
    settings.folder.mkdir(parents=True, exist_ok=True)
    for key in sorted(name.removeprefix("store/") for name in index["files"] if name.startswith("store/")):
        store.put_once(key, _place(folder, key).read_bytes())
    if KEY in index["files"]:
        shutil.copy(folder / KEY, settings.key_file)
        settings.key_file.chmod(0o600)
    if settings.database_url:
        _tool(
            settings,
            ["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", f"--dbname={database_name(settings)}", str(folder / DUMP)],
        )
    else:
        for name in SQLITE:
            if name in index["files"]:
                shutil.copy(folder / name, settings.folder / name)
    return len(index["files"])


def _copy_databases(settings: ServiceSettings, draft: Path) -> None:
    if settings.database_url:
        _tool(settings, ["pg_dump", "--format=custom", f"--file={draft / DUMP}", database_name(settings)])
        return
    for name in SQLITE:
        source = settings.folder / name
        if source.is_file():
            with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live, closing(sqlite3.connect(draft / name)) as copy:
                live.backup(copy)
    if not any((draft / name).exists() for name in SQLITE):
        raise UsageError(f"there is no service in {settings.folder}: look at GRADER_DATA_DIR")


def _verified(folder: Path) -> Index:
    try:
        index: Index = json.loads((folder / INDEX).read_text())
        wrong = [name for name, digest in index["files"].items() if not (folder / name).is_file() or _digest(folder / name) != digest]
        more = {path.relative_to(folder).as_posix() for path in _files(folder)} - set(index["files"]) - {INDEX}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{folder} holds no whole copy ({INDEX}: {type(error).__name__})") from error
    if wrong or more:
        raise UsageError(f"{folder} is not as it was written: {', '.join(sorted([*wrong, *more])[:5])}")
    return index


def _tool(settings: ServiceSettings, command: Sequence[str]) -> str:
    """A program of PostgreSQL's, told where the server is by its environment: nothing secret stands in an argument."""
    parts = urlsplit(settings.database_url)
    env = {
        "PATH": os.environ.get("PATH", os.defpath), "PGHOST": parts.hostname or "", "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""), "PGPASSWORD": unquote(parts.password or ""), "PGDATABASE": database_name(settings),
    }  # fmt: skip
    env |= {VARIABLES[name]: value for name, value in connection_parameters(settings).items() if name in VARIABLES}
    try:
        done = subprocess.run(list(command), env=env, capture_output=True, text=True, timeout=TOOL_S, check=False)
    except FileNotFoundError:
        raise UsageError(f"{command[0]} is not installed: apt-get install postgresql-client (of the server's version, or later)") from None
    if done.returncode:
        raise UsageError(f"{command[0]}: {' '.join(done.stderr.split())[:400]}")
    return done.stdout


def _query(settings: ServiceSettings, sql: str) -> str:
    return _tool(settings, ["psql", "--no-psqlrc", "--tuples-only", "--no-align", f"--command={sql}"]).strip()


def _kind(settings: ServiceSettings) -> str:
    return "postgresql" if settings.database_url else "sqlite"


def _place(folder: Path, key: str) -> Path:
    path = folder / "store" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
