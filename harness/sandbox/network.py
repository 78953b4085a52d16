"""The one internal network of a run: no route to the outside, a fixed subnet (so that IPs can be pinned), a bridge with our name."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path
from types import TracebackType

import docker
from docker.errors import APIError
from docker.models.networks import Network as EngineNetwork
from docker.types import IPAMConfig, IPAMPool

from grader.schema.causes import Trouble
from harness.sandbox.engine import translate
from harness.sandbox.owner import BRIDGE
from harness.sandbox.teardown import quietly

BRIDGE_PREFIX = "gr-"
BRIDGE_PATTERN = r"gr-[0-9a-f]{11}|grb[0-9a-f]{10}"
"""Names of the bridges of runs and of builds, for the sweep of their INPUT rules."""

POOL = ipaddress.ip_network("10.64.0.0/10")
PREFIX_LENGTH = 24
TRIES = 20
TAKEN = ("overlaps", "overlapping")
"""What the engine says of a subnet that somebody else has: its address pool, or, for one that was taken meanwhile, its bridge driver."""


def bridge_name(run_id: str) -> str:
    """At most 15 characters (IFNAMSIZ), unlikely to meet another run's."""
    return f"{BRIDGE_PREFIX}{random.Random(run_id).getrandbits(44):011x}"


def routed_networks(table: str | None = None) -> list[ipaddress.IPv4Network]:
    """Networks in this host's main routing table, the default route left out."""
    found: list[ipaddress.IPv4Network] = []
    for row in (Path("/proc/net/route").read_text() if table is None else table).splitlines()[1:]:
        words = row.split()
        address, mask = (int.from_bytes(bytes.fromhex(words[i]), "little") for i in (1, 7))
        if mask:
            found.append(ipaddress.IPv4Network((address, bin(mask).count("1"))))
    return found


def free_subnets(seed: str, taken: list[ipaddress.IPv4Network]) -> list[ipaddress.IPv4Network]:
    """Candidates for a subnet, in an order of the run's own so that runs beginning together rarely compete."""
    draw = random.Random(seed)
    count = 1 << (PREFIX_LENGTH - POOL.prefixlen)
    first = int(POOL.network_address)
    chosen = (ipaddress.IPv4Network((first + (draw.randrange(count) << (32 - PREFIX_LENGTH)), PREFIX_LENGTH)) for _ in range(10 * TRIES))
    return [subnet for subnet in chosen if not any(subnet.overlaps(other) for other in taken)][:TRIES]


class Network:
    """Context manager over the engine's network. `address(n)` is the n-th address of its subnet; the host's end is address(1)."""

    def __init__(self, client: docker.DockerClient, run_id: str, labels: dict[str, str]) -> None:
        self.client = client
        self.bridge = bridge_name(run_id)
        self.name = f"net-{self.bridge.removeprefix(BRIDGE_PREFIX)}"
        self.labels = labels | {BRIDGE: self.bridge}
        self.run_id = run_id
        self.subnet: ipaddress.IPv4Network | None = None
        self._network: EngineNetwork | None = None

    def __enter__(self) -> Network:
        problem: APIError | None = None
        for subnet in free_subnets(self.run_id, routed_networks()):
            try:
                self._network = self._create(subnet)
            except APIError as error:
                if not any(word in str(error) for word in TAKEN):
                    raise translate(error) from error
                problem = error
            else:
                self.subnet = subnet
                return self
        raise Trouble("internal_error", f"no free subnet in {POOL}: {problem}")

    def _create(self, subnet: ipaddress.IPv4Network) -> EngineNetwork:
        return self.client.networks.create(
            self.name,
            driver="bridge",
            internal=True,
            labels=self.labels,
            ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))]),
            options={"com.docker.network.bridge.name": self.bridge},
        )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._network is not None:
            quietly(f"network {self.name}", self._network.remove)
            self._network = None

    @property
    def engine(self) -> EngineNetwork:
        assert self._network is not None, "the network is not entered"
        return self._network

    def verify(self, container_id: str | None = None) -> None:
        """Make sure that the network still stands, and that a container is still on it. Raises NotFound or Trouble("network_lost")."""
        self.client.api.inspect_network(str(self.engine.id))
        if not Path(f"/sys/class/net/{self.bridge}").exists():
            raise Trouble("network_lost", f"the bridge {self.bridge} is gone from this host")
        if container_id is not None:
            found = self.client.api.inspect_container(container_id)["NetworkSettings"]["Networks"]
            if self.name not in found:
                raise Trouble("network_lost", "the candidate's container was taken off the run's network")

    @property
    def gateway(self) -> str:
        return self.address(1)

    def address(self, n: int) -> str:
        assert self.subnet is not None, "the network is not entered"
        return str(self.subnet[n])
