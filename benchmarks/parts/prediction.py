"""Requests of the flagship challenge, for parts that need answers with a contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from challenges.loader import load
from harness.load.supply import fields

CHALLENGE = load("fraud-scoring")
SAMPLE = Path("contract") / "samples" / "request-1.json"
FIELDS = fields(CHALLENGE.spec.contract)


def supply(prefix: str) -> Iterator[tuple[str, bytes]]:
    """(id, body): one sample request under ever new ids."""
    sample = json.loads((CHALLENGE.folder / SAMPLE).read_text(encoding="utf-8"))
    i = 0
    while True:
        name = f"{prefix}-{i}"
        yield name, json.dumps({**sample, FIELDS.id: name}).encode()
        i += 1
