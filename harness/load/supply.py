"""What requests are made of: the challenge's hidden rows as bodies, each id once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import ceil, sqrt

from challenges.simulator import Row
from grader.schema.challenge import Contract, LoadWindowPlan, Reality
from harness.load.plan import Fields

Supply = Iterator[tuple[str, bytes]]
"""(id, body) for ever."""


def requests(rows: Sequence[Row], id_field: str) -> Supply:
    """Once through the rows as they are, then again under new ids, so that no id is ever sent twice."""
    lap = 0
    while True:
        for row in rows:
            name = str(row.request[id_field])
            fresh = name if lap == 0 else f"{name[:56]}-{lap}"
            yield fresh, json.dumps(row.request if lap == 0 else {**row.request, id_field: fresh}).encode()
        lap += 1


def rows_needed(plans: Sequence[LoadWindowPlan], reality: Reality) -> int:
    """How many rows one pass over all windows may use, with room for a Poisson schedule's luck."""
    return sum(_upper(plan.rate_factor * reality.rate_rps * plan.seconds) for plan in plans)


def fields(contract: Contract) -> Fields:
    """The contract's field names, as the engine wants them."""
    return Fields(contract.id_field, contract.score_field, contract.degraded_field, contract.version_field)


def _upper(mean: float) -> int:
    """A count that a Poisson number of this mean exceeds about once in a billion draws."""
    return ceil(mean + 6 * sqrt(mean) + 16)
