"""What all workers share: one SQLite database (write-ahead log) on the data volume.

Workers append predictions and labels; one of them, the leader, reads them and writes what it concludes. Because nothing that the leader
knows lives in its memory alone, another worker can take over in the middle of a window.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

LOG = logging.getLogger("scoring.state")
KEPT_PREDICTIONS = 20_000  # that wait for a label: three minutes at 100/s; a real deployment joins in the warehouse
KEPT_LABELS = 50_000
KEPT_JOINED = 3_000

TABLES = """
CREATE TABLE IF NOT EXISTS prediction (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id TEXT NOT NULL, customer_id TEXT NOT NULL,
    inputs BLOB NOT NULL, history BLOB, score REAL, vector BLOB);
CREATE INDEX IF NOT EXISTS prediction_by_transaction ON prediction (transaction_id);
CREATE TABLE IF NOT EXISTS label (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id TEXT NOT NULL, label INTEGER NOT NULL, taken REAL NOT NULL);
CREATE TABLE IF NOT EXISTS joined (seq INTEGER PRIMARY KEY AUTOINCREMENT, vector BLOB NOT NULL, label INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class State:
    """Connections are per thread (and so never cross a fork); the file is made on first use. Methods raise sqlite3.Error."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "state.db"
        self._local = threading.local()

    @property
    def db(self) -> sqlite3.Connection:
        if not hasattr(self._local, "db"):
            try:
                self._local.db = self._open()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # busy, full or not writable: not the file's fault
                    raise
                LOG.error("state database set aside", extra={"error": str(error)})
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{self.path}{suffix}").unlink(missing_ok=True)
                self._local.db = self._open()
        db: sqlite3.Connection = self._local.db
        return db

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=2.0, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")  # a crash of the machine takes the volume's memory with it anyway
        db.execute("PRAGMA journal_size_limit = 8388608")
        db.executescript(TABLES)
        return db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        db = self.db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def append(self, predictions: Sequence[tuple[Any, ...]], labels: Sequence[tuple[str, int, float]]) -> None:
        """Rows of `prediction` after its seq, and (transaction_id, label, time) of labels."""
        with self.transaction() as db:
            db.executemany(
                "INSERT INTO prediction (transaction_id, customer_id, inputs, history, score, vector) VALUES (?, ?, ?, ?, ?, ?)", predictions
            )
            db.executemany("INSERT INTO label (transaction_id, label, taken) VALUES (?, ?, ?)", labels)

    def read(self, name: str) -> dict[str, Any]:
        """A document of the leader; empty where there is none or the database cannot be read."""
        try:
            row = self.db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            LOG.warning("state unread", extra={"error": str(error)})
            return {}
        return msgspec.json.decode(row[0]) if row else {}

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Inside a transaction or on its own."""
        self.db.execute("INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, msgspec.json.encode(value)))

    def newest(self) -> int:
        """Sequence number of the last prediction."""
        return int(self.db.execute("SELECT coalesce(max(seq), 0) FROM prediction").fetchone()[0])

    def prune(self) -> None:
        with self.transaction() as db:
            for table, kept in (("prediction", KEPT_PREDICTIONS), ("label", KEPT_LABELS), ("joined", KEPT_JOINED)):
                db.execute(f"DELETE FROM {table} WHERE seq <= (SELECT max(seq) FROM {table}) - ?", (kept,))
