"""One service in one container, asked by the harness's own collectors, for every lie that it can tell."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row
from harness import contract
from harness.load.generator import LoadGenerator
from harness.load.plan import Plan
from harness.load.schedule import constant
from harness.load.supply import fields
from harness.sandbox import owner
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology
from harness.telemetry import artifact, audit, logs
from harness.telemetry.scraper import Telemetry
from harness.telemetry.under_load import ScrapesUnderLoad

READY_S = 20.0
RATE, SECONDS = 150, 2.0
PROBES = 40
DOCKERFILE = """\
FROM {base}
WORKDIR /srv
COPY service.py service.py
RUN mkdir models && echo '{{"trees": [1, 2, 3]}}' > models/model.json
ENV MODEL_PATH=models/model.json
USER 1234
ENTRYPOINT ["python3", "-u", "service.py"]
CMD []
"""
IMAGE = "grader-test-truth-service"


@dataclass
class Collected:
    """The candidate, and how the harness comes to its evidence: as harness.live does, one short stretch of load instead of several stages."""

    candidate: Candidate
    generator: LoadGenerator
    challenge: LoadedChallenge
    rows: list[Row]

    def evidence(self, lie: str) -> dict[str, Any]:
        client, spec = self.candidate.client, self.challenge.spec
        begin, logged = time.monotonic(), time.time()
        assert client.request("POST", "/lie", body=lie.encode()).status == 200
        probed = contract.probe(client, self.challenge, self.rows[:PROBES])
        found = artifact.read(self.candidate, spec.contract.version, spec.contract.model_path_env)
        telemetry = Telemetry(client, self.challenge, begin)
        telemetry.scrape("before_steady")
        with ScrapesUnderLoad(client, spec.contract.metrics, begin, every_s=0.6) as scrapes:
            trace = self.generator.start(self._plan()).wait()
        telemetry.scrape("after_steady")
        telemetry.sent("before_steady", "after_steady", trace)
        telemetry.cost(scrapes.costs(trace))
        telemetry.idle()
        wrong = telemetry.errors(self.rows).sent
        sent = audit.answers(trace)
        read = logs.read(self.candidate, [], sent.keys(), {answer.version for answer in sent.values()})
        return {
            "contract": probed.model_copy(update={"artifacts": found}),
            "metrics": telemetry.evidence(),
            "logs": read.model_copy(update={"errors": logs.errors(self.candidate, logged, wrong)}),
        }

    def _plan(self) -> Plan:
        client, spec = self.candidate.client, self.challenge.spec.contract
        rows = self.rows[PROBES:]
        return Plan(
            host=client.host, port=client.port, path=spec.predict, arrivals_s=constant(RATE, SECONDS, 5),
            bodies=[json.dumps(row.request).encode() for row in rows], ids=[str(row.request[spec.id_field]) for row in rows],
            fields=fields(spec),
        )  # fmt: skip


@pytest.fixture(scope="session")
def image(engine: docker.DockerClient, base_image: str) -> str:
    """Kept between sessions by the engine's build cache."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, data in (
            ("Dockerfile", DOCKERFILE.format(base=base_image).encode()),
            ("service.py", Path(__file__).with_name("service.py").read_bytes()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=IMAGE, rm=True, forcerm=True)
    return IMAGE


@pytest.fixture(scope="session")
def collected(engine: docker.DockerClient, image: str, sidecar_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    challenge, run_id = load("fraud-scoring"), f"test-truth-{os.getpid()}"
    rows = challenge.simulator().stream(round(RATE * SECONDS) + 60, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))  # run records stay out of the user's own
        with (
            Topology(engine, run_id, challenge.spec, owner.labels(run_id), sidecar_image) as topology,
            LoadGenerator(topology.cores.ours) as generator,
        ):
            candidate = topology.start_candidate(image)
            try:
                deadline = time.monotonic() + READY_S
                while candidate.client.get("/healthz", deadline_s=0.5).status != 200:
                    assert time.monotonic() < deadline, candidate.logs()
                    time.sleep(0.05)  # pace of polling; the condition above ends the wait
                yield Collected(candidate, generator, challenge, rows)
            finally:
                candidate.remove()
