"""What the version route and the metrics say about the model, at one moment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Literal

from pydantic import JsonValue

from grader.schema.challenge import Contract
from grader.schema.evidence import VersionDocument
from harness.client import Client
from harness.drift.gauges import RUNTIME
from harness.telemetry.scraper import scrape
from harness.text import one_line

Moment = Literal["before", "retrained", "end"]

MAX_BYTES = 64 << 10
MAX_LEAVES = 200
MAX_TEXT = 200
MAX_VERSIONS = 16
DEADLINE_S = 1.0


def read(client: Client, contract: Contract, moment: Moment, since: float) -> VersionDocument:
    """Never raises for what the candidate answers."""
    at = time.monotonic()
    reply = client.get(contract.version, deadline_s=DEADLINE_S, max_bytes=MAX_BYTES)
    answer = reply.json() if reply.status == 200 and reply.ok else None
    scraped = scrape(client, moment, contract.metrics, deadline_s=DEADLINE_S)
    named = [
        value
        for family in scraped.families if not family.name.startswith(RUNTIME)
        for sample in family.samples if sample.value
        for key, value in sample.labels.items() if "version" in key.lower()
    ]  # fmt: skip
    return VersionDocument(
        moment=moment, at_s=round(at - since, 6), status=reply.status, document=capped(answer) if isinstance(answer, dict) else None,
        metric_versions=list(dict.fromkeys(named))[:MAX_VERSIONS],
    )  # fmt: skip


def capped(document: Mapping[str, object]) -> dict[str, JsonValue]:
    """The document with at most MAX_LEAVES values, every text stripped and cut: a stranger wrote it. Strict JSON bounded its depth."""
    left = [MAX_LEAVES]

    def take(value: object) -> JsonValue:
        left[0] -= 1
        if isinstance(value, Mapping):
            return {one_line(str(key), MAX_TEXT): take(inner) for key, inner in value.items() if left[0] > 0}
        if isinstance(value, list):
            return [take(inner) for inner in value if left[0] > 0]
        return value if isinstance(value, bool | int | float) or value is None else one_line(str(value), MAX_TEXT)

    return {one_line(str(key), MAX_TEXT): take(value) for key, value in document.items() if left[0] > 0}
