"""Stock Locust as people run it, for comparison. Prints one JSON object: response times in ms, CPU seconds of the run without its start-up.

`python -m benchmarks.stock_locust PORT SECONDS fast|http USERS PER_USER_RATE` - a rate of 0 leaves Locust's default wait (none).
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

import gevent
from locust import FastHttpUser, HttpUser, constant_throughput
from locust.env import Environment

USERS: dict[str, Any] = {"fast": FastHttpUser, "http": HttpUser}
HEADERS = {"Content-Type": "application/json"}


def caller(kind: str, per_user_rate: float) -> Any:
    """A user class as in Locust's manual."""
    wait = {"wait_time": constant_throughput(per_user_rate)} if per_user_rate else {}
    return type("Caller", (USERS[kind],), {"tasks": [call], **wait})


def call(user: Any) -> None:
    user.client.post("/predict", data=b"{}", headers=HEADERS)


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(port: str, seconds: str, kind: str, users: str, per_user_rate: str) -> None:
    times: list[float] = []
    failures: list[str] = []

    def note(response_time: float, exception: Exception | None, **_: object) -> None:
        times.append(response_time)
        if exception is not None:
            failures.append(str(exception))

    environment: Any = Environment(user_classes=[caller(kind, float(per_user_rate))], host=f"http://127.0.0.1:{port}")
    environment.events.request.add_listener(note)
    runner = environment.create_local_runner()
    before = cpu_s()
    runner.start(int(users), spawn_rate=int(users))
    gevent.sleep(float(seconds))
    used, done = cpu_s() - before, len(times)
    runner.quit()
    print(json.dumps({"times": times[:done], "failures": len(failures), "cpu_s": used}))


if __name__ == "__main__":
    main(*sys.argv[1:6])
