"""One collection: the one list of stages, in order, from an origin to an evidence bundle. Records facts; never judges.

    clone > source -> repository scan \\
                   -> image build      > slot > candidate starts -> boot -> contract -> load -> drift -> feedback -> audit -> faults -> logs, metrics
            network, sidecars, streams/
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import docker

from challenges.loader import LoadedChallenge
from grader import __version__
from grader.schema.base import Culprit
from grader.schema.causes import CandidateTrouble, Trouble, UsageError
from grader.schema.challenge import Mode
from grader.schema.evidence import COLLECTORS, ImageEvidence, Manifest, RunFacts, SourceEvidence, Submission
from grader.schema.spoken import several
from harness import host, port
from harness.bench import PHASES, Bench, Streams
from harness.bundle import BundleWriter
from harness.crew import crew
from harness.drift.stream import customers
from harness.image.base import ensure_sidecar_image
from harness.image.build import build
from harness.journal import Journal
from harness.live import LIVE, Live
from harness.load.generator import LoadGenerator
from harness.progress import Progress
from harness.sandbox import engine, owner
from harness.sandbox.heartbeat import Heartbeat, answers, cut
from harness.sandbox.sweep import remove_run, sweep
from harness.sandbox.topology import Topology
from harness.sandbox.vigil import Vigil
from harness.seeds import Seeds, operator_key
from harness.source import clone, dockerfile, probes
from harness.source.authors import write as write_authors
from harness.source.login import Logins
from harness.source.tree import SourceTree
from harness.stages import Clock, Stages
from harness.telemetry.prometheus.material import gather
from harness.text import one_line
from harness.workplace import draft, unwritable, work_folder

SLOT_WAIT_S = 2 * 3600.0
"""Waiting is not measured and costs nobody a point; only a queue that does not move at all should end it."""

ENGINE_S = 60.0
"""One request to an engine that is slow but sound; builds, and waits for containers, have deadlines of their own."""

CANCEL_S = 1.0
"""A build that runs ends within 0.2 s of its cancellation."""

GROUNDS = ("source", "image", "prepare", "slot", "ground", *LIVE)
"""What a stage that never ran may stand on, in the order in which reasons are looked for."""


@dataclass(frozen=True)
class Request:
    """What to collect. `origin` is an https git URL or a local folder."""

    origin: str
    challenge: LoadedChallenge
    mode: str
    attempt: int = 1
    allow_hosts: Sequence[str] = ()
    ca_file: Path | None = None
    logins: Logins = field(default_factory=Logins)

    @property
    def exercise(self) -> Mode:
        return self.challenge.spec.modes[self.mode]


def collect(request: Request, folder: Path, progress: Progress, *, authors: Path | None = None) -> Manifest:
    """Collect a whole bundle into `folder`, which keeps what it held until the new bundle is complete. Who wrote the graded commit goes to
    the file `authors`, if one is named: it is for whoever has to hide these names, and no evidence.

    Raises UsageError for an origin that cannot be had, Trouble where not even a bundle can be given (no engine, disk full,
    interrupted). Whatever goes wrong after that stands in the bundle, by stage, with its culprit.
    """
    _apart(request.origin, folder)
    clock, run_id = Clock(), uuid.uuid4().hex[:12]
    seeds_key = operator_key()
    with ExitStack() as stack:
        journal = stack.enter_context(Journal())
        client = stack.enter_context(closing(engine.connect(ENGINE_S)))
        cancel = threading.Event()
        stack.enter_context(Heartbeat(client, lost=cancel.set))
        stack.callback(_leave_nothing, client, run_id)
        sweep(client)
        try:
            record = stack.enter_context(owner.record(run_id))
        except OSError as error:
            raise unwritable(error, owner.state_folder()) from error
        place = stack.enter_context(draft(folder, record))
        work = stack.enter_context(work_folder(record))
        places = host.slots()
        stack.enter_context(host.off_measured_cores(places))
        return _Collection(request, client, place, work, record, progress, clock, places, seeds_key, journal, cancel).run(authors)


def _apart(origin: str, folder: Path) -> None:
    """A plain folder is graded as it is: an output folder in it would be a part of the submission."""
    source = Path(origin).expanduser()
    if source.is_dir() and not (source / ".git").exists() and folder.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"the output folder {folder.parent} lies inside of the submission: choose another one with -o")


def _leave_nothing(client: docker.DockerClient, run_id: str) -> None:
    """The last word of every run, however it ends. An engine that is gone is not waited for: the next run's sweep does it."""
    if answers(client):
        with suppress(Trouble):
            remove_run(client, run_id)


class _Collection:
    """One run's state, from the clone to the manifest."""

    def __init__(
        self, request: Request, client: docker.DockerClient, folder: Path, work: Path, record: owner.RunRecord, progress: Progress, clock: Clock,
        places: Sequence[host.Slot], key: bytes, journal: Journal, cancel: threading.Event,
    ) -> None:  # fmt: skip
        self.request, self.challenge, self.spec = request, request.challenge, request.challenge.spec
        self.client, self.folder, self.work, self.record, self.progress = client, folder, work, record, progress
        self.clock, self.places, self.key, self.journal, self.cancel = clock, places, key, journal, cancel
        self.labels = owner.labels(record.run_id)
        self.generator_peak_mib = 0.0
        self.fresh_starts: list[str] = []
        self.engine_version = str(client.version()["Version"])
        self.created = datetime.now(UTC)

    def run(self, authors: Path | None) -> Manifest:
        tree, refused = self._obtain()
        if authors is not None and tree is not None:
            write_authors(tree.authors, authors)
        self.seeds = Seeds(self.key, (tree.commit or tree.tree) if tree else "", self.request.attempt)
        self.writer = BundleWriter(self.folder)
        self.writer.put_challenge(self.spec)
        self.stages = Stages(self.writer, self.progress, self.clock)
        source = self.stages.run("source", lambda: self._examine(tree, refused))
        image = self._with_image(tree, source) if tree and source else None
        for name in COLLECTORS:
            self.stages.inherit(name, needs=GROUNDS)
        return self._close(tree, image)

    def _obtain(self) -> tuple[SourceTree | None, CandidateTrouble | None]:
        """Before there is a bundle: an origin that cannot be had is the caller's to mend and leaves nothing (UsageError)."""
        request = self.request
        self.progress.started("clone")
        begin = self.clock.now()
        try:
            tree = clone.obtain(
                request.origin, self.work / "tree", self.spec.limits, allow_hosts=request.allow_hosts, ca_file=request.ca_file,
                logins=request.logins,
            )  # fmt: skip
        except CandidateTrouble as trouble:
            self.progress.finished("clone", self.clock.now() - begin, trouble.failure)
            return None, trouble
        except OSError as error:
            raise unwritable(error, self.work) from error
        self.progress.finished("clone", self.clock.now() - begin, None)
        return tree, None

    def _examine(self, tree: SourceTree | None, refused: CandidateTrouble | None) -> SourceEvidence:
        if refused is not None or tree is None:
            raise refused or Trouble("internal_error", "neither a tree nor a reason")
        return dockerfile.examine(tree)

    def _with_image(self, tree: SourceTree, source: SourceEvidence) -> ImageEvidence | None:
        """Build and scan on their own threads while sandbox, generator and streams are made ready; then measure, in a slot."""
        with ExitStack() as stack, crew("prepare", 3, self.cancel, self._cut_off, CANCEL_S) as pool:
            building = pool.submit(self.stages.run, "image", lambda: self._build(tree, source))
            scanning = pool.submit(self.stages.run, "repository", lambda: probes.scan(tree, self.challenge))
            ready = self.stages.run("prepare", lambda: self._prepare(stack, tree)) if source.dockerfile else None
            image = building.result()
            scanning.result()
            if ready is not None:
                self._measure(ready, image, pool)
            return image

    def _cut_off(self) -> None:
        """An interrupted run must not wait for its build. One that pulls an image, or waits for a container, hears no cancel."""
        cut(self.client)

    def _build(self, tree: SourceTree, source: SourceEvidence) -> ImageEvidence:
        if source.dockerfile is None:
            raise Trouble("no_dockerfile", f"{several(source.files, 'file')} looked at")
        log = self.work / "build.log"
        try:
            return build(
                self.client, tree, source.dockerfile, self.spec.limits, self.labels, log, cancel=self.cancel,
                cpuset=host.our_cores(self.places).our_set, helper_image=ensure_sidecar_image(self.client),
            )  # fmt: skip
        except Trouble as trouble:
            if trouble.culprit is not Culprit.HOST and not answers(self.client):
                raise Trouble("engine_lost", f"while building: {trouble.detail}") from trouble
            if trouble.cause == "build_failed" and source.missing_copy_sources:
                missing = ", ".join(place.file for place in source.missing_copy_sources[:5])
                raise Trouble("copy_source_missing", f"{missing}; {trouble.detail}") from trouble
            raise
        finally:
            if log.exists():
                self.writer.put_text("logs/build.log", log.read_text(encoding="utf-8", errors="replace"))

    def _prepare(self, stack: ExitStack, tree: SourceTree) -> Bench:
        """Everything that the measurement stands on and that needs neither the image nor a slot. Entered on `stack`, torn down with it."""
        with ExitStack() as entered:
            cores = host.our_cores(self.places)
            generator = entered.enter_context(LoadGenerator(cores.ours, self.work))
            entered.callback(self._note_peak, generator)
            streams = Streams.draw(self.challenge, self.request.exercise, self.seeds)
            sidecar_image = ensure_sidecar_image(self.client)
            topology = entered.enter_context(
                Topology(
                    self.client,
                    self.record.run_id,
                    self.spec,
                    self.labels,
                    sidecar_image,
                    cores=cores,
                    record=self.record,
                    port=port.draw(self.seeds),
                )
            )
            topology.feature_store.load(customers(streams.rows))
            vigil = Vigil(self.client, self.record.run_id, topology.network.name)
            stack.push(entered.pop_all())
        return Bench(generator, topology, streams, self.seeds, vigil, gather(tree, self.spec.slug))

    def _note_peak(self, generator: LoadGenerator) -> None:
        self.generator_peak_mib = max(self.generator_peak_mib, generator.peak_mib)

    def _measure(self, bench: Bench, image: ImageEvidence | None, pool: ThreadPoolExecutor) -> None:
        with ExitStack() as holding:
            slot = self.stages.run("slot", lambda: holding.enter_context(self._slot(bench)), needs=["image"])
            isolation = pool.submit(self.stages.run, "sandbox", bench.topology.evidence)
            if image is not None and slot is not None:
                live = Live(self.challenge, self.request.exercise, self.stages, self.clock, bench, slot.cores.candidate)
                self.fresh_starts = live.fresh_starts
                holding.callback(live.end)  # the slot is free only when nothing runs on its cores any more
                live.run(image)
                self.writer.put_text("logs/container.log", live.log())
            isolation.result()

    @contextmanager
    def _slot(self, bench: Bench) -> Iterator[host.Slot]:
        def waiting() -> None:
            self.progress.note("slot", "waiting: another grading is measuring on this host")

        with host.hold_slot(SLOT_WAIT_S, places=self.places, waiting=waiting) as slot:
            bench.topology.move(slot.cores)
            bench.generator.pin(slot.cores.ours)
            yield slot

    def _close(self, tree: SourceTree | None, image: ImageEvidence | None) -> Manifest:
        for name, lines in (("defects", self.stages.defects), ("grader", self.journal.lines)):
            if lines:
                self.writer.put_text(f"logs/{name}.log", "\n".join(lines))
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
                seeds={phase: self.seeds.digest(phase) for phase in PHASES},
                files={},
                run=self._facts(),
            )
        )

    def _facts(self) -> RunFacts:
        timings = sorted(self.stages.timings, key=lambda t: t.start_s)
        return RunFacts(
            wall_s=round(self.clock.now(), 3),
            build_s=round(sum(t.seconds for t in timings if t.name == "image"), 3),
            waited_s=round(sum(t.seconds for t in timings if t.name == "slot"), 3),
            measured_s=round(sum(t.measured_s for t in timings), 3),
            grader_peak_mib=host.own_peak_mib(),
            generator_peak_mib=round(self.generator_peak_mib, 1),
            fresh_starts=list(self.fresh_starts),
            stages=timings,
        )

    def _submission(self, tree: SourceTree | None, image: ImageEvidence | None) -> Submission:
        origin = self.request.origin
        shown = origin if "://" in origin else Path(origin).resolve().name  # a path of this machine is nobody else's business
        digest = image.digest if image else None
        return Submission(origin=one_line(shown, 300), commit=tree.commit if tree else None, tree=tree.tree if tree else None, image_digest=digest)
