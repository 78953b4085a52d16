"""One place per boundary: who may open a connection, start a program or hand a string to a template, and nobody else."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from attacks.catalogue import ROOT

PACKAGES = ("grader", "harness", "challenges", "reports")
INSIDE_CONTAINERS = "harness/sidecars/"
"""Runs in containers of ours, where nothing of the operator's is."""

ALLOWED: dict[str, dict[str, str]] = {
    "socket": {
        "harness/wire.py": "the one client for everything that a candidate serves",
        "harness/load/lanes.py": "the load generator's own wire, in a process of its own",
        "harness/load/slow_clients.py": "sends byte by byte and reads nothing but the end",
        "harness/source/address.py": "resolves the host of a clone URL",
        "harness/sandbox/isolation.py": "canaries of ours for the probe",
        "harness/sandbox/channel.py": "the engine's attach stream, for its errors",
        "harness/sandbox/heartbeat.py": "cuts connections to a hung engine",
        "harness/telemetry/prometheus/process.py": "finds a free port on loopback",
        "grader/golden/archive.py": "this machine's name, which must not stand in an archive",
        "grader/jobs/place.py": "this machine's name, for a worker's",
        "grader/web/hooks/post.py": "a webhook, to the address that the guard has checked",
        "grader/web/intake/address.py": "resolves the host of a URL that is handed in",
    },
    "subprocess": {
        "harness/source/git.py": "git, hardened",
        "harness/image/buildkit.py": "docker build, with an empty home",
        "harness/image/host_settings.py": "asks pip and apt for this host's settings",
        "harness/image/standin.py": "makes a base image of Debian packages",
        "harness/load/generator.py": "the load generator",
        "harness/telemetry/prometheus/process.py": "Prometheus and Alertmanager, with an environment of their own",
        "harness/telemetry/prometheus/watcher.py": "promtool, with the same environment",
        "harness/mend.py": "grader doctor", "harness/packages.py": "grader doctor", "harness/sandbox/dockerd.py": "grader doctor",
        "grader/repeat/neighbour.py": "a busy neighbour for repeats",
        "grader/validation/run.py": "gradings of references and mutants",
        "challenges/mutants.py": "git apply of our own patches",
        "grader/jobs/supervise.py": "a grading, in a process of its own",
        "grader/web/companion.py": "the worker beside the pages",
        "grader/web/backup.py": "pg_dump and pg_restore, with an environment of their own",
    },
    "http": {
        "grader/web/hooks/post.py": "a webhook: no redirects, no proxies, bounded",
        "grader/web/hooks/deliver.py": "the errors of that",
        "harness/sandbox/runtime_trial.py": "a container of our own, before a candidate's: on one connection, since its time is compared",
    },
    "markup": {"reports/html.py": "tells macros of ours from strings"},
}
MODULES = {
    "socket": {"socket", "ssl", "asyncio"}, "subprocess": {"subprocess", "pty", "multiprocessing"},
    "http": {"urllib.request", "http.client", "httpx", "aiohttp", "urllib3.connectionpool"}, "markup": {"markupsafe", "jinja2.utils"},
}  # fmt: skip


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            if not path.startswith(INSIDE_CONTAINERS) and "/submissions/" not in path and "/starter/" not in path:
                yield path, ast.parse(file.read_text(encoding="utf-8"))


def imported(module: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("kind", ALLOWED)
def test_only_known_modules_reach_out(kind: str) -> None:
    users = {path for path, module in modules() if imported(module) & MODULES[kind]}
    assert users == set(ALLOWED[kind]), "a new way out: use the boundary's own module, or say here why not"


def test_nobody_calls_a_shell_or_evaluates_text() -> None:
    wrong = []
    for path, module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                shell = any(k.arg == "shell" and not (isinstance(k.value, ast.Constant) and k.value.value is False) for k in node.keywords)
                if shell or name in ("os.system", "os.popen", "eval", "exec", "pickle.load", "pickle.loads", "marshal.loads", "yaml.unsafe_load"):
                    wrong.append(f"{path}:{node.lineno} {name}")
    assert wrong == []


def test_requests_go_to_the_engine_only() -> None:
    """The requests package comes with docker-py; outside of errors it is never called."""
    calls = {
        f"{path}: {ast.unparse(node.func)}" for path, module in modules() for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("requests.get", "requests.post", "requests.Session", "requests.request"))
        and "requests" in imported(module)
    }  # fmt: skip
    assert calls == set()


def test_no_template_lets_a_string_through() -> None:
    for file in (ROOT / "reports" / "templates").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "|safe" not in text.replace(" ", "") and "autoescape false" not in text and "<script" not in text, file.name
