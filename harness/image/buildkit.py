"""BuildKit through Docker's command line, for the Dockerfiles that the classic builder cannot build.

Docker 20.10's own CLI speaks BuildKit; newer ones need the buildx plugin. BuildKit ignores our build network and has no limits of its own:
those of harness/image/confine.py hold for it where they can be set, else watch.py stops it while the host still has memory. egress.py closes the
engine's default network towards this host while it builds.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.schema.causes import Trouble
from harness.image.classic import Outcome
from harness.image.context import Staged
from harness.image.watch import BuildLog
from harness.text import one_line

_STEP = re.compile(r"^#(\d+) \[([^\]]*\d+/\d+)\] (.*)$")
_CACHED = re.compile(r"^#\d+ CACHED$")
_ERROR = re.compile(r"^(?:ERROR: )?(?:failed to solve|error:|executor failed|failed to|process \").*", re.M)
# Needs a newer frontend than the one inside of Docker 20.10: without `# syntax=` these fail there, and not by the candidate's fault.
NEWER_FRONTEND = frozenset({"heredoc", "COPY --link", "ADD --link", "COPY --parents", "COPY --exclude", "ADD --checksum"})


def find_cli() -> str | None:
    """A `docker` on the PATH that can drive BuildKit, or None."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        cli = shutil.which("docker", path=folder)
        if cli and (_major(cli) < 23 or _succeeds([cli, "buildx", "version"])):
            return cli
    return None


def frontend_is_new(engine_version: str) -> bool:
    """Whether the engine's own Dockerfile frontend knows heredocs and COPY --link (Docker 23 and later)."""
    major = engine_version.split(".")[0]
    return major.isdigit() and int(major) >= 23


def _major(cli: str) -> int:
    done = subprocess.run([cli, "version", "--format", "{{.Client.Version}}"], capture_output=True, text=True, timeout=20, check=False)
    match = re.match(r"\d+", done.stdout)
    return int(match[0]) if match else 999


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


class BuildkitBuild:
    """One build as a child process in a group of its own."""

    name = "buildkit"

    def __init__(self, cli: str, endpoint: str, staged: Staged, labels: Mapping[str, str], tag: str, cgroup: str = "") -> None:
        self._cli, self._endpoint, self._staged, self._labels, self._tag, self._cgroup = cli, endpoint, staged, labels, tag, cgroup
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def bytes_made(self) -> int:
        """BuildKit does not say what its steps have written."""
        return 0

    def run(self, log: BuildLog) -> Outcome:
        """Build and return the outcome."""
        with TemporaryDirectory(prefix="grader-buildkit-") as home, self._started(Path(home)) as process:
            if self._stopped:
                self.stop()
            outcome = Outcome()
            assert process.stdout is not None
            for line in _lines(process):
                _take(line, outcome, log)
            code = process.wait()
            image = Path(home) / "image"
            if code == 0 and image.exists():
                outcome.image = image.read_text().strip()
            elif not self._stopped:
                errors = _ERROR.findall(log.tail)
                outcome.error = one_line(errors[-1] if errors else f"docker build ended with exit code {code}", 500)
            outcome.closed_early = self._stopped
            return outcome

    @contextlib.contextmanager
    def _started(self, home: Path) -> Iterator[subprocess.Popen[str]]:
        labels = [part for key, value in self._labels.items() for part in ("--label", f"{key}={value}")]
        command = [self._cli, "build", "--progress=plain", "--network=default", f"--iidfile={home / 'image'}", f"--tag={self._tag}"]
        command += [f"--cgroup-parent={self._cgroup}"] if self._cgroup else []
        env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "DOCKER_BUILDKIT": "1", "DOCKER_HOST": self._endpoint}
        # Plugins are looked up below HOME too; an empty one keeps the operator's registry logins out of a candidate's build.
        process = subprocess.Popen(
            [*command, *labels, f"--file={self._staged.dockerfile}", "-"], env=env, stdin=self._staged.tar, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        self._process = process
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """Lines of at most 64 KiB: a step may print megabytes without a line feed."""
    assert process.stdout is not None
    while line := process.stdout.readline(64 << 10):
        yield line


def _take(line: str, outcome: Outcome, log: BuildLog) -> None:
    if (step := _STEP.match(line)) and not step[3].startswith("FROM "):
        log.step = f"step {step[2]}: {one_line(step[3], 160)}"
        outcome.steps += 1
    elif _CACHED.match(line):
        outcome.cached_steps += 1
    log.write(line)


def unsupported(reasons: list[str], why: str) -> Trouble:
    return Trouble("not_permitted", f"the Dockerfile needs BuildKit ({', '.join(reasons[:4])}), and {why}")
