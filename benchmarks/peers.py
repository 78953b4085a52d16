"""Other load tools behind one face: what each says of the same server, and what it used for that. None where a tool is not installed."""

from __future__ import annotations

import csv
import io
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.bench import ROOT
from grader.schema.causes import Trouble
from harness import packages
from harness.load.trace import Floats

CALLERS = 10
PATH = "/predict"
TOOLS = ("hey", "wrk")
SPARE_S = 60.0
NOT_INSTALLED = "not installed"


@dataclass(frozen=True)
class Ran:
    """What a tool says: its response times in ms, unsorted; how many failed; the CPU seconds it used, start-up included unless it can tell."""

    milliseconds: Floats
    failures: int
    cpu_s: float

    @property
    def per_cpu_s(self) -> float:
        """Requests per CPU-second."""
        return len(self.milliseconds) / self.cpu_s


def install(say: Callable[[str], None]) -> None:
    """Install hey and wrk from the distribution's packages where that is ours to do. Never raises: without one its rows say "not installed"."""
    for tool in TOOLS:
        if shutil.which(tool) is None and packages.why_not() is None:
            say(f"installing {tool}")
            try:
                packages.install([tool])
            except Trouble as trouble:
                say(f"{trouble.detail}; its rows will be empty")


def locust(port: int, seconds: float, kind: str, users: int = CALLERS, per_user_rate: float = 0.0) -> Ran:
    """Stock Locust: `users` of `kind` ("fast" or "http"), each at most `per_user_rate` per second, 0 for its default wait."""
    command = [sys.executable, "-m", "benchmarks.stock_locust", str(port), str(seconds), kind, str(users), str(per_user_rate)]
    said = json.loads(_run(command, seconds)[0])
    return Ran(np.array(said["times"]), int(said["failures"]), float(said["cpu_s"]))


def hey(port: int, seconds: float) -> Ran | None:
    """hey as in its manual: ten workers at 10 requests/s each."""
    if shutil.which("hey") is None:
        return None
    command = ["hey", "-z", f"{seconds}s", "-c", str(CALLERS), "-q", "10", "-m", "POST", "-T", "application/json", "-d", "{}", "-o", "csv"]
    output, cpu_s = _run([*command, f"http://127.0.0.1:{port}{PATH}"], seconds)
    rows = list(csv.DictReader(io.StringIO(output)))
    return Ran(np.array([float(row["response-time"]) * 1e3 for row in rows]), sum(row["status-code"] != "200" for row in rows), cpu_s)


def wrk(port: int, seconds: float) -> Ran | None:
    """wrk with ten connections: always closed loop and saturating. Its histogram is already corrected by wrk for its mean interval."""
    if shutil.which("wrk") is None:
        return None
    command = ["wrk", "-t1", f"-c{CALLERS}", f"-d{round(seconds)}s", "-s", str(ROOT / "benchmarks" / "wrk.lua")]
    output, cpu_s = _run([*command, f"http://127.0.0.1:{port}{PATH}"], seconds)
    words = [line.split() for line in output.splitlines()]
    bins = np.array([(int(word[1]), int(word[2])) for word in words if word[:1] == ["latency"] and len(word) == 3]).reshape(-1, 2)
    errors = next((int(word[3]) for word in words if word[:1] == ["requests"]), 0)
    return Ran(np.repeat(bins[:, 0] / 1e3, bins[:, 1]), errors, cpu_s)


def _run(command: list[str], seconds: float) -> tuple[str, float]:
    """(stdout, CPU seconds of the process). Raises Trouble when the tool fails or hangs."""
    before = _children_s()
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + SPARE_S)
    except subprocess.TimeoutExpired:
        raise Trouble("internal_error", f"{command[0]} did not end") from None
    if done.returncode:
        raise Trouble("internal_error", f"{' '.join(command[:3])} failed: {done.stderr.strip()[-200:]}")
    return done.stdout, _children_s() - before


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
