"""The images that a build starts from or copies from: here already, or pulled as anybody could pull them."""

from __future__ import annotations

import time

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from grader.schema.causes import Trouble
from harness.sandbox import owner
from harness.source.instructions import Dockerfile
from harness.text import one_line

PULL_DEADLINE_S = 300
OWN_IMAGES = ("grader-sidecar", "grader-tools", "grader-candidate")
ANONYMOUS: dict[str, str] = {}
"""A login that is none. With None in its place docker-py sends the operator's of ~/.docker/config.json: any FROM could name a private image."""


def ensure_bases(client: docker.DockerClient, parsed: Dockerfile) -> list[str]:
    """Ids of the images that the build starts from or copies from; pulls what is not here. Raises Trouble(image_unavailable | build_failed)."""
    names = {stage.name for stage in parsed.stages if stage.name} | {"scratch", ""}
    wanted = [stage.base for stage in parsed.stages if stage.known and stage.base.lower() not in names]
    wanted += [
        source for i in parsed.instructions if i.keyword == "COPY" and (source := i.flags.get("from", ""))
        and source.lower() not in names and not source.isdigit() and "$" not in source
    ]  # fmt: skip
    return [_ensure(client, reference) for reference in dict.fromkeys(wanted)]


def _ensure(client: docker.DockerClient, reference: str) -> str:
    try:
        found = client.images.get(reference)
        if owner.RUN in found.labels or reference.startswith(OWN_IMAGES):
            raise Trouble("build_failed", f"FROM {one_line(reference, 120)}: an image of the grader or of another submission, and no base image")
        return str(found.id)
    except ImageNotFound:
        pass
    except APIError as error:
        raise Trouble("build_failed", f"FROM {one_line(reference, 120)}: {one_line(str(error.explanation), 200)}") from error
    return _pull(client, reference)


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
