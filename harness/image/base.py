"""The two images that must be there before anything is graded: the base that submissions build on, and the grader's own."""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.images import Image

from grader.schema.causes import Trouble
from harness.image import standin
from harness.image.standin import LABEL, RECIPES, Recipe
from harness.sandbox.engine import connect

REPOSITORY, TAG = "python", "3.11-slim"
BASE = f"{REPOSITORY}:{TAG}"
"""The image that the challenges' briefs recommend and that must work without a registry."""

PART = "org.grader.part"
"""Label of the images that are ours: `tools` or `sidecar`."""

TOOL_PACKAGES = ("iptables", "iproute2", "procps")
"""The same as in tools.Dockerfile, for networks where a build reaches no Debian mirror but this host does."""

SIDECARS = Path(__file__).parents[1] / "sidecars"

_PULL_SILENCE_S = 20.0
_PULL_S = 300.0

Say = Callable[[str], None]


def _quiet(_: str) -> None:
    """Nobody listens."""


def find(client: docker.DockerClient, name: str = BASE) -> Image | None:
    """The local image of that name, or None."""
    try:
        return client.images.get(name)
    except ImageNotFound:
        return None


def standin_digest(client: docker.DockerClient) -> str | None:
    """The recipe's digest when the base image is a stand-in of ours; None when it is the official one or absent."""
    image = find(client)
    return None if image is None else image.labels.get(LABEL)


def ensure_base(client: docker.DockerClient, *, renew: bool = False, say: Say = _quiet) -> str:
    """Make sure of `python:3.11-slim`: present, else pulled, else built from Debian's packages. Returns the image's id.

    An image that is not a stand-in of ours is used as it is. A stand-in of an older recipe (the host's authorities or mirror
    changed) is built anew only with `renew`, since that costs every build's cache. Raises Trouble("image_unavailable").
    """
    image = find(client)
    if image is not None and not (renew and _outdated(image)):
        return str(image.id)
    if image is None:
        say(f"pulling {BASE}")
        refused = _pull()
        if refused is None and (pulled := find(client)) is not None:
            return str(pulled.id)
        say(f"no registry gives {BASE} ({refused}); building an equivalent from Debian's packages, about half a minute")
    else:
        say(f"building the stand-in of {BASE} anew: its recipe or this host's settings changed")
    new = standin.build(client, REPOSITORY, TAG, Recipe.of_this_host())
    if image is not None and image.id != new:
        _forget(client, str(image.id))
    return new


def _outdated(image: Image) -> bool:
    made_with = image.labels.get(LABEL)
    return made_with is not None and made_with != Recipe.of_this_host().digest


def _forget(client: docker.DockerClient, image_id: str) -> None:
    with suppress(APIError):  # images built on it, or a container, may still use it; then it stays until they go
        client.images.remove(image_id)
    

def _pull() -> str | None:
    """Pull the base image. Returns why that failed, or None. A registry that is silent for 20 s is taken for unreachable."""
    deadline = time.monotonic() + _PULL_S
    try:
        with closing(connect(_PULL_SILENCE_S)) as client:
            for line in client.api.pull(REPOSITORY, tag=TAG, stream=True, decode=True):
                if "error" in line:
                    return str(line["error"])[:200]
                if time.monotonic() > deadline:
                    return f"not done within {_PULL_S:.0f} s"
    except (DockerException, requests.RequestException) as error:
        return str(getattr(error, "explanation", None) or error)[:200]
    return None


def ensure_sidecar_image(client: docker.DockerClient, sources: Path | None = SIDECARS, *, say: Say = _quiet) -> str:
    """Make sure of the image of our own containers and of the root helper. Returns its name, `grader-sidecar:<digest>`.

    It is the base image with iptables, iproute2 and procps, and the folder `sources` (when it exists) at /opt/sidecars. The digest
    covers all of these, so a checkout always runs the sidecars it holds. Raises Trouble("image_unavailable").
    """
    base = ensure_base(client, say=say)
    files = _files(sources)
    tools, name = _names(base, files)
    if find(client, name) is None:
        _ensure_tools(client, base, tools, say)
        context = {"Dockerfile": _recipe("sidecar"), **{f"sidecars/{path}": data for path, data in files.items()}}
        _build(client, context, name, "sidecar", {"TOOLS": tools})
    return name


def find_sidecar_image(client: docker.DockerClient, sources: Path | None = SIDECARS) -> str | None:
    """The name of the image that `ensure_sidecar_image` would return, or None when it is not built yet."""
    base = find(client)
    if base is None:
        return None
    name = _names(str(base.id), _files(sources))[1]
    return name if find(client, name) is not None else None


def forget_old(client: docker.DockerClient, days: float = 7.0) -> None:
    """Remove images of our own that earlier checkouts left behind, once they are old enough that no running grader needs them."""
    current = find_sidecar_image(client)
    for image in client.images.list(filters={"label": PART}):
        made = datetime.fromisoformat(str(image.attrs["Created"])[:19]).replace(tzinfo=UTC)
        if current not in image.tags and datetime.now(UTC) - made > timedelta(days=days):
            _forget(client, str(image.id))


def _names(base: str, files: Mapping[str, bytes]) -> tuple[str, str]:
    """Names of the tools image and of the sidecar image on it, from the content of all that goes in."""
    tools = f"grader-tools:{_digest(base, _recipe('tools'))}"
    return tools, f"grader-sidecar:{_digest(tools, _recipe('sidecar'), *(part for item in sorted(files.items()) for part in item))}"


def _ensure_tools(client: docker.DockerClient, base: str, name: str, say: Say) -> None:
    if find(client, name) is not None:
        return
    say("building the image of the grader's own containers")
    try:
        _build(client, {"Dockerfile": _recipe("tools")}, name, "tools", {"BASE": base})
    except Trouble as trouble:
        say(f"{trouble.detail}; building it from this host's mirror instead")
        repository, _, tag = name.partition(":")
        standin.build(client, repository, tag, Recipe.of_this_host(TOOL_PACKAGES))


def _recipe(part: str) -> bytes:
    return (RECIPES / f"{part}.Dockerfile").read_bytes()


def _files(folder: Path | None) -> dict[str, bytes]:
    """Relative path -> content of the source files below a folder; empty when there is none."""
    if folder is None or not folder.is_dir():
        return {"README": b"no sidecars in this checkout\n"}
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def _digest(*parts: str | bytes) -> str:
    """Twelve hex digits over parts whose lengths count, so that moving a byte from one part to the next changes it."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:12]


def _build(client: docker.DockerClient, context: Mapping[str, bytes], name: str, part: str, arguments: dict[str, str]) -> None:
    """Build one of our own images. Raises Trouble("image_unavailable") with the builder's last words."""
    try:
        said = client.api.build(
            fileobj=_tar(context), custom_context=True, tag=name, buildargs=arguments, labels={PART: part}, rm=True, forcerm=True, decode=True,
        )  # fmt: skip
        for line in said:
            if "error" in line:
                raise Trouble("image_unavailable", f"{name} does not build: {str(line['error'])[:300]}")
    except (DockerException, requests.RequestException) as error:
        raise Trouble("image_unavailable", f"{name} does not build: {str(error)[:300]}") from error


def _tar(files: Mapping[str, bytes]) -> io.BytesIO:
    """A build context. All times are zero, so that equal content hits the builder's cache."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    buffer.seek(0)
    return buffer
