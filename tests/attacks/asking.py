"""What the harness does with a service, in a module that a measured process loads quickly."""

from __future__ import annotations

from typing import Any

from harness.client import Client
from harness.telemetry.scraper import scrape

DEADLINE_S = 1.0


def talk(port: int) -> dict[str, Any]:
    """One question, read as JSON, and one scrape."""
    client = Client("127.0.0.1", port)
    reply = client.get("/predict", deadline_s=DEADLINE_S)
    scraped = scrape(client, "x", "/metrics", deadline_s=DEADLINE_S)
    document = reply.json()
    words = f"{reply.error or reply.status}; JSON: {'none' if document is None else 'read'}; metrics: {scraped.problem}"
    return {"words": words, "ok": reply.ok and document is not None, "evidence": len(scraped.model_dump_json()), "bytes": len(reply.body)}
