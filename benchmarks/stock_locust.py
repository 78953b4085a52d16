"""Stock Locust as most people run it: ten users at constant throughput. Prints the response times in ms as one JSON list."""

from __future__ import annotations

import json
import sys

import gevent
from locust import FastHttpUser, constant_throughput, task
from locust.env import Environment


class Caller(FastHttpUser):
    wait_time = constant_throughput(10)

    @task
    def call(self) -> None:
        self.client.post("/predict", data=b"{}")


def main(port: str, seconds: str) -> None:
    times: list[float] = []
    environment = Environment(user_classes=[Caller], host=f"http://127.0.0.1:{port}")
    environment.events.request.add_listener(lambda response_time, **_: times.append(response_time))
    runner = environment.create_local_runner()
    runner.start(10, spawn_rate=10)
    gevent.sleep(float(seconds))
    runner.quit()
    print(json.dumps(times))


if __name__ == "__main__":
    main(*sys.argv[1:3])
