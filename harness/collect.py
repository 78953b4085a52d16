"""One collection: the one list of stages, in order, from an origin to an evidence bundle. Records facts; never judges.

    source -> repository scan \\
           -> image build      > candidate starts -> boot -> contract -> load -> drift -> logs, audit, metrics -> faults
    network, sidecars, streams/
"""

from __future__ import annotations

import resource
import tempfile
import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import docker

from challenges.loader import LoadedChallenge
from grader import __version__
from grader.schema.causes import CandidateTrouble, Trouble
from grader.schema.challenge import Mode
from grader.schema.evidence import COLLECTORS, ImageEvidence, Manifest, RunFacts, SourceEvidence, Submission
from harness import host
from harness.bundle import BundleWriter
from harness.drift.stream import customers
from harness.image.base import ensure_sidecar_image
from harness.image.build import build
from harness.live import LIVE, PHASES, Bench, Live, Streams
from harness.load.generator import LoadGenerator
from harness.progress import Progress
from harness.sandbox import engine, owner
from harness.sandbox.sweep import sweep
from harness.sandbox.teardown import quietly
from harness.sandbox.topology import Topology
from harness.sandbox.vigil import Vigil
from harness.seeds import Seeds, operator_key
from harness.source import clone, dockerfile, probes
from harness.source.tree import SourceTree
from harness.stages import Clock, Stages
from harness.text import one_line

SLOT_WAIT_S = 3600.0


@dataclass(frozen=True)
class Request:
    """What to collect. `origin` is an https git URL or a local folder."""

    origin: str
    challenge: LoadedChallenge
    mode: str
    attempt: int = 1
    allow_hosts: Sequence[str] = ()
    ca_file: Path | None = None

    @property
    def exercise(self) -> Mode:
        return self.challenge.spec.modes[self.mode]


def collect(request: Request, folder: Path, progress: Progress) -> Manifest:
    """Collect a whole bundle into `folder`.

    Raises UsageError for an origin that cannot be had, Trouble where not even a bundle can be given (no engine, disk full,
    interrupted). Whatever goes wrong after that stands in the bundle, by stage, with its culprit.
    """
    client = engine.connect()
    try:
        sweep(client)
        with owner.record(f"{uuid.uuid4().hex[:12]}") as record, tempfile.TemporaryDirectory(prefix="grader-") as work:
            record.add_folder(Path(work))
            return _Collection(request, client, folder, Path(work), record, progress).run()
    finally:
        client.close()


class _Collection:
    """One run's state, from the clone to the manifest."""

    def __init__(self, request: Request, client: docker.DockerClient, folder: Path, work: Path, record: owner.RunRecord, progress: Progress) -> None:
        self.request, self.challenge, self.spec = request, request.challenge, request.challenge.spec
        self.client, self.folder, self.work, self.record, self.progress = client, folder, work, record, progress
        self.clock = Clock()
        self.labels = owner.labels(record.run_id)
        self.cancel = threading.Event()
        self.generator_peak_mib = 0.0
        self.engine_version = str(client.version()["Version"])
        self.created = datetime.now(UTC)

    def run(self) -> Manifest:
        tree, refused = self._obtain()
        self.writer = BundleWriter(self.folder)
        self.writer.put_challenge(self.spec)
        self.stages = Stages(self.writer, self.progress, self.clock)
        source = self.stages.run("source", lambda: self._examine(tree, refused))
        image = self._with_image(tree, source) if tree and source else None
        for name in COLLECTORS:
            self.stages.inherit(name, needs=["source", "image", *LIVE])
        return self._close(tree, image)

    def _obtain(self) -> tuple[SourceTree | None, CandidateTrouble | None]:
        """Before there is a bundle: an origin that cannot be had is the caller's to mend and leaves nothing (UsageError)."""
        request = self.request
        self.progress.started("clone")
        begin = self.clock.now()
        try:
            tree = clone.obtain(request.origin, self.work / "tree", self.spec.limits, allow_hosts=request.allow_hosts, ca_file=request.ca_file)
        except CandidateTrouble as trouble:
            self.progress.finished("clone", self.clock.now() - begin, trouble.failure)
            return None, trouble
        self.progress.finished("clone", self.clock.now() - begin, None)
        return tree, None

    def _examine(self, tree: SourceTree | None, refused: CandidateTrouble | None) -> SourceEvidence:
        if refused is not None or tree is None:
            raise refused or Trouble("internal_error", "neither a tree nor a reason")
        return dockerfile.examine(tree)

    def _with_image(self, tree: SourceTree, source: SourceEvidence) -> ImageEvidence | None:
        """Build and scan on their own threads while slot, sandbox, generator and streams are made ready; then measure."""
        with ExitStack() as stack, ThreadPoolExecutor(max_workers=2, thread_name_prefix="prepare") as pool:
            stack.callback(self._forget_image)  # registered first, so it runs last: when no container uses the image any more
            try:
                building = pool.submit(self.stages.run, "image", lambda: self._build(tree, source))
                scanning = pool.submit(self.stages.run, "repository", lambda: probes.scan(tree, self.challenge))
                seeds = Seeds(operator_key(), tree.commit or tree.tree, self.request.attempt)
                bench = self.stages.run("prepare", lambda: self._prepare(stack, seeds)) if source.dockerfile else None
                image = building.result()
                scanning.result()
                if bench is not None:
                    self._measure(bench, image)
                    self.generator_peak_mib = bench.generator.peak_mib
            finally:
                self.cancel.set()  # an interrupted run must not wait for its build
            return image

    def _build(self, tree: SourceTree, source: SourceEvidence) -> ImageEvidence:
        if source.dockerfile is None:
            raise Trouble("no_dockerfile", f"{source.files} files looked at")
        sidecar_image = ensure_sidecar_image(self.client)
        labels = self.labels | {owner.TEMPORARY: "true"}
        log = self.work / "build.log"
        try:
            return build(self.client, tree, source.dockerfile, self.spec.limits, labels, log, cancel=self.cancel, helper_image=sidecar_image)
        except CandidateTrouble as trouble:
            if trouble.cause == "build_failed" and source.missing_copy_sources:
                missing = ", ".join(place.file for place in source.missing_copy_sources[:5])
                raise Trouble("copy_source_missing", f"{missing}; {trouble.detail}") from trouble
            raise
        finally:
            if log.exists():
                self.writer.put_text("logs/build.log", log.read_text(encoding="utf-8", errors="replace"))

    def _prepare(self, stack: ExitStack, seeds: Seeds) -> Bench:
        """Everything that the measurement stands on and that does not need the image. Entered on `stack`, torn down with it."""
        slot = stack.enter_context(host.hold_slot(SLOT_WAIT_S))
        generator = stack.enter_context(LoadGenerator(slot.cores.ours, self.work))
        streams = Streams.draw(self.challenge, self.request.exercise, seeds)
        sidecar_image = ensure_sidecar_image(self.client)
        topology = stack.enter_context(
            Topology(self.client, self.record.run_id, self.spec, self.labels, sidecar_image, cores=slot.cores, record=self.record)
        )
        topology.feature_store.load(customers(streams.rows))
        vigil = Vigil(self.client, self.record.run_id, topology.network.name)
        return Bench(slot, generator, topology, streams, seeds, vigil)

    def _measure(self, bench: Bench, image: ImageEvidence | None) -> None:
        live = Live(self.challenge, self.request.exercise, self.stages, self.clock, bench)
        try:
            live.run(image)
        finally:
            self.writer.put_text("logs/container.log", live.log())

    def _forget_image(self) -> None:
        ours = self.client.images.list(filters={"label": f"{owner.RUN}={self.record.run_id}"})
        for image in ours:
            quietly("candidate image", partial(self.client.images.remove, str(image.id), force=True))

    def _close(self, tree: SourceTree | None, image: ImageEvidence | None) -> Manifest:
        timings = sorted(self.stages.timings, key=lambda t: t.start_s)
        if self.stages.defects:
            self.writer.put_text("logs/defects.log", "\n".join(self.stages.defects))
        seeds = Seeds(operator_key(), (tree.commit or tree.tree) if tree else "", self.request.attempt)
        facts = RunFacts(
            wall_s=round(self.clock.now(), 3),
            build_s=round(sum(t.seconds for t in timings if t.name == "image"), 3),
            measured_s=round(sum(t.measured_s for t in timings), 3),
            grader_peak_mib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            generator_peak_mib=round(self.generator_peak_mib, 1),
            stages=timings,
        )
        return self.writer.close(
            Manifest(
                grader_version=__version__,
                created=self.created.isoformat(timespec="seconds"),
                challenge=self.spec.slug,
                challenge_digest=self.spec.digest,
                mode=self.request.mode,
                attempt=self.request.attempt,
                submission=self._submission(tree, image),
                host=host.fingerprint(f"Docker {self.engine_version}"),
                seeds={phase: seeds.digest(phase) for phase in PHASES},
                files={},
                run=facts,
            )
        )

    def _submission(self, tree: SourceTree | None, image: ImageEvidence | None) -> Submission:
        origin = self.request.origin
        shown = origin if "://" in origin else Path(origin).resolve().name  # a path of this machine is nobody else's business
        digest = image.digest if image else None
        return Submission(origin=one_line(shown, 300), commit=tree.commit if tree else None, tree=tree.tree if tree else None, image_digest=digest)
