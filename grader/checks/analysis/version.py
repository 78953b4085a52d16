"""What the version route told. Its recorded body is an excerpt, so a long document is read key by key."""

from __future__ import annotations

import json
import math
import re

from grader.checks.analysis.placeholders import EMPTY, says_nothing
from grader.schema.challenge import Challenge
from grader.schema.evidence import ContractEvidence, Exchange, MetricsEvidence

__all__ = ["EMPTY", "FIELDS", "named_beside", "told", "version_exchange"]

CODE, METRICS = "code_commit", "training_metrics"
FIELDS = ("model_version", "data_version", CODE, METRICS)
_NO_COMMIT = re.compile(r"^(?:head|main|master|trunk|develop|dirty|no-?git|0+)$", re.I)
"""Names that move on with the code, and git's word for no commit."""


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
    return {field: _text(document[field]) for field in FIELDS if field in document and _says_something(field, document[field])}


def named_beside(metrics: MetricsEvidence, before: str, served: set[str]) -> str:
    """The gauge that names the old model as served beside a new one, by one label, once all is quiet; empty where there is none.

    A counter keeps what the old one did, and a label such as `parent_version` may name it as long as it likes.
    """
    scrape = metrics.scrape("idle_0")
    for family in scrape.families if scrape and before not in served else []:
        if family.type != "gauge":
            continue
        on = [sample.labels for sample in family.samples if sample.value]
        for key in {key for labels in on for key in labels if "version" in key.lower()}:
            named = {labels[key] for labels in on if key in labels}
            if before in named and named & served:
                return family.name
    return ""


def _says_something(field: str, value: object) -> bool:
    """A leaf with content; of metrics a number that was measured; a commit that names one state of the code."""
    leaves = _leaves(value)
    if field == METRICS and isinstance(value, (dict, list)):
        return any(_is_measured(leaf) for leaf in leaves)
    texts = [_text(leaf) for leaf in leaves if leaf is not None]
    return any(not says_nothing(text) and not (field == CODE and _NO_COMMIT.match(text.strip())) for text in texts)


def _is_measured(leaf: object) -> bool:
    """A finite number beside zero, which is what stands there before any run; also one that is written as a text."""
    try:
        return isinstance(leaf, (int, float, str)) and not isinstance(leaf, bool) and math.isfinite(float(leaf)) and float(leaf) != 0
    except (ValueError, OverflowError):
        return False


def _leaves(value: object) -> list[object]:
    """Everything below that is neither object nor list. Loops instead of recursion: the document is a stranger's."""
    found, queue = [], [value]
    for item in queue:
        if isinstance(item, dict):
            queue += item.values()
        elif isinstance(item, list):
            queue += item
        else:
            found.append(item)
    return found


def _excerpt(body: str) -> dict[str, object]:
    """Top-level looking keys of a document that was cut off; what begins an object or a list stands for its content."""
    pairs = re.findall(r'"(\w+)"\s*:\s*("(?:[^"\\]|\\.)*"|[{\[]|[-\w.+]+)', body)
    return {key: "cut off" if value in "{[" else value.strip('"') for key, value in pairs if key in FIELDS}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
