"""The grader as its users meet it: a child process with arguments, an environment, lines and an exit code; and what it leaves behind."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker

from grader.schema.result import Result
from harness.sandbox.owner import KIND, OWNER, owner_token

ROOT = Path(__file__).parents[2]
GRADER = str(Path(sys.executable).with_name("grader"))
PATIENCE_S = 240.0
"""For any single wait: others may hold the measurement slot of this machine for minutes."""

Event = dict[str, Any]


@dataclass
class Place:
    """Folders and environment of their own for gradings of a test: nothing of the user's is read or written."""

    folder: Path
    env: dict[str, str]
    challenges_root: Path

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def state(self) -> list[Path]:
        return sorted((self.folder / "state").rglob("*.json"))

    def with_env(self, **more: str) -> Place:
        return Place(self.folder, self.env | more, self.challenges_root)

    def run(self, *arguments: str, timeout_s: float = PATIENCE_S, launcher: Sequence[str] = (), **options: Any) -> Done:
        """A verb to its end, started by another program where one is given."""
        command = [*launcher, GRADER, *arguments]
        done = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=timeout_s, **options)
        return Done(done.returncode, done.stdout, done.stderr)

    def grade(self, origin: str | Path, *more: str, **options: Any) -> Done:
        return self.run(*self.arguments(origin, *more), **options)

    def arguments(self, origin: str | Path, *more: str) -> list[str]:
        mode = [] if "-m" in more else ["-m", "tiny"]
        return ["grade", str(origin), "-c", "fraud-scoring", *mode, "-o", str(self.out), *more]

    @contextmanager
    def grading(self, origin: str | Path, *more: str) -> Iterator[Grading]:
        """A grading under way. Killed at the end of the block should it still run."""
        process = subprocess.Popen(
            [GRADER, *self.arguments(origin, *more)], env=self.env, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        grading = Grading(process)
        try:
            yield grading
        finally:
            process.kill()
            process.wait()


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def events(self) -> list[Event]:
        """Every line of stdout; fails when one is not JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def line(self) -> str:
        """The one line on stderr; fails when there are more or none."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


@dataclass
class Grading:
    """A grading under way, read line by line."""

    process: subprocess.Popen[str]
    seen: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.token = owner_token(self.process.pid)
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._said: list[str] = []
        self._readers = [threading.Thread(target=self._read, daemon=True), threading.Thread(target=self._listen, daemon=True)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(None)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self._said.extend(self.process.stderr)

    def until(self, event: str, stage: str) -> Event:
        """The next such event. Fails when the run ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._queue.get(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {event} {stage} within {PATIENCE_S:g} s; last: {self.seen[-3:]}") from None
            assert line is not None, f"it ended before {event} {stage}: {self._said} {self.seen[-3:]}"
            self.seen.append(json.loads(line))
            if self.seen[-1]["event"] == event and self.seen[-1].get("stage") == stage:
                return self.seen[-1]

    def end(self, timeout_s: float = PATIENCE_S) -> Done:
        """Wait until it has ended; the rest of its lines are in `seen`."""
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(10)
        while (line := self._queue.get(timeout=10)) is not None:
            self.seen.append(json.loads(line))
        return Done(code, "\n".join(map(json.dumps, self.seen)), "".join(self._said))


def result_of(out: Path) -> Result:
    """The result of a grading whose report is complete: every document is there and says the headline."""
    result = Result.model_validate_json((out / "result.json").read_bytes())
    assert (out / "bundle" / "manifest.json").is_file()
    assert "<html" in (out / "report.html").read_text()
    assert "<testsuite" in (out / "junit.xml").read_text()
    assert result.headline[:36] in (out / "summary.md").read_text().replace("\\", "")
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == [], "a draft was left in the output folder"
    return result


def owned(engine: docker.DockerClient, token: str) -> list[str]:
    """Everything at the engine that carries a process's label."""
    mine: dict[str, Any] = {"label": f"{OWNER}={token}"}
    found = [f"container {c['Names']}" for c in engine.api.containers(all=True, filters=mine)]
    found += [f"network {n['Name']}" for n in engine.api.networks(filters=mine)]
    found += [f"volume {v['Name']}" for v in engine.api.volumes(filters=mine)["Volumes"] or []]
    return found + [f"image {i['Id']}" for i in engine.api.images(filters=mine)]


def candidates_network(engine: docker.DockerClient, token: str) -> Any:
    """The network that the candidate of a process's grading is on; the control container has one of its own."""
    networks = engine.networks.list(filters={"label": f"{OWNER}={token}"})
    return next(network for network in networks if KIND not in network.attrs["Labels"])


def orphan_rules(engine: docker.DockerClient, image: str) -> list[str]:
    """INPUT rules of ours for bridges that are gone, by the helper's image: the host may have no iptables."""
    said: bytes = engine.containers.run(
        image, ["iptables", "-w", "5", "-S", "INPUT"], entrypoint=[], network_mode="host", cap_drop=["ALL"], cap_add=["NET_ADMIN", "NET_RAW"],
        remove=True, tmpfs={"/run": "size=1m"}, user="0:0",
    )  # fmt: skip
    bridges = {name: line for line in said.decode().splitlines() for name in re.findall(r"-[ij] (gr(?:-|b)[0-9a-f]+)", line)}
    return [line for name, line in bridges.items() if not Path("/sys/class/net", name).exists()]


def eventually_empty(look: Callable[[], list[str]], within_s: float = 15.0) -> list[str]:
    """What is still there after the time; [] as soon as nothing is. Rules of gradings beside ours come and go."""
    deadline = time.monotonic() + within_s
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def processes_of(folder: Path) -> list[str]:
    """Command lines of live processes that work in or were told about a folder."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            words = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (proc / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if words and proc.name != str(os.getpid()) and (str(folder) in words or f"={folder}" in environment):
            found.append(words)
    return found


def make_place(folder: Path, challenges_root: Path) -> Place:
    (folder / "tmp").mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRADER_", "XDG_", "DOCKER_", "TMPDIR"))}
    own = {
        "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config"), "TMPDIR": str(folder / "tmp"),
        "GRADER_CHALLENGES_ROOT": str(challenges_root), "GRADER_OPERATOR_KEY": "a key of the tests only", "COLUMNS": "200",
    }  # fmt: skip
    host = {"DOCKER_HOST": os.environ["DOCKER_HOST"]} if "DOCKER_HOST" in os.environ else {}
    return Place(folder, kept | own | host, challenges_root)


TINY = """
[modes.tiny]
title = "tiny: for tests"
budget_s = 20
faults = ["malformed_input"]
load = [
    { name = "warmup", arrivals = "constant", rate_factor = 0.3, seconds = 1 },
    { name = "steady", arrivals = "poisson", rate_factor = 1.0, seconds = 3 },
    { name = "spike", arrivals = "poisson", rate_factor = 2.0, seconds = 1 },
    { name = "recovery", arrivals = "poisson", rate_factor = 1.0, seconds = 1, gapless = true },
]
stress = { burst_s = 0.2, trial_s = 0.5, confirm_s = 1, search_s = 6, overload_s = 1, soak_s = 4 }
drift = [{ kind = "covariate", severities = [0.5], features = ["distance_km"] }]

[modes.brief]
title = "brief: for tests that need the stages, and not the rates beyond the usual one"
budget_s = 20
faults = ["malformed_input"]
load = [
    { name = "warmup", arrivals = "constant", rate_factor = 0.3, seconds = 1 },
    { name = "steady", arrivals = "poisson", rate_factor = 1.0, seconds = 3 },
]
stress = { search_s = 0, overload_s = 0, soak_s = 0 }
drift = [{ kind = "covariate", severities = [0.5], features = ["distance_km"] }]

[modes.rooted]
title = "rooted: for tests of faults that only root can bring about"
budget_s = 90
faults = ["sigkill", "memory_pressure", "tmp_full", "packet_loss", "bandwidth_cap", "bad_model"]
load = [{ name = "steady", arrivals = "poisson", rate_factor = 1.0, seconds = 1 }]
stress = { search_s = 0, overload_s = 0, soak_s = 0 }
drift = [{ kind = "covariate", severities = [0.5], features = ["distance_km"] }]

[scoring]
"""
SHORTER = {
    "ready_timeout_s = 60": "ready_timeout_s = 5", "build_timeout_s = 600": "build_timeout_s = 60",
    "\nwindow = 500": "\nwindow = 40", "control_windows = 6": "control_windows = 3", "drifted_windows = 5": "drifted_windows = 2",
    "recovery_windows = 3": "recovery_windows = 1", "\n[scoring]\n": TINY,
}  # fmt: skip


def tiny_challenges(folder: Path) -> Path:
    """A root with one challenge: the flagship, with a mode of a few seconds."""
    source, copy = ROOT / "challenges" / "fraud-scoring", folder / "fraud-scoring"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("submissions", "recorded", "starter", "__pycache__"))
    text = (copy / "challenge.toml").read_text()
    for old, new in SHORTER.items():
        assert text.count(old) == 1, f"challenge.toml has changed: {old!r}"
        text = text.replace(old, new)
    (copy / "challenge.toml").write_text(text)
    return folder


def submission(folder: Path, mode: str = "good", extra: str = "") -> Path:
    """A small repository whose service behaves as `mode` says; `extra` goes into the Dockerfile."""
    folder.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("service.py"), folder / "service.py")
    lines = ["FROM python:3.11-slim", "COPY service.py /service.py", f"ENV MODE={mode}", extra, 'CMD ["python3", "/service.py"]']
    (folder / "Dockerfile").write_text("\n".join(line for line in lines if line) + "\n")
    return folder
