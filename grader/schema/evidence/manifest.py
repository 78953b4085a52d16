"""The bundle's table of contents: what was graded, by what, where, when, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from pydantic import Field

from grader.schema.base import SCHEMA_VERSION, Model
from grader.schema.causes import Failure


class Submission(Model):
    """Where the submission came from. `origin` is for people; `commit` is None for a plain folder."""

    origin: str
    commit: str | None = None
    tree: str | None = None
    image_digest: str | None = None


class Host(Model):
    """Fingerprint of the machine that measured."""

    cores: int
    memory_mib: int
    kernel: str
    engine: str
    cgroup: str
    python: str


class StageTiming(Model):
    """One stage of collection. `measured_s` is the part spent in measured windows (stimulus on, or a deadline we owe the candidate)."""

    name: str
    start_s: float
    seconds: float
    measured_s: float = 0.0
    failure: Failure | None = None


class RunFacts(Model):
    """What the run itself cost. `waited_s`: for a measurement slot that another grading held.

    `fresh_starts`: the stages before which we started the service anew, since the one before had left it ended or silent.
    """

    wall_s: float
    build_s: float
    waited_s: float = 0.0
    measured_s: float
    grader_peak_mib: float
    generator_peak_mib: float
    fresh_starts: list[str] = Field(default_factory=list)
    stages: list[StageTiming]

    @property
    def overhead(self) -> float:
        """(wall - build - waited) / measured windows: what the run cost beyond what it measured; the bar is 1.15."""
        return round((self.wall_s - self.build_s - self.waited_s) / self.measured_s, 3) if self.measured_s else 0.0


class Manifest(Model):
    schema_version: int = SCHEMA_VERSION
    grader_version: str
    created: str = Field(description="UTC, ISO 8601")
    challenge: str
    challenge_digest: str
    mode: str
    attempt: int
    submission: Submission
    host: Host
    seeds: dict[str, str] = Field(description="phase -> digest of its seed; the seeds themselves stay with the operator")
    files: dict[str, str] = Field(description="path inside the bundle -> sha256")
    run: RunFacts
    seal: str = Field(default="", description="sha256 of this manifest's own JSON with an empty seal: damage to it is noticed too")



def seal_of(document: Mapping[str, object]) -> str:
    """What the `seal` of a manifest's document must be. It is taken over the document as it was written: a field that a later version has
    besides must not make older bundles look damaged."""
    plain = json.dumps({**document, "seal": ""}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
