"""The images that a build starts from or copies from: here already, or pulled as anybody could pull them."""

from __future__ import annotations

import re
import time

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from grader.schema.causes import Trouble
from harness.sandbox import owner
from harness.source.flags import base_of, copied_from, is_cache, mounts
from harness.source.instructions import Dockerfile, Stage, found_anywhere, instructions_of
from harness.source.remote_add import refuse_remote_adds
from harness.source.variables import expand, variables_in
from harness.text import one_line

PULL_DEADLINE_S = 300
OWN = "an image of the grader or of another submission, and no base image"
_OWN_NAME = re.compile(r"(?:(?:index\.)?docker\.io/|localhost/)?(?:library/)?grader-(?:sidecar|tools|candidate)(?:[:@]|$)", re.I)
_FRONTEND = re.compile(r"(?:docker\.io/)?docker/dockerfile(?::[\w.-]+)?")
MAX_NAMES = 500
"""Each is a question to the engine."""
PLATFORM = frozenset(side + name for side in ("TARGET", "BUILD") for name in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"))
"""Variables to which BuildKit gives a value by itself."""

ANONYMOUS: dict[str, str] = {}
"""A login that is none. With None in its place docker-py sends the operator's of ~/.docker/config.json: any FROM could name a private image."""


def ensure_bases(client: docker.DockerClient, parsed: Dockerfile) -> list[str]:
    """Ids of the images that the build starts from or copies from; pulls what is not here.

    Raises Trouble(image_unavailable), and Trouble(build_failed) for what no registry has, for images of the grader or of other submissions,
    and for triggers (ONBUILD) of a base that would take files from such an image or from a cache that is shared; Trouble(remote_add) for those
    that the engine would fetch something for.
    """
    wanted: list[str] = []
    for number, stage in enumerate(parsed.stages):
        earlier = {before.name for before in parsed.stages[:number] if before.name} | {"scratch", ""}
        wanted += _base(client, stage, parsed.arguments, earlier)
        for instruction in stage.instructions:
            for name in copied_from(instruction):
                _refuse_variable(name)
                if name.lower() in earlier or _is_number(name, len(parsed.stages)):
                    continue
                if instruction.keyword != "COPY" or any(name.lower() == other.name for other in parsed.stages):
                    refuse_own(client, name)  # BuildKit gets what is not here; and it knows later stages too
                else:
                    wanted.append(name)
    found = [_ensure(client, reference) for reference in dict.fromkeys(wanted)]
    for reference, image in zip(dict.fromkeys(wanted), found, strict=True):
        _refuse_triggers(client, reference, image)
    return found


def own_frontend(client: docker.DockerClient, parsed: Dockerfile) -> str:
    """The frontend that a Dockerfile names (`# syntax=`) where it is Docker's own and this engine holds it already; else nothing.

    A frontend is a program that runs in BuildKit with the build in its hands: no FROM may bring one, and no other name is trusted.
    """
    if parsed.syntax is None or not _FRONTEND.fullmatch(parsed.syntax):
        return ""
    try:
        client.images.get(parsed.syntax)
    except APIError:
        return ""
    return parsed.syntax


def refuse_hidden(client: docker.DockerClient, text: str, parsed: Dockerfile) -> None:
    """The same for every line that could name an image to any engine, though it was read as text of a heredoc, or as the end of a longer line.

    Only images that are here are looked at: a line that begins with FROM may be SQL. Raises Trouble(build_failed).
    """
    found = [name for i in found_anywhere(text) for name in (base_of(i), *copied_from(i)) if name]
    names = dict.fromkeys(expand(name, parsed.arguments) for name in dict.fromkeys(found))
    if len(names) > MAX_NAMES:
        raise Trouble("build_failed", f"the Dockerfile names more than {MAX_NAMES} images")
    for name in names:
        if name:
            refuse_own(client, name)


def _base(client: docker.DockerClient, stage: Stage, arguments: dict[str, str], earlier: set[str]) -> list[str]:
    """What has to be here for a FROM: itself, or nothing where it is an earlier stage, or is known to the builder alone."""
    used = variables_in(stage.written)
    if any(name in PLATFORM and operator for name, operator in re.findall(r"\$\{(\w+)([^}]*)", stage.written)):
        raise _build_failed(stage.written, "the base hangs on whether a variable of the platform is set")
    if stage.base.lower() in earlier:
        return []
    if stage.known and not PLATFORM & used:
        return [stage.base]
    engine = client.version()
    system, machine = str(engine.get("Os", "linux")), str(engine.get("Arch", "amd64"))
    given = {"PLATFORM": f"{system}/{machine}", "OS": system, "ARCH": machine}
    for values in ({}, {side + name: value for side in ("TARGET", "BUILD") for name, value in given.items()}):
        refuse_own(client, expand(stage.written, arguments | values))
    return []


def _is_number(name: str, stages: int) -> bool:
    return name.isascii() and name.isdigit() and int(name[:9]) < stages


def _refuse_variable(name: str) -> None:
    if "$" in name:
        raise _build_failed(name, "an image to copy from must be named without a variable; name it by a FROM ... AS stage")


def refuse_own(client: docker.DockerClient, reference: str) -> None:
    """Raises Trouble(build_failed) for an image of the grader or of another submission, however it is spelt; nothing where it is not here."""
    if _OWN_NAME.match(reference):
        raise _build_failed(reference, OWN)
    try:
        found = client.images.get(reference)
    except APIError:
        return
    if owner.RUN in found.labels or any(_OWN_NAME.match(tag) for tag in found.tags):
        raise _build_failed(reference, OWN)


def _refuse_triggers(client: docker.DockerClient, reference: str, image: str) -> None:
    """What an image of somebody else's has the build on top of it do: nothing of ours, no cache mount, which cannot be made its own, and nothing
    that the engine would fetch."""
    for trigger in (client.images.get(image).attrs.get("Config") or {}).get("OnBuild") or []:
        refuse_remote_adds(f"ONBUILD of {one_line(reference, 120)}", str(trigger))
        for instruction in instructions_of(str(trigger)):
            for name in copied_from(instruction):
                _refuse_variable(name)
                refuse_own(client, name)
            if any(is_cache(mount) for mount in mounts(instruction)):
                raise _build_failed(reference, "a trigger of it (ONBUILD) mounts a cache, which builds would share")


def _build_failed(reference: str, why: str) -> Trouble:
    return Trouble("build_failed", f"FROM {one_line(reference, 120)}: {why}")


def _ensure(client: docker.DockerClient, reference: str) -> str:
    refuse_own(client, reference)
    try:
        return str(client.images.get(reference).id)
    except ImageNotFound:
        return _pull(client, reference)
    except APIError as error:
        raise _build_failed(reference, one_line(str(error.explanation), 200)) from error


def _pull(client: docker.DockerClient, reference: str) -> str:
    ends = time.monotonic() + PULL_DEADLINE_S
    try:
        for event in client.api.pull(reference, tag=None if _tagged(reference) else "latest", stream=True, decode=True, auth_config=ANONYMOUS):
            if "error" in event:
                raise Trouble("image_unavailable", f"{one_line(reference, 120)}: {one_line(str(event['error']), 200)}")
            if time.monotonic() > ends:
                raise Trouble("image_unavailable", f"{one_line(reference, 120)}: the pull did not end within {PULL_DEADLINE_S} s")
        return str(client.images.get(reference).id)
    except NotFound as error:
        # The registry was reached and does not have it: that FROM can work nowhere.
        raise Trouble("build_failed", f"FROM {one_line(reference, 120)}: the registry has no such image") from error
    except APIError as error:
        raise Trouble("image_unavailable", f"{one_line(reference, 120)}: {one_line(str(error.explanation), 200)}") from error


def _tagged(reference: str) -> bool:
    return "@" in reference or ":" in reference.rpartition("/")[2]
