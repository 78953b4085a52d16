"""Artifacts: one URL setting, `file:///folder` or `s3://bucket/prefix`. Objects are put once and never change."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from grader.web.config import service_settings
from grader.web.trouble import UnavailableError

RESULT, REPORT = "result.json", "report.html"


@lru_cache(maxsize=1)
def store() -> ObjectStore:
    """The store of this process."""
    url = service_settings().store
    parts = urlsplit(url)
    if parts.scheme == "file":
        Path(unquote(parts.path)).mkdir(parents=True, exist_ok=True)
        return from_url(url, mkdir=True)
    return from_url(url)


def put_once(key: str, content: bytes) -> bool:
    """Store `content`; False when the key is taken. UnavailableError when the store cannot be written."""
    try:
        obstore.put(store(), key, content, mode="create")
    except AlreadyExistsError:
        return False
    except (BaseError, OSError) as error:
        raise _trouble(error) from error
    return True


def read(key: str) -> bytes | None:
    """The object, or None where there is none. UnavailableError when the store does not answer."""
    try:
        return bytes(obstore.get(store(), key).bytes())
    except FileNotFoundError:
        return None
    except (BaseError, OSError) as error:
        raise _trouble(error) from error


def answers() -> None:
    """Raises UnavailableError when the store cannot be listed."""
    try:
        next(iter(obstore.list(store(), chunk_size=1)), None)
    except (BaseError, OSError) as error:
        raise _trouble(error) from error


def _trouble(error: Exception) -> UnavailableError:
    text = str(error)
    full = "No space left" in text or "os error 28" in text
    return UnavailableError("The disk is full: free some space and try again." if full else f"The artifact store does not answer: {text[:200]}")
