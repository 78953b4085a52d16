"""Prometheus and Alertmanager beside one candidate: started, watched for memory, ended. What they saw is read by `facts`."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from grader.schema.causes import Trouble
from harness.client import Client
from harness.telemetry.prometheus import config
from harness.telemetry.prometheus.api import Api, Refused
from harness.telemetry.prometheus.material import Material
from harness.telemetry.prometheus.process import MEMORY_MIB, Child, Programs, environment, free_port
from harness.telemetry.prometheus.rules import Rules
from harness.text import clean

READY_S = 10.0
FIRST_SCRAPE_S = 12.0
"""Prometheus looks for targets every 5 s, from its own start."""
FAILED_SCRAPES = 3
POLL_S = 0.05
WATCH_S = 0.25
TOOL_S = 20.0


class Watcher:
    """Context manager. Entering starts both processes and returns without waiting for them.

    `expect` makes the receiver take notifications under a token and tells the URL for it (`AlertReceiver.expect`); `client` is the
    candidate. Raises Trouble(prometheus_missing) where the programs are not installed.
    """

    def __init__(
        self, material: Material, client: Client, path: str, expect: Callable[[str], str], cores: Sequence[int] = (), folder: Path | None = None
    ) -> None:
        self.material, self.client, self.path = material, client, path
        self._expect, self._cores, self._parent_folder = expect, cores, folder
        self.stopped: str | None = None
        self.ready_s: float | None = None
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self.programs = Programs.find()
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-prometheus-", dir=self._parent_folder)))
            self.started = time.monotonic()
            self.files = [self._checked(number, rules) for number, rules in enumerate(self.material.rules)]
            ports = free_port(), free_port()
            self._write(ports[1])
            self.api, self._mail = Api(ports[0]), Client("127.0.0.1", ports[1])
            self.prometheus = stack.enter_context(self._child("prometheus", self.programs.prometheus, config.prometheus_flags, ports[0]))
            self.alertmanager = stack.enter_context(self._child("alertmanager", self.programs.alertmanager, config.alertmanager_flags, ports[1]))
            self._thread = threading.Thread(target=self._guard, name="prometheus-guard")
            self._thread.start()
            stack.callback(self._thread.join)
            stack.callback(self._over.set)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def promtool(self, *arguments: str, data: bytes | None = None) -> tuple[int, str]:
        """(exit code, what it wrote). A run over its time has code -1."""
        try:
            done = subprocess.run(
                [self.programs.promtool, *arguments], input=data or b"", capture_output=True, timeout=TOOL_S, cwd=self.folder,
                env=environment(self.folder),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return -1, f"promtool {arguments[0]} did not end within {TOOL_S:g} s"
        return done.returncode, clean(done.stdout[:8000] + done.stderr[:8000], 8000).replace(f"{self.folder}/", "")

    @property
    def heard(self) -> bool:
        """Both ran, or one was stopped for what the candidate's rules and metrics made of it."""
        return self.stopped is not None or (self.ready_s is not None and self.prometheus.alive and self.alertmanager.alive)

    def wait_ready(self) -> float:
        """Seconds from the start until both answered. Raises Trouble(prometheus_missing)."""
        while self.ready_s is None:
            if self.stopped or not (self.prometheus.alive and self.alertmanager.alive) or time.monotonic() > self.started + READY_S:
                raise self._dead()
            time.sleep(POLL_S)
        return self.ready_s

    def wait_scraped(self) -> None:
        """Wait until a scrape has succeeded, or enough have failed. Which of them, is a fact and not an error."""
        deadline = self.started + FIRST_SCRAPE_S
        while self.stopped is None and self.prometheus.alive and time.monotonic() < deadline:
            with contextlib.suppress(Refused):
                scrapes = [value for series in self.api.query("up[1h]", time.time()) for _, value in series["values"]]
                if "1" in scrapes or len(scrapes) >= FAILED_SCRAPES:
                    return
            time.sleep(POLL_S)

    def _dead(self) -> Trouble:
        children = [child for child in (self.prometheus, self.alertmanager) if not child.alive] or [self.prometheus]
        return Trouble("prometheus_missing", "; ".join(f"{child.name} did not start: {child.said() or 'no answer'}" for child in children))

    def _checked(self, number: int, rules: Rules) -> Rules:
        """Write one rules file and ask promtool: a file that it refuses is left out, since Prometheus would not start with it."""
        if rules.problem is not None:
            return rules
        name = f"rules-{number}.yml"
        (self.folder / name).write_text(rules.text, encoding="utf-8")
        code, said = self.promtool("check", "rules", name)
        if code == 0:
            return rules
        (self.folder / name).unlink()
        return Rules(rules.path, rules.groups, clean(said.replace(name, rules.path), 500).strip() or "refused", rules.notes)

    def file_of(self, name: str) -> str:
        """The repository's path of one of our rules files."""
        number = Path(name).stem.rpartition("-")[2]
        return self.files[int(number)].path if number.isdigit() and int(number) < len(self.files) else ""

    def _write(self, alertmanager_port: int) -> None:
        target, material = f"{self.client.host}:{self.client.port}", self.material
        names = [f"rules-{number}.yml" for number, rules in enumerate(self.files) if rules.problem is None and rules.rules]
        (self.folder / "prometheus.yml").write_text(
            config.prometheus(target, self.path, material.job, material.target_labels, names, f"127.0.0.1:{alertmanager_port}")
        )
        secret = self.folder / "alertmanager.yml"
        secret.touch(mode=0o600)
        secret.write_text(config.alertmanager(self._expect(secrets.token_hex(16))))

    def _child(self, name: str, program: str, flags: Callable[[str, str, int], list[str]], port: int) -> Child:
        (self.folder / f"data-{name}").mkdir()
        return Child(name, [program, *flags(f"{name}.yml", f"data-{name}", port)], self.folder, self._cores)

    def _guard(self) -> None:
        """Notes when both are ready; ends one that outgrows its memory."""
        while not self._over.wait(POLL_S if self.ready_s is None else WATCH_S):
            if self.ready_s is None and self.api.ready() and self._mail.get("/-/ready", deadline_s=1.0).status == 200:
                self.ready_s = time.monotonic() - self.started
            for child in (self.prometheus, self.alertmanager):
                if (used := child.memory_mib) > MEMORY_MIB:
                    child.end()
                    self.stopped = f"{child.name} held {used:.0f} MiB, over its {MEMORY_MIB} MiB"
                    return
