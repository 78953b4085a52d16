"""What the tests of this folder measure with: a topology, the measurement slot, a generator, and candidates that come and go."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import docker

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.evidence.load import ControlReading
from harness.host import hold_slot
from harness.load import control
from harness.load import stage as load
from harness.load.generator import LoadGenerator
from harness.load.supply import Supply, requests
from harness.sandbox import owner
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology
from harness.sandbox.vigil import Vigil
from harness.seeds import Seeds

READY_S = 20.0
SLOT_S = 300.0
"""Gradings of other tests on this machine may hold the slot for minutes."""

DOCKERFILE = 'FROM {base}\nCOPY {name} /{name}\nUSER 1234\nENTRYPOINT ["python3", "-u", "/{name}"]\nCMD []\n'
NUMBERS = count()


def build(engine: docker.DockerClient, base: str, name: str) -> str:
    """An image of one file of this folder; kept between sessions by the engine's build cache."""
    context, tag = io.BytesIO(), f"grader-test-load-{name.removesuffix('.py')}"
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, data in (("Dockerfile", DOCKERFILE.format(base=base, name=name).encode()), (name, Path(__file__).with_name(name).read_bytes())):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=tag, rm=True, forcerm=True)
    return tag


@dataclass
class Bench:
    """Wired as harness.live does it: the control container is read while the candidate is frozen, the vigil looks after our own ground."""

    topology: Topology
    generator: LoadGenerator
    challenge: LoadedChallenge
    rows: list[Row]
    vigil: Vigil
    begin: float = field(default_factory=time.monotonic)

    @contextmanager
    def serving(self, image: str, **env: str) -> Iterator[Candidate]:
        """A candidate that answers its health route."""
        candidate = self.topology.start_candidate(image, env=env)
        try:
            deadline = time.monotonic() + READY_S
            while candidate.client.get(self.challenge.spec.contract.health, deadline_s=0.5).status != 200:
                assert time.monotonic() < deadline, candidate.logs().decode()
                time.sleep(0.05)
            yield candidate
        finally:
            candidate.remove()

    def stage(self, candidate: Candidate, commit: str = "commit") -> load.Stage:
        spec = self.challenge.spec
        return load.Stage(
            self.generator, candidate, spec.contract, spec.reality, Seeds(b"k" * 16, commit, 1), self.topology.cores.candidate, self.begin,
            spec.limits.cpus, control=lambda moment: self.control(candidate, moment),
        )  # fmt: skip

    def supply(self) -> Supply:
        return requests(self.rows, self.challenge.spec.contract.id_field)

    def control(self, candidate: Candidate, moment: str) -> ControlReading:
        with frozen(candidate):
            return control.read(self.generator, self.topology.control, moment, self.begin)


@contextmanager
def benched(engine: docker.DockerClient, challenge: LoadedChallenge, rows: list[Row], sidecar_image: str) -> Iterator[Bench]:
    run_id = f"test-load-{os.getpid()}-{next(NUMBERS)}"
    with (
        hold_slot(SLOT_S) as slot,
        Topology(engine, run_id, challenge.spec, owner.labels(run_id), sidecar_image, cores=slot.cores) as topology,
        LoadGenerator(topology.cores.ours) as generator,
    ):
        yield Bench(topology, generator, challenge, rows, Vigil(engine, run_id, topology.network.name))


@contextmanager
def frozen(candidate: Candidate) -> Iterator[None]:
    """The candidate's core without the candidate."""
    if not candidate.state().running:
        yield
        return
    candidate.pause()
    try:
        yield
    finally:
        candidate.unpause()
