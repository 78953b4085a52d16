"""Facts about what was submitted: source tree, repository probes, image, sandbox."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.schema.base import Model


class Place(Model):
    """A file of the submission, and the line where one is to blame (1-based)."""

    file: str
    line: int | None = None


class DockerfileChoice(Model):
    """Which Dockerfile was built and why. `context` is the build context, relative to the repository's root ('.' for the root)."""

    path: str
    context: str
    why: str
    candidates: list[str] = Field(default_factory=list)


class SourceEvidence(Model):
    """The tree that was examined."""

    kind: Literal["git", "folder"]
    commit: str | None
    tree: str = Field(description="git tree sha, or a sha256 over names and contents for a plain folder")
    files: int
    bytes: int
    uncommitted: bool | None = Field(description="a local repository had changes that were not graded; None when unknown")
    dockerfile: DockerfileChoice | None
    missing_copy_sources: list[Place] = Field(description="COPY sources that the tree does not hold; `file` names the source")


class Sighting(Model):
    """One thing that a probe looked at: quoted, with its place, and what is written about it, by name. What it is worth is for the checks."""

    text: str
    place: Place
    facts: dict[str, str | float] = Field(default_factory=dict, description="facts that could not be read are left out; true and false are 1 and 0")


class Probe(Model):
    """One true/false finding about the repository, with its places.

    `subject` says whether the thing that could have the property exists at all (no Dockerfile: nothing to pin), since absence of a
    fault earns only where the subject exists. `sightings` are all things that the finding speaks of, also such as cannot work: `found` says
    that something is written, and no more.
    """

    subject: bool
    found: bool
    detail: str = ""
    value: float | None = None
    places: list[Place] = Field(default_factory=list)
    sightings: list[Sighting] = Field(default_factory=list)


class RepositoryEvidence(Model):
    """Findings of the repository scan by probe id (harness/source/probes)."""

    probes: dict[str, Probe]


class BaseImage(Model):
    """An image that a build starts from, or takes files out of (`copied`): how firmly it is pinned."""

    reference: str
    pin: Literal["digest", "version", "floating", "stage"]
    copied: bool = False


class ImageEvidence(Model):
    """The built image. Sizes in bytes, times in seconds."""

    builder: str
    digest: str
    seconds: float
    cached: bool
    size_bytes: int
    base_images: list[BaseImage]
    user: str
    entrypoint: list[str]
    command: list[str]
    shell_form: bool = Field(description="PID 1 would be a shell because CMD or ENTRYPOINT is in shell form")
    stop_signal: str = Field(default="", description="STOPSIGNAL of the image as the engine tells it; empty: none, which means SIGTERM")
    exposed_ports: list[int]
    healthcheck: bool
    log_tail: str
    network: str = Field(description="what egress the build had, in words")


class IsolationProbe(Model):
    """One attempt, from inside the submission's network, to reach what must not be reachable."""

    target: str
    reachable: bool
    detail: str = ""


class SandboxEvidence(Model):
    """Where and how the candidate's container ran."""

    isolation: list[IsolationProbe]
    flags: dict[str, str]
    candidate_cores: list[int]
    generator_cores: list[int]
    cgroup: Literal["v1", "v2"]
    notes: list[str] = Field(default_factory=list)
