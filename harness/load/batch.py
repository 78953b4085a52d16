"""The optional batch route: is there one, how does it want its items, and what does it save against one prediction per request?

Requests are sent one after another, since what is asked here is cost per prediction and not endurance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import monotonic

from challenges.simulator import Row
from grader.schema.challenge import Contract
from grader.schema.evidence.load import BatchEvidence, BatchTrial
from harness.client import Client
from harness.sandbox.container import Candidate

Items = list[dict[str, object]]

SIZES = (1, 16, 64)
TRIAL_S = 0.7
DEADLINE_S = 3.0

SHAPES: dict[str, Callable[[Items], object]] = {
    "a list": lambda items: items,
    "instances": lambda items: {"instances": items},
    "transactions": lambda items: {"transactions": items},
    "requests": lambda items: {"requests": items},
    "items": lambda items: {"items": items},
}
"""How a batch may be wrapped, in the order in which it is tried."""

MISSING = (404, 405, 501)


def measure(candidate: Candidate, contract: Contract, rows: Sequence[Row]) -> BatchEvidence | None:
    """None where the contract names no such route. A route that is not there costs one request."""
    if not contract.batch:
        return None
    items: Items = [row.request for row in rows]
    shape = _shape(candidate.client, contract, items[:2])
    if shape is None:
        return BatchEvidence(route=contract.batch)
    return BatchEvidence(route=contract.batch, found=shape, trials=[_trial(candidate, contract, items, size, shape) for size in SIZES])


def _shape(client: Client, contract: Contract, items: Items) -> str | None:
    for name, wrap in SHAPES.items():
        reply = client.post_json(contract.batch, wrap(items), deadline_s=DEADLINE_S)
        if reply.error is not None or reply.status in MISSING:  # not worth a deadline per way of wrapping
            return None
        if reply.status == 200 and predictions(reply.json(), contract) == len(items):
            return name
    return None


def _trial(candidate: Candidate, contract: Contract, items: Items, size: int, shape: str) -> BatchTrial:
    """One size: as many requests as fit the time. Size 1 goes to the route for single predictions."""
    before, took, answered, sent, begin = candidate.usage(), list[float](), 0, 0, monotonic()
    while monotonic() - begin < TRIAL_S:
        batch = [items[(sent * size + i) % len(items)] for i in range(size)]
        route, body = (contract.predict, batch[0]) if size == 1 else (contract.batch, SHAPES[shape](batch))
        start = monotonic()
        reply = candidate.client.post_json(route, body, deadline_s=DEADLINE_S)
        sent += 1
        if reply.status == 200 and predictions(reply.json(), contract) == size:
            answered += 1
            took.append(monotonic() - start)
    cpu_s = candidate.usage().cpu_s - before.cpu_s
    cost = round(cpu_s / (answered * size) * 1e3, 4) if answered and cpu_s >= 0 else None
    return BatchTrial(
        size=size, requests=sent, answered=answered, p50_ms=round(median(took) * 1e3, 3) if took else None, cpu_ms_per_prediction=cost
    )


def predictions(answer: object, contract: Contract) -> int:
    """How many predictions an answer holds: itself, a list, or the one list in it."""
    if isinstance(answer, dict) and contract.score_field in answer:
        return int(_is_prediction(answer, contract))
    lists = [answer] if isinstance(answer, list) else [v for v in answer.values() if isinstance(v, list)] if isinstance(answer, dict) else []
    return sum(_is_prediction(item, contract) for item in lists[0]) if len(lists) == 1 else 0


def _is_prediction(item: object, contract: Contract) -> bool:
    score = item.get(contract.score_field) if isinstance(item, dict) else None
    return isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1
