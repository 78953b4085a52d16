"""What the version route told. Its recorded body is an excerpt, so a long document is read key by key."""

from __future__ import annotations

import json
import re

from grader.schema.challenge import Challenge
from grader.schema.evidence import ContractEvidence, Exchange

FIELDS = ("model_version", "data_version", "code_commit", "training_metrics")
EMPTY = ("", "unknown", "none", "null", "todo", "n/a", "dev", "{}", "[]")


def version_exchange(contract: ContractEvidence, challenge: Challenge) -> Exchange | None:
    """The probe of the version route."""
    return next((e for e in contract.exchanges if e.path == challenge.contract.version and e.method == "GET"), None)


def told(exchange: Exchange) -> dict[str, str]:
    """Field -> what it says, for the fields of the contract that say something; {} unless the status was 200."""
    if exchange.status != 200:
        return {}
    try:
        document = json.loads(exchange.body)
    except ValueError:
        document = _excerpt(exchange.body)
    if not isinstance(document, dict):
        return {}
    values = {field: _text(document[field]) for field in FIELDS if document.get(field) is not None}
    return {field: value for field, value in values.items() if value.strip().lower() not in EMPTY}


def _excerpt(body: str) -> dict[str, object]:
    """Top-level looking keys of a document that was cut off."""
    pairs = re.findall(r'"(\w+)"\s*:\s*("(?:[^"\\]|\\.)*"|[{\[]|[-\w.+]+)', body)
    return {key: value.strip('"') for key, value in pairs if key in FIELDS}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
