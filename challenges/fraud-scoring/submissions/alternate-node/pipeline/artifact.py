"""The artifact: one JSON file that carries its own digest. No pickle: loading a model must not be able to run code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

SCHEMA = "fraud-terms/1"
BLANK = "0" * 64


def dumps(document: dict[str, Any]) -> bytes:
    """The file's bytes. `digest` is sha256 over these very bytes with 64 zeros in its place, so no canonical form has to be agreed on."""
    text = json.dumps({"schema": SCHEMA, "digest": BLANK, **document}, separators=(",", ":"), allow_nan=False) + "\n"
    return text.replace(BLANK, hashlib.sha256(text.encode()).hexdigest(), 1).encode()


def write(document: dict[str, Any], path: Path) -> str:
    """Write atomically; returns the sha256 of the file."""
    content = dumps(document)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)
    return hashlib.sha256(content).hexdigest()
