"""Builds a submission's image: bounded in time, memory, log and disk, cancellable, with every failure laid at the right door."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from grader.schema.evidence import DockerfileChoice, ImageEvidence
from harness.image.bases import ensure_bases, own_frontend, refuse_hidden
from harness.image.buildkit import NEWER_FRONTEND, BuildkitBuild, find_cli, frontend_is_new, unsupported
from harness.image.classic import ClassicBuild, Outcome
from harness.image.confine import Confinement, confined
from harness.image.context import Staged, staged
from harness.image.egress import BuildNetwork, build_network, bytes_of_step, default_network, unreachable_index
from harness.image.failures import explain
from harness.image.watch import BuildLog, Watch
from harness.sandbox.engine import translate
from harness.source.dockerfile import load
from harness.source.instructions import Dockerfile
from harness.source.remote_add import refuse_remote_adds
from harness.source.tree import SourceTree
from harness.text import clean_tail, one_line

SHELLS = ("/bin/sh", "sh", "/bin/bash", "bash", "/bin/ash", "ash")


def build(
    client: docker.DockerClient,
    tree: SourceTree,
    choice: DockerfileChoice,
    limits: Limits,
    labels: Mapping[str, str],
    log_path: Path,
    *,
    cancel: threading.Event | None = None,
    cpuset: str | None = None,
    helper_image: str | None = None,
    check_image: str = "python:3.11-slim",
    reuse: bool = False,
) -> ImageEvidence:
    """Build `choice` out of `tree` and describe the image, which carries `labels` and the tag of its content key.

    `cancel` stops the build when set; `cpuset` keeps it off measured cores; `helper_image` (holds iptables) cuts the build off from
    this host; `check_image` (holds Python) proves that a package index is out of reach; `reuse` takes an image that was built
    before from the same tree and base images.
    Raises Trouble(build_failed | build_timeout | build_log_flood | build_disk_flood | copy_source_missing | remote_add |
    package_index_unreachable | image_unavailable | disk_full | memory_low | engine_lost | not_permitted | interrupted).
    """
    started = time.monotonic()
    parsed = load(tree, choice.path)
    refuse_remote_adds(one_line(choice.path), tree.text(choice.path) or "")
    try:
        frontend = own_frontend(client, parsed)  # before a FROM of the candidate's may have brought one
        refuse_hidden(client, tree.text(choice.path) or "", parsed)
        bases = ensure_bases(client, parsed)
        root = str(client.info().get("DockerRootDir", "/"))
        tag = _tag(tree, choice, bases)
        if reuse and (found := _find(client, tag, labels)) is not None:
            return _describe(client, found, parsed, Outcome(cached_steps=1, steps=1), "reused", 0.0, "", "none: an image built before was reused")
        with (
            build_network(client, labels, helper_image) as network,
            confined(client, network.bridge, labels, helper_image, limits) as confinement,
            BuildLog(log_path, limits.build_log_kib) as log,
        ):
            place = Where(network, confinement, helper_image, cpuset, root)
            builder_name, outcome, words = _run(client, tree, choice, parsed, limits, labels, place, tag, frontend, cancel, log)
            if outcome.image is None:
                _forget(client, outcome)
                raise explain(
                    str(outcome.error), log, limits.build_memory_mib, root,
                    lambda text: unreachable_index(client, text, check_image, network.name, labels),
                )  # fmt: skip
            seconds = time.monotonic() - started
            return _describe(client, outcome.image, parsed, outcome, builder_name, seconds, clean_tail(log.tail, 4000), words)
    except DockerException as error:
        raise translate(error) from error


@dataclass(frozen=True)
class Where:
    """Network, cgroup and cores of a build, and the engine's own folder on this host."""

    network: BuildNetwork
    confinement: Confinement
    helper_image: str | None
    cpuset: str | None
    root: str


def _run(
    client: docker.DockerClient, tree: SourceTree, choice: DockerfileChoice, parsed: Dockerfile, limits: Limits, labels: Mapping[str, str],
    place: Where, tag: str, frontend: str, cancel: threading.Event | None, log: BuildLog,
) -> tuple[str, Outcome, str]:  # fmt: skip
    """Stage the context, pick the builder and run it under the watch. Returns the builder's name, the outcome, egress and limits in words."""
    reasons = parsed.buildkit_reasons()
    frontend = frontend if reasons else ""
    cgroup = place.confinement.parent
    with ExitStack() as entered:
        context = entered.enter_context(
            staged(tree, choice, frontend=frontend, with_git=_asks_git(tree, parsed), cache_scope=tag.partition(":")[2] if reasons else "")
        )
        builder: ClassicBuild | BuildkitBuild
        if reasons:
            builder = _buildkit(client, context, labels, tag, reasons, bool(frontend), cgroup)
            words = entered.enter_context(default_network(client, labels, place.helper_image, place.network.bridge))
        else:
            builder = ClassicBuild(context, place.network.name, labels, tag, limits, place.cpuset, cgroup)
            words = place.network.words
        root = place.root
        unlimited = bool(reasons) and not cgroup
        with Watch(builder.stop, limits, log, root, cancel, lambda: bytes_of_step(place.network.name), builder.bytes_made, unlimited) as watch:
            outcome = builder.run(log)
        try:
            watch.raise_if_stopped()
        except Trouble:
            _forget(client, outcome)
            raise
    confinement = place.confinement
    return builder.name, outcome, f"{words}; {confinement.words_of_buildkit if reasons else confinement.words}"


def _buildkit(
    client: docker.DockerClient, context: Staged, labels: Mapping[str, str], tag: str, reasons: list[str], own_frontend: bool, cgroup: str
) -> BuildkitBuild:
    cli = find_cli()
    if cli is None:
        raise unsupported(reasons, "no docker command line that can drive it is installed (20.10's own, or a newer one with buildx)")
    newer = [reason for reason in reasons if reason in NEWER_FRONTEND]
    if newer and not own_frontend and not frontend_is_new(str(client.version().get("Version", ""))):
        raise unsupported(newer, "this engine's own frontend is too old for it (Docker 23 knows it)")
    socket = getattr(getattr(client.api, "_custom_adapter", None), "socket_path", None)
    return BuildkitBuild(cli, f"unix://{socket}" if socket else client.api.base_url, context, labels, tag, cgroup)


def _asks_git(tree: SourceTree, parsed: Dockerfile) -> bool:
    """Whether the build needs `.git`: it copies it by name or runs git. It is left out otherwise, since its times defeat every cache."""
    if tree.kind != "git":
        return False
    copies = any(i.keyword in ("COPY", "ADD") and any(w.strip("./").startswith("git") and ".git" in w for w in i.words) for i in parsed.instructions)
    return copies or any(i.keyword == "RUN" and re.search(r"\bgit (?:rev-parse|describe|log|show)\b", i.value) for i in parsed.instructions)


def _tag(tree: SourceTree, choice: DockerfileChoice, bases: list[str]) -> str:
    key = hashlib.sha256("\0".join([tree.tree, choice.path, choice.context, *bases]).encode()).hexdigest()
    return f"grader-candidate:{key[:32]}"


def _find(client: docker.DockerClient, tag: str, labels: Mapping[str, str]) -> str | None:
    """An image under our tag that carries our labels' keys: a candidate cannot plant one, since builds only tag by our key."""
    try:
        image = client.images.get(tag)
    except ImageNotFound:
        return None
    return str(image.id) if set(labels) <= set(image.labels) else None


def _forget(client: docker.DockerClient, outcome: Outcome) -> None:
    """Remove what a failed build left: its last layer and, with it, all untagged parents that nothing else uses."""
    if not outcome.layers:
        return
    try:
        image = client.images.get(outcome.layers[-1])
        if not image.tags:
            client.images.remove(str(image.id))
    except (NotFound, APIError):
        return  # in use by another build or gone already; both are fine


def _describe(
    client: docker.DockerClient, image: str, parsed: Dockerfile, outcome: Outcome, builder: str, seconds: float, tail: str, egress: str
) -> ImageEvidence:
    facts: dict[str, Any] = client.images.get(image).attrs
    config: dict[str, Any] = facts.get("Config") or {}
    entrypoint, command = _words(config.get("Entrypoint")), _words(config.get("Cmd"))
    healthcheck = (config.get("Healthcheck") or {}).get("Test") or []
    ports = [int(port) for name in config.get("ExposedPorts") or {} if (port := name.split("/")[0]).isdigit() and not name.endswith("/udp")]
    return ImageEvidence(
        builder=builder,
        digest=str(facts["Id"]),
        seconds=round(seconds, 3),
        cached=outcome.steps > 0 and outcome.cached_steps >= outcome.steps,
        size_bytes=int(facts.get("Size") or 0),
        base_images=[*parsed.base_images(), *parsed.copied_images()],
        user=one_line(str(config.get("User") or ""), 100),
        entrypoint=entrypoint,
        command=command,
        shell_form=is_shell(entrypoint or command),
        stop_signal=one_line(str(config.get("StopSignal") or ""), 40),
        exposed_ports=sorted(ports),
        healthcheck=bool(healthcheck) and healthcheck[0] != "NONE",
        log_tail=tail,
        network=egress,
    )


def _words(value: object) -> list[str]:
    return [one_line(str(word), 500) for word in value[:64]] if isinstance(value, list) else []


def is_shell(start: list[str]) -> bool:
    """Whether PID 1 is a shell that stays: `sh -c "server"`, which drops SIGTERM, and not `sh -c "exec server"`."""
    return len(start) >= 3 and start[0] in SHELLS and start[1].startswith("-") and "c" in start[1] and not start[2].lstrip().startswith("exec ")
