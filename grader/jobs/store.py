"""Artifacts: one URL, `file:///folder` or `s3://bucket/prefix`. Objects are put once and never change.

    results/<job>/      what was published: claim.json first, result.json last
    staging/<job>/<run>/  what a run has made and nobody has published yet
    uploads/<sha256>    archives that were handed in
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import from_url

from grader.jobs.model import UnavailableError


class Store:
    """One artifact store. Thread-safe. Every method raises UnavailableError when it does not answer."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        with _translated():
            if self._folder:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._store = from_url(url, mkdir=True, automatic_cleanup=True) if self._folder else from_url(url)

    def put_once(self, key: str, content: bytes | Path) -> bool:
        """Store an object, whole or not at all; False when the key is taken, by whoever came first."""
        try:
            with _translated():
                obstore.put(self._store, key, content, mode="create", use_multipart=False)
        except FileExistsError:
            return False
        return True

    def read(self, key: str) -> bytes | None:
        """An object, or None where there is none."""
        try:
            with _translated():
                return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError:
            return None

    def has(self, key: str) -> bool:
        """Whether there is such an object, without reading it."""
        try:
            with _translated():
                obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def keys(self, prefix: str) -> list[str]:
        """The keys below a folder, sorted."""
        with _translated():
            return sorted(str(item["path"]) for batch in obstore.list(self._store, prefix) for item in batch)

    def older(self, prefix: str, age_s: float) -> list[str]:
        """The keys below a folder that were put longer ago than this, sorted."""
        limit = time.time() - age_s
        with _translated():
            found = [item for batch in obstore.list(self._store, prefix) for item in batch]
        return sorted(str(item["path"]) for item in found if item["last_modified"].timestamp() < limit)

    def remove_drafts(self, age_s: float) -> int:
        """Remove what writers that were killed have left half-written longer ago than this; how many files. Only a local folder has such:
        `<key>#<number>`, which no listing shows, so that removing all below a folder would leave it there."""
        limit, removed = time.time() - age_s, 0
        with _translated():
            for path in self._folder.rglob("*#*") if self._folder else ():
                if path.name.rpartition("#")[2].isdigit() and path.is_file() and path.stat().st_mtime < limit:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def remove(self, prefix: str) -> int:
        """Remove an object, or everything below a folder; how many objects there were. ValueError for half a key, which may name everybody's."""
        if prefix.count("/") < 1 or not all(prefix.split("/")):
            raise ValueError(f"{prefix!r} names no object or folder of one job")
        found = self.keys(prefix) or ([prefix] if self.read(prefix) is not None else [])
        with _translated():
            if found:
                obstore.delete(self._store, found)
        return len(found)

    def answers(self) -> None:
        """Raises UnavailableError when the store cannot be listed."""
        with _translated():
            next(iter(obstore.list(self._store, chunk_size=1)), None)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (FileExistsError, FileNotFoundError):
        raise
    except AlreadyExistsError as error:
        raise FileExistsError(str(error)) from error
    except (BaseError, OSError, ValueError) as error:
        text = " ".join(str(error).split())
        full = "No space left" in text or "os error 28" in text
        raise UnavailableError("The disk is full: free some space." if full else f"The artifact store does not answer: {text[:200]}") from error
