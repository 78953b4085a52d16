"""Where the Docker Engine is, how to talk to it, and what its errors mean.

An engine is anything that speaks the Docker Engine API on a local endpoint: Docker's own socket, or Podman's compatible one.
`DOCKER_HOST`, when set, is the only endpoint tried: whoever names an engine does not want to be graded on another.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils.proxy import ProxyConfig

from grader.schema.causes import Trouble

SOCKETS = (
    "/var/run/docker.sock",
    "{runtime}/docker.sock",
    "/run/podman/podman.sock",
    "{runtime}/podman/podman.sock",
)
"""Well-known sockets in order of preference; `{runtime}` is $XDG_RUNTIME_DIR."""

PROBE_S = 5.0
"""An engine that needs longer than this for a version question is not one to measure on."""

ENGINE_ERRORS = (DockerException, requests.RequestException)
"""What docker-py raises for an engine that refuses, or is not there."""

_LINE = 300
"""Characters of an engine's message that are worth showing."""


@dataclass(frozen=True)
class Attempt:
    """One endpoint that was tried and why it did not answer."""

    url: str
    why: str

    def __str__(self) -> str:
        return f"{self.url} ({self.why})"


def endpoints(env: Mapping[str, str] | None = None) -> list[str]:
    """URLs to try, best first."""
    env = os.environ if env is None else env
    if env.get("DOCKER_HOST"):
        return [env["DOCKER_HOST"]]
    runtime = env.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return list(dict.fromkeys("unix://" + socket.format(runtime=runtime) for socket in SOCKETS))


def is_local(url: str) -> bool:
    """Whether the engine shares this machine: containers are measured by IP, which a remote engine does not offer."""
    parts = urlsplit(url)
    return parts.scheme in ("unix", "http+unix") or parts.hostname in ("localhost", "127.0.0.1", "::1")


def find(env: Mapping[str, str] | None = None, timeout_s: float = 120.0) -> tuple[docker.DockerClient, str] | list[Attempt]:
    """A client and its URL from the first endpoint that answers, or every attempt that failed. The caller closes the client."""
    attempts: list[Attempt] = []
    for url in endpoints(env):
        try:
            return _open(url, timeout_s), url
        except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            attempts.append(Attempt(url, _why(error)))
    return attempts


def connect(timeout_s: float = 120.0) -> docker.DockerClient:
    """A client of the engine that answers. `timeout_s` bounds each later request, not the whole run.

    Raises Trouble("engine_down") naming every endpoint that was tried and what it said.
    """
    found = find(timeout_s=timeout_s)
    if isinstance(found, list):
        raise Trouble("engine_down", "tried " + ", ".join(map(str, found)))
    return found[0]


def _open(url: str, timeout_s: float) -> docker.DockerClient:
    path = url.removeprefix("unix://")
    if path != url and not Path(path).exists():
        raise FileNotFoundError(errno.ENOENT, "no such socket", path)
    # The first question gets a short deadline: a wedged engine accepts connections and never answers.
    client = docker.DockerClient(base_url=url, version="auto", timeout=int(PROBE_S), max_pool_size=32)
    # Else the proxies of the operator's ~/.docker/config.json, passwords included, would stand in every candidate's environment,
    # and a password of ~/.netrc in every request.
    api: Any = client.api  # both are docker-py's own
    api._proxy_configs, api.trust_env = ProxyConfig(), False
    try:
        client.ping()
    except BaseException:
        client.close()
        raise
    client.api.timeout = int(timeout_s)
    return client


def forget_logins(client: docker.DockerClient) -> None:
    """From here on no registry login of the operator's goes to the engine: a candidate's FROM must not pull what only the operator may."""
    api: Any = client.api
    api._set_auth_headers = _send_none


def _send_none(headers: dict[str, str]) -> None:
    """In place of docker-py's own, which would read the operator's logins again."""


def _why(error: BaseException) -> str:
    text = str(error)
    for pattern, says in (
        ("no such socket", "no such socket"),
        ("Permission denied", "permission denied: be root or a member of the group that owns it"),
        ("Connection refused", "nobody listens"),
        ("timed out", f"no answer within {PROBE_S:.0f} s"),
    ):
        if pattern in text:
            return says
    return _one_line(text)


def _one_line(text: str) -> str:
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= _LINE else flat[: _LINE - 1] + "…"


MEANINGS: tuple[tuple[str, str], ...] = (
    (r"no space left on device|disk quota exceeded", "disk_full"),
    (r"network \S+ not found|no such network|network sandbox .* not found", "network_lost"),
    (r"no such image|pull access denied|manifest unknown|manifest for \S+ not found|error pulling image", "image_unavailable"),
    (r"lookup \S+ on \S+", "image_unavailable"),
    (r"operation not permitted|permission denied|not authorized|apparmor|seccomp", "not_permitted"),
    (r"containerd|transport is closing|ttrpc|shim|connection (refused|reset)|daemon is shutting down", "engine_lost"),
    (r"no such container|is not running", "engine_lost"),
)
"""What an engine's message means, first match wins: pattern -> cause."""


CANNOT_START = re.compile(r'exec: "|executable file not found|unable to find user|exec format error', re.IGNORECASE)
"""What an engine says when the image's own entry point or user is the trouble."""


def translate(error: BaseException, *, candidate_starts: bool = False) -> Trouble:
    """What an exception in mid-run means in the language of the causes table. A `Trouble` passes unchanged.

    Whatever the table does not know is our own defect (`internal_error`), never the candidate's. Only a caller that is just
    starting the candidate's image says so with `candidate_starts`: the same words about a container of ours are not the candidate's.
    """
    if isinstance(error, Trouble):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Trouble("disk_full", _one_line(str(error)))
    if isinstance(error, ImageNotFound):
        return Trouble("image_unavailable", _one_line(error.explanation or str(error)))
    text = (error.explanation or str(error)) if isinstance(error, APIError) else str(error)
    if candidate_starts and isinstance(error, APIError) and CANNOT_START.search(text):
        return Trouble("start_exited", _one_line(text))
    if isinstance(error, APIError):
        return Trouble(_meaning(text) or "internal_error", _one_line(text))
    if isinstance(error, (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError, DockerException)):
        return Trouble("engine_lost", _one_line(text))
    return Trouble("internal_error", _one_line(f"{type(error).__name__}: {error}"))


def _meaning(text: str) -> str | None:
    return next((cause for pattern, cause in MEANINGS if re.search(pattern, text, re.IGNORECASE)), None)
