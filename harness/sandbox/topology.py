"""Everything that stands around a submission in one run: network, INPUT rule, feature store, alert receiver, helper, candidates.

A context manager: whatever way the block ends, all of it goes, containers at once, the first error untouched.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import docker
from docker.errors import APIError
from docker.models.containers import Container
from docker.models.volumes import Volume
from docker.types import Mount

from grader.schema.causes import Trouble, UsageError
from grader.schema.challenge import Challenge
from grader.schema.evidence import IsolationProbe, SandboxEvidence
from harness.sandbox import image_user, isolation, owner, runtime, runtime_trial, token_file
from harness.sandbox.archive import read_container_file
from harness.sandbox.container import Candidate
from harness.sandbox.engine import ENGINE_ERRORS, translate
from harness.sandbox.helper import Helper
from harness.sandbox.limits import (
    LEAST_WEIGHT,
    Cores,
    candidate_flags,
    choose_cores,
    control_flags,
    data_volume_options,
    described,
    own_data,
    shared_data,
    sidecar_flags,
)
from harness.sandbox.network import Network
from harness.sandbox.owner import KIND
from harness.sandbox.sidecar import AlertReceiver, ControlServer, FeatureStore, Sidecar, on_network
from harness.sandbox.teardown import quietly, together
from harness.sandbox.token_file import TokenFile
from harness.sandbox.usage import cgroup_version

FEATURE_STORE_NAME = "feature-store"
FEATURE_STORE_URL = f"http://{FEATURE_STORE_NAME}:8080"
ALERTS_NAME = "alerts"
ALERT_WEBHOOK_URL = f"http://{ALERTS_NAME}:9093/webhook"
FEATURE_STORE_HOST, ALERTS_HOST, CONTROL_HOST, FIRST_CANDIDATE_HOST, LAST_CANDIDATE_HOST = 10, 11, 12, 20, 29
MIB = 1 << 20


class Topology:
    """See the module. `feature_store`, `alerts` and `helper` are ready after entering; the isolation probe runs on beside."""

    def __init__(
        self, client: docker.DockerClient, run_id: str, challenge: Challenge, labels: Mapping[str, str], sidecar_image: str,
        *, cores: Cores | None = None, record: owner.RunRecord | None = None, port: int | None = None,
    ) -> None:  # fmt: skip
        """`port` is what candidates are told to listen on; the contract's, where none is given."""
        self.client, self.run_id, self.challenge, self.image = client, run_id, challenge, sidecar_image
        self.labels = dict(labels)
        self.cores = cores or choose_cores()
        self.port = port or challenge.contract.port
        self.network = Network(client, run_id, self.labels)
        self.control_network = Network(client, f"{run_id}-control", self._kind("control"))  # of its own: the candidate must not reach the control
        self.tag = self.network.name.removeprefix("net-")
        self.volume = f"data-{self.tag}"
        self.helper = Helper(client, sidecar_image, self._kind("helper"), self.cores, self.volume)
        self.candidates: list[Candidate] = []
        self.notes: list[str] = [self.cores.note] if self.cores.note else []
        self.token_file: TokenFile | None = None
        self._record = record
        self._files = ExitStack()  # the token, and the record where nobody gave us one
        self._sidecars: list[Sidecar] = []
        self._volume: Volume | None = None
        self._image_volumes_made: list[Volume] = []
        self._rule = False
        self.cgroup = ""
        self._engine_info: dict[str, Any] = {}
        self._runtime: str | None = None
        self._kept_from = ""
        self._background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="isolation")
        self._isolation: Future[list[IsolationProbe]] | None = None

    def __enter__(self) -> Topology:
        try:
            self._start()
        except BaseException as error:
            self._teardown()
            if isinstance(error, ENGINE_ERRORS):
                raise translate(error) from error
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._teardown()

    def _kind(self, kind: str) -> dict[str, str]:
        return self.labels | {KIND: kind}

    def _start(self) -> None:
        record = self._record or self._files.enter_context(owner.record(self.run_id))
        record.add_bridge(self.network.bridge)
        self.token_file = TokenFile(record)
        self._files.callback(self.token_file.remove)
        together([self._start_helper, self._open_networks])
        self._engine_info = self.client.info()
        self.cgroup = self._own_cgroup()
        self._start_sidecars()
        self._rule = True  # before it is set: an interrupt in between must not leave it behind, and deleting what is not there does no harm
        why = self.helper.drop_input(self.network.bridge)
        if why is not None:
            self.notes.append(f"host services may be reachable from the network: the INPUT rule could not be set ({why})")
        self._start_control()
        self._choose_runtime()
        self._isolation = self._background.submit(self._probe_isolation)

    def _own_cgroup(self) -> str:
        """A top-level cgroup for the candidate and for our sidecars: below the engine's own, all containers together weigh as much as one
        process of the host. A feature store that waits for builds of other gradings on our core would look like a slow dependency."""
        driver = self._engine_info.get("CgroupDriver")
        if driver != "cgroupfs":
            self.notes.append(f"the candidate shares the engine's cgroup (driver {driver}): other work on its core weighs as much as it does")
            return ""
        try:
            self.helper.own_cgroup(self.network.bridge)
        except Trouble as trouble:
            self.notes.append(f"the candidate shares the engine's cgroup: one of its own could not be made ({trouble.detail})")
            return ""
        return self.network.bridge

    def _start_helper(self) -> None:
        self._volume = self.client.volumes.create(
            self.volume, driver="local", driver_opts=data_volume_options(self.challenge.limits), labels=self._kind("data")
        )
        self.helper.__enter__()

    def _open_networks(self) -> None:
        self.network.__enter__()
        self.control_network.__enter__()

    def _start_sidecars(self) -> None:
        store = self._sidecar("feature_store", FEATURE_STORE_NAME, FEATURE_STORE_HOST)
        alerts = self._sidecar("alert_receiver", ALERTS_NAME, ALERTS_HOST)
        self._sidecars = [store, alerts]
        together([store.__enter__, alerts.__enter__])
        together([partial(store.ask, "stats"), partial(alerts.ask, "stats")])  # they listen before they answer
        self.feature_store = FeatureStore(store, self.network, FEATURE_STORE_NAME, self.network.address(FEATURE_STORE_HOST))
        self.alerts = AlertReceiver(alerts, self.network.address(ALERTS_HOST))

    def _start_control(self) -> None:
        address = self.control_network.address(CONTROL_HOST)
        place = on_network(self.client, self.control_network, "", address)
        flags = control_flags(self.challenge.limits, self.cores, self.cgroup) | place | {"name": f"control-{self.tag}"}
        control = Sidecar(self.client, self.image, "control_server", flags, self._kind("sidecar"))
        self._sidecars.append(control)
        control.__enter__()
        control.ask("stats")
        self.control = ControlServer(control, address)

    def _choose_runtime(self) -> None:
        """The operator's, or the strongest there is, if a candidate in it can be measured. Raises UsageError for one that was named and is unfit."""
        name = runtime.chosen(self._engine_info)
        if name is None or name == self._engine_info.get("DefaultRuntime"):
            return
        address = self.network.address(FIRST_CANDIDATE_HOST)
        limits = self.challenge.limits
        flags = candidate_flags(limits, self.cores, own_data(limits), (), (), self.cgroup) | on_network(self.client, self.network, "", address)
        flags |= {"runtime": name, "extra_hosts": self._known_hosts(), "user": "65534:65534"}
        verdict = runtime_trial.tried(self.client, self.image, flags, self._kind("probe"), self.network, address, self.control)
        if not runtime.wanted() and verdict.objection:
            self._kept_from = f"{name}, which the engine has: {verdict.objection}"
        elif verdict.unfit:
            raise UsageError(f"{runtime.ENVIRONMENT}={name}: {verdict.unfit}; mend that, or set it to {runtime.AS_THE_ENGINE}")
        else:
            self._runtime = name
            if verdict.objection:
                self.notes.append(f"candidates run in {name}, as {runtime.ENVIRONMENT} says: {verdict.objection}, and load is judged as usual")

    def _known_hosts(self) -> dict[str, str]:
        """For a runtime with a network stack of its own, which cannot ask the engine's name server."""
        return {FEATURE_STORE_NAME: self.network.address(FEATURE_STORE_HOST), ALERTS_NAME: self.network.address(ALERTS_HOST)}

    def _sidecar(self, module: str, name: str, host: int) -> Sidecar:
        place = on_network(self.client, self.network, name, self.network.address(host))
        flags = sidecar_flags(self.cores, self.cgroup) | place | {"name": f"{name}-{self.tag}"}
        return Sidecar(self.client, self.image, module, flags, self._kind("sidecar"))

    def _probe_isolation(self) -> list[IsolationProbe]:
        return isolation.probe(self.client, self._sidecars[0], self.network, sidecar_flags(self.cores), self._kind("probe"))

    def lookup(self, name: str) -> tuple[bool, str]:
        """Whether a name resolves for a neighbour of the candidate, and what was said. Raises Trouble("sidecar_down")."""
        return isolation.lookup(self._sidecars[1], name)

    def move(self, cores: Cores) -> None:
        """Go to the cores of a measurement slot, which a run holds only once its image is built."""
        if cores.our_set != self.cores.our_set:
            for id in self.sidecar_ids:
                self.client.api.update_container(id, cpuset_cpus=cores.our_set)
        self.client.api.update_container(self.control.id, cpuset_cpus=cores.candidate_set)
        self.cores = cores

    @property
    def sidecar_ids(self) -> list[str]:
        """Container ids of everything of ours that lives as long as the run."""
        return [*(str(sidecar.container.id) for sidecar in self._sidecars), self.helper.container_id]

    def start_candidate(
        self, image: str, *, env: Mapping[str, str] | None = None, mounts: Sequence[Mount] = (), keep_data: bool = False, beside: bool = False
    ) -> Candidate:
        """Create and start a container of the submission. `keep_data` leaves /data as a former candidate of this run left it.

        One `beside` another has a /data of its own, as replicas do, and the least weight on the core: on a cluster it would start elsewhere.

        Raises Trouble("start_exited") when the image's entry point or user cannot be started, or its /data is over the limit.
        """
        running = [candidate for candidate in self.candidates if not candidate.removed]
        if not running and not keep_data:
            self.helper.wipe_volume()
        host = self._free_host(running)
        try:
            data = own_data(self.challenge.limits) if beside else shared_data(self.volume)
            container = self._create(image, host, dict(env or {}), mounts, data)
        except ENGINE_ERRORS as error:
            raise self._explained(error) from error
        candidate = Candidate(self.client, container, self.network, self.network.address(host), self.port, self.helper, bool(self.cgroup))
        self.candidates.append(candidate)
        try:
            if beside:
                candidate.set_weight(LEAST_WEIGHT)
            else:
                uid, gid = self._user(image, container)
                root = runtime.remapped_root(self._engine_info)
                self.helper.prepare_volume(root[0] + uid, root[1] + gid)
            candidate.started_at = time.monotonic()
            container.start()
        except ENGINE_ERRORS as error:
            raise translate(error, candidate_starts=True) from error
        return candidate

    @property
    def next_address(self) -> str:
        """The address that the next candidate will get."""
        return self.network.address(self._free_host([candidate for candidate in self.candidates if not candidate.removed]))

    def _free_host(self, running: list[Candidate]) -> int:
        taken = {candidate.ip for candidate in running}
        free = (n for n in range(FIRST_CANDIDATE_HOST, LAST_CANDIDATE_HOST + 1) if self.network.address(n) not in taken)
        host = next(free, None)
        if host is None:
            raise Trouble("internal_error", "too many candidates at once")
        return host

    def _create(self, image: str, host: int, env: dict[str, str], mounts: Sequence[Mount], data: Mount) -> Container:
        name = f"app-{self.tag}-{len(self.candidates)}"
        volumes = self._image_volumes(image, name, {"/data", "/tmp", *(str(mount["Target"]) for mount in mounts)})
        place = on_network(self.client, self.network, "", self.network.address(host))
        given: dict[str, Any] = {"name": name, "labels": self._kind("candidate"), "environment": self.environment() | env}

        def create(mounts: Sequence[Mount]) -> Container:
            flags = candidate_flags(self.challenge.limits, self.cores, data, mounts, volumes, self.cgroup)
            if self._runtime:
                flags |= {"runtime": self._runtime, "extra_hosts": self._known_hosts()}
            return self.client.containers.create(image, **given, **flags, **place)

        if self.token_file is None or any(PurePosixPath(token_file.TARGET).is_relative_to(str(volume["Target"])) for volume in volumes):
            return create(mounts)
        try:
            return create([*mounts, self.token_file.mount])
        except APIError as error:
            if self.token_file.folder.name not in str(error):
                raise
            self.token_file = None  # an engine with a view of its own of this host's files
            self.notes.append(f"the engine does not see our temporary files, so the candidate has no {token_file.TARGET} ({error.explanation})")
            return create(mounts)

    def _image_volumes(self, image: str, name: str, ours: set[str]) -> list[Mount]:
        """An image's VOLUME would be a writable place without a limit: it keeps its content and becomes read-only, as the brief says.

        Named, since the engine refuses read-only anonymous volumes; created here so that they are known to the teardown whatever follows.
        """
        declared = self.client.images.get(image).attrs["Config"].get("Volumes") or {}
        mounts: list[Mount] = []
        for n, path in enumerate(sorted(path for path in declared if path.rstrip("/") not in ours)):
            volume = self.client.volumes.create(f"{name}-{n}", labels=self._kind("image-volume"))
            self._image_volumes_made.append(volume)
            mounts.append(Mount(path, volume.name, type="volume", read_only=True))
        return mounts

    def environment(self) -> dict[str, str]:
        """What the contract promises to every container of a submission."""
        contract = self.challenge.contract
        return {
            "PORT": str(self.port),
            "FEATURE_STORE_URL": FEATURE_STORE_URL,
            "FEATURE_STORE_TOKEN_FILE": token_file.TARGET,
            "ALERT_WEBHOOK_URL": ALERT_WEBHOOK_URL,
            "DRIFT_WINDOW": str(contract.drift_window),
            "DATA_DIR": "/data",
        }

    def _user(self, image: str, container: Container) -> tuple[int, int]:
        user = str(self.client.images.get(image).attrs["Config"].get("User") or "")
        return image_user.resolve(user, lambda path: read_container_file(container, path, MIB))

    def _explained(self, error: BaseException) -> Trouble:
        """The engine copies what an image holds in /data into the volume; when that does not fit, no disk of the host is full."""
        limit = self.challenge.limits.data_mib
        if "no space left" in str(error) and self.helper.volume_bytes() > (limit - 1) * MIB:
            return Trouble("start_exited", f"the image holds more than {limit} MiB in /data")
        return translate(error)

    def evidence(self) -> SandboxEvidence:
        """Waits for the isolation probe. Raises its Trouble."""
        assert self._isolation is not None, "the topology is not entered"
        try:
            probes = self._isolation.result()
        except ENGINE_ERRORS as error:
            raise translate(error) from error
        return SandboxEvidence(
            isolation=probes,
            flags=described(self.challenge.limits, self.cores) | {"runtime": runtime.in_words(self._engine_info, self._runtime, self._kept_from)},
            candidate_cores=list(self.cores.candidate),
            generator_cores=list(self.cores.ours),
            cgroup=cgroup_version(),
            notes=[*self.notes, *(f"{p.target}: {p.detail}" for p in probes if p.reachable or p.detail.startswith("not tested"))],
        )

    def _teardown(self) -> None:
        together([*(candidate.remove for candidate in self.candidates), *(partial(s.__exit__, None, None, None) for s in self._sidecars)])
        for volume in self._image_volumes_made:
            quietly("image volume", partial(volume.remove, force=True))
        self._background.shutdown(wait=True)  # its own containers are gone when it ends; without the feature store it ends at once
        if self.cgroup:
            quietly("cgroup", partial(self.helper.remove_cgroups, self.cgroup))
        orphaned = self._rule and not quietly("INPUT rule", partial(self.helper.allow_input, self.network.bridge))
        self._rule = False
        together([self._remove_helper, *(partial(network.__exit__, None, None, None) for network in (self.network, self.control_network))])
        if orphaned:
            quietly("INPUT rule, by a new helper", self._sweep_rules)
        self._files.close()

    def _remove_helper(self) -> None:
        self.helper.__exit__(None, None, None)
        if self._volume is not None:
            quietly("data volume", partial(self._volume.remove, force=True))
            self._volume = None

    def _sweep_rules(self) -> None:
        """The run's helper has died, and the rule outlived its bridge."""
        with Helper(self.client, self.image, self._kind("helper")) as helper:
            helper.sweep_rules()
