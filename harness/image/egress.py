"""What a build may reach: a bridge network of its own, cut off from this host's services, and proof of the package indexes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import docker
from docker.errors import APIError, ContainerError, DockerException, ImageNotFound, NotFound
from docker.models.networks import Network
from requests import RequestException

from grader.schema.causes import Trouble
from harness.sandbox.engine import connect, translate
from harness.text import clean, one_line

CHECK_S = 25
REMOVE_S = 5.0
METADATA = "169.254.0.0/16"
"""Where clouds answer whoever asks with the host's own credentials."""
_RULE = "{action} INPUT -i {bridge} -m conntrack --ctstate NEW -j DROP"
_FORWARD = f"{{action}} FORWARD -i {{bridge}} -d {METADATA} -j DROP"

# Package indexes as builds name them in their logs -> what our own container asks to prove that they cannot be reached.
_FETCH = "import urllib.request,sys; urllib.request.urlopen(sys.argv[1], timeout=10).read(1)"
INDEXES: dict[str, tuple[str, ...]] = {
    "pypi.org": ("python3", "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir", "--retries", "1", "--timeout", "8", "-d", "/tmp/p", "six"),
    "files.pythonhosted.org": ("python3", "-c", _FETCH, "https://files.pythonhosted.org/"),
    "deb.debian.org": ("python3", "-c", _FETCH, "http://deb.debian.org/debian/dists/stable/Release"),
    "archive.ubuntu.com": ("python3", "-c", _FETCH, "http://archive.ubuntu.com/ubuntu/"),
    "dl-cdn.alpinelinux.org": ("python3", "-c", _FETCH, "https://dl-cdn.alpinelinux.org/alpine/"),
    "registry.npmjs.org": ("python3", "-c", _FETCH, "https://registry.npmjs.org/left-pad"),
    "conda.anaconda.org": ("python3", "-c", _FETCH, "https://conda.anaconda.org/conda-forge/noarch/repodata.json.zst"),
    "download.pytorch.org": ("python3", "-c", _FETCH, "https://download.pytorch.org/whl/cpu/"),
    "github.com": ("python3", "-c", _FETCH, "https://github.com/robots.txt"),
    "huggingface.co": ("python3", "-c", _FETCH, "https://huggingface.co/robots.txt"),
}


@dataclass(frozen=True)
class BuildNetwork:
    """`name` is what the builder is told, `bridge` its interface; `words` say in the evidence what egress a build on it has."""

    name: str
    bridge: str
    words: str


@contextmanager
def build_network(client: docker.DockerClient, labels: Mapping[str, str], helper_image: str | None) -> Iterator[BuildNetwork]:
    """A labelled bridge for one build. With `helper_image` (it holds iptables) new connections from it to this host are dropped, and whatever
    it sends to METADATA.

    Where these rules cannot be set the words say so; a build is not refused for it. Raises Trouble(engine_lost, ...).
    """
    bridge = f"grb{secrets.token_hex(5)}"
    try:
        network = client.networks.create(
            f"grader-build-{bridge}", driver="bridge", labels=dict(labels), check_duplicate=True,
            options={"com.docker.network.bridge.name": bridge, "com.docker.network.bridge.enable_icc": "false"},
        )  # fmt: skip
    except DockerException as error:
        raise translate(error) from error
    closed = False
    try:
        closed = helper_image is not None and _script(client, helper_image, labels, _closing(bridge))
        yield BuildNetwork(str(network.name), bridge, f"a bridge network of its own: the internet as this host reaches it; {_inside(closed)}")
    finally:
        _remove(client, network)
        if helper_image is not None:  # one of the rules may stand where not all could be set
            _script(client, helper_image, labels, _opening(bridge))


@contextmanager
def default_network(client: docker.DockerClient, labels: Mapping[str, str], helper_image: str | None, chain: str) -> Iterator[str]:
    """The engine's default network, closed towards this host while a BuildKit builds there; yields the words for the evidence.

    BuildKit takes no other network. What runs there already keeps its access, by its address; what is started there meanwhile by others has
    none until the build ends. `chain` is the build network's bridge: a sweep removes the chain of that name when the bridge is gone.
    """
    network = client.networks.get("bridge")
    bridge = str((network.attrs.get("Options") or {}).get("com.docker.network.bridge.name") or "docker0")
    kept = [str(there.get("IPv4Address") or "").partition("/")[0] for there in (network.attrs.get("Containers") or {}).values()]
    returns = [f"-A {chain} -s {address} -j RETURN" for address in kept if address]
    jumps = (f"INPUT -i {bridge} -m conntrack --ctstate NEW -j {chain}", f"FORWARD -i {bridge} -d {METADATA} -j {chain}")
    steps = [f"-N {chain}", *returns, f"-A {chain} -j DROP", *(f"-I {jump}" for jump in jumps)]
    script = " && ".join(f"iptables -w 5 {step}" for step in steps)
    closed = helper_image is not None and _script(client, helper_image, labels, script)
    try:
        yield f"the engine's default network (BuildKit takes no other): the internet as this host reaches it; {_inside(closed)}"
    finally:
        if helper_image is not None:
            undo = [*(f"-D {jump}" for jump in jumps), f"-F {chain}", f"-X {chain}"]
            _script(client, helper_image, labels, "; ".join(f"iptables -w 5 {step}" for step in undo))


def _inside(closed: bool) -> str:
    if closed:
        return f"new connections to this host's own services are dropped, and what is sent to {METADATA}"
    return "this host's own services are NOT cut off"


def _remove(client: docker.DockerClient, network: Network) -> None:
    """Remove the network and what still hangs on it: a cancelled build's container ends a moment after its connection."""
    ends = time.monotonic() + REMOVE_S
    while True:
        with suppress(DockerException, RequestException):
            for container in client.containers.list(all=True, filters={"network": str(network.id)}):
                with suppress(DockerException, RequestException):
                    container.remove(force=True)
        try:
            network.remove()
            return
        except NotFound:
            return
        except (DockerException, RequestException):
            if time.monotonic() > ends:
                return  # it is labelled: a sweep removes it
            time.sleep(0.02)


def _closing(bridge: str) -> str:
    here, there = _RULE.format(action="-I", bridge=bridge), _FORWARD.format(action="-I", bridge=bridge)
    return f"iptables -w 5 {here} && iptables -w 5 {there} && {{ ip6tables -w 5 {here} || true; }}"  # a host without IPv6 has nothing to drop there


def _opening(bridge: str) -> str:
    here, there = _RULE.format(action="-D", bridge=bridge), _FORWARD.format(action="-D", bridge=bridge)
    return f"iptables -w 5 {here}; iptables -w 5 {there}; ip6tables -w 5 {here}; true"


def _script(client: docker.DockerClient, image: str, labels: Mapping[str, str], script: str) -> bool:
    """Through a one-shot container, so that a member of the docker group can grade too."""
    try:
        client.containers.run(
            image, ["sh", "-c", script], entrypoint=[], network_mode="host", userns_mode="host", cap_drop=["ALL"], cap_add=["NET_ADMIN", "NET_RAW"],
            remove=True, labels=dict(labels), user="0:0", read_only=True, tmpfs={"/run": "size=1m"}, mem_limit="64m", pids_limit=16,
        )  # fmt: skip
    except (ContainerError, ImageNotFound, APIError):
        return False
    return True


def bytes_of_step(network: str) -> int:
    """What the containers on a build's network have written, by the engine's account; 0 where it does not say (BuildKit shows none).

    Over a connection of its own: the build's watch asks from another thread.
    """
    try:
        with closing(connect()) as client:
            found = client.api.containers(size=True, filters={"network": network})
    except (DockerException, RequestException, Trouble):
        return 0
    return sum(int(container.get("SizeRw") or 0) for container in found)


def unreachable_index(client: docker.DockerClient, log: str, image: str, network: str, labels: Mapping[str, str]) -> str | None:
    """The package index that the log complains about and that our own container, on the same network, cannot reach either; else None.

    The log only says which of a fixed table to try: a candidate's own words never excuse a failed build.
    """
    complained = [host for host in INDEXES if host in log] or (["pypi.org"] if "pip" in log else [])
    for host in complained:
        try:
            client.containers.run(
                image, ["timeout", str(CHECK_S), *INDEXES[host]], entrypoint=[], network=network, remove=True, labels=dict(labels),
                cap_drop=["ALL"], security_opt=["no-new-privileges:true"], mem_limit="256m", pids_limit=64,
            )  # fmt: skip
        except ContainerError as error:
            said = clean(error.stderr or "", 4000).strip().splitlines()
            return f"{host} cannot be reached from a container of our own either: {one_line(said[-1] if said else 'no answer', 200)}"
        except DockerException as error:
            raise translate(error) from error
    return None
