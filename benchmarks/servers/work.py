"""A service of known CPU cost: one thread, first come first served, so queueing theory (M/D/1) says what it can bear.

`python -m benchmarks.servers.work COST_MS [HOST PORT]` prints its port. Each answer costs COST_MS of CPU time beside its reading and
writing, and is a valid prediction by the flagship challenge's contract.
"""

from __future__ import annotations

import json
import sys
from time import thread_time

from benchmarks.servers.loop import Loop
from benchmarks.servers.wire import answer, listen

ID_FIELD = "transaction_id"
PREDICTION = {"score": 0.25, "decision": "approve", "model_version": "1.0", "degraded": False}


def predict(body: bytes, cost_s: float) -> bytes:
    """CPU time, not wall time: losing the core must not make work cheaper."""
    begin = thread_time()
    said = answer(json.dumps({ID_FIELD: json.loads(body)[ID_FIELD], **PREDICTION}).encode())
    while thread_time() - begin < cost_s:
        pass
    return said


def main(cost_ms: str, host: str = "127.0.0.1", port: str = "0") -> None:
    Loop(listen(host, int(port)), lambda body: predict(body, float(cost_ms) / 1e3)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
