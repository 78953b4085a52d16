"""The rows of a whole experiment: one stream in which only the drift changes.

Clean and drifted rows are drawn with the same seed and picked by position, so ids, customers and timestamps run on across every
boundary. A stream per run would show a monitor new customers and a jump in time exactly where the drift begins.
"""

from __future__ import annotations

from challenges.simulator import Row, Simulator
from grader.schema.causes import Trouble
from harness.drift.plan import Schedule


def compose(simulator: Simulator, schedule: Schedule, seed: int, id_field: str) -> list[Row]:
    """One row per request of the schedule. Raises Trouble("internal_error") if the simulator's ids depend on the drift."""
    n = schedule.requests
    clean = simulator.stream(n, seed)
    rows = list(clean)
    for run, drift in enumerate(schedule.runs):  # one stream at a time: a dozen whole streams would be a gigabyte
        drifted = simulator.stream(n, seed, drift)
        for window in schedule.windows:
            if window.run == run and window.phase == "drifted":
                rows[window.first : window.first + window.size] = drifted[window.first : window.first + window.size]
    if len({row.request[id_field] for row in rows}) != n:
        raise Trouble("internal_error", "the simulator gives the same id to two rows of one drift stream")
    return rows


def customers(rows: list[Row]) -> dict[str, dict[str, object]]:
    """Customer id -> the feature store's answer, for everyone who appears in the rows."""
    return {str(row.features["customer_id"]): row.features for row in rows}
