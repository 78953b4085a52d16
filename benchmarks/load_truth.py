"""Does the load engine tell the truth about a stall? Against the truth from the schedule, with stock Locust in the same run.

`python benchmarks/load_truth.py [SECONDS]` prints a table and fails when a bar of the design is missed: the engine within 2 % at p95, p98,
p99 and at the share over 100 ms, within 5 % at p50; stock Locust at least 90 % wrong at p95 (else this benchmark shows nothing).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from stall_server import REPLY_S, held_until

from harness.load import schedule
from harness.load.generator import LoadGenerator
from harness.load.plan import Plan
from harness.load.trace import Floats, quantile

HERE = Path(__file__).parent
RATE, SLO_MS = 100.0, 100.0
QUANTILES = {"p50": 0.50, "p95": 0.95, "p98": 0.98, "p99": 0.99, "p99.9": 0.999}
BARS = {"p50": 0.05, "p95": 0.02, "p98": 0.02, "p99": 0.02, "over": 0.02}


def described(milliseconds: Floats) -> dict[str, float]:
    values = np.sort(milliseconds)
    return {name: quantile(values, q) for name, q in QUANTILES.items()} | {"over": float(np.mean(values > SLO_MS)) * 100}


def main(seconds: float) -> int:
    anchor = time.monotonic()
    server = subprocess.Popen([sys.executable, HERE / "stall_server.py", repr(anchor)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with LoadGenerator() as generator:
            running = generator.start(Plan("127.0.0.1", port, "/predict", schedule.poisson(RATE, seconds, 1), [b"{}"], [], timeout_s=5.0))
            trace = running.wait()
        stock = subprocess.run([sys.executable, HERE / "stock_locust.py", str(port), str(seconds)], check=True, stdout=subprocess.PIPE)
    finally:
        server.kill()
        server.wait()
    truth = np.array([held_until(t, anchor) + REPLY_S - t for t in trace.intended.tolist()]) * 1e3
    rows = {"truth": described(truth), "engine": described(trace.latency_s() * 1e3), "stock Locust": described(np.array(json.loads(stock.stdout)))}
    for name, row in rows.items():
        print(f"{name:14}" + "".join(f"{key:>7} {value:8.2f}" for key, value in row.items()))
    lag = quantile(np.sort(trace.lag_s) * 1e3, 0.99)
    print(f"lag p99 {lag:.3f} ms; generator CPU {trace.cpu_s / seconds:.1%} of a core, peak {generator.peak_mib:.0f} MiB")
    return verdict(rows)


def verdict(rows: dict[str, dict[str, float]]) -> int:
    truth = rows["truth"]
    missed = [key for key, bar in BARS.items() if abs(rows["engine"][key] / truth[key] - 1) > bar]
    wrong = abs(rows["stock Locust"]["p95"] / truth["p95"] - 1)
    print(f"engine misses: {', '.join(missed) or 'none'}; stock Locust is {wrong:.0%} wrong at p95")
    return 1 if missed or wrong < 0.9 else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 40.0))
