"""The root helper's inside: kills by host pid, reads sockets and processes of a container, keeps and prepares the /data volume.

Runs with `--net=host --pid=host` and few capabilities, listens on nothing and speaks only over its control line.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from . import tmp_space
from .control import Command, Reply, serve_commands_blocking

VOLUME = Path("/volume")
ESTABLISHED, CLOSE_WAIT, LISTEN = "01", "08", "0A"
MAX_PROCESSES, MAX_COUNTED = 512, 4096
HOST_CGROUP = Path("/host-cgroup")
TICKS = os.sysconf("SC_CLK_TCK")
ENGINE = ("dockerd", "containerd", "conmon", "podman")
"""How the names of the engine's own processes begin."""


def pids_of(container: str) -> Iterator[int]:
    """Host pids of a container's processes, by the container id in their cgroup."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and belongs(int(entry.name), container):
            yield int(entry.name)


def belongs(pid: int, container: str) -> bool:
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:  # it ended meanwhile
        return False


def processes(command: Command) -> Reply:
    found: list[dict[str, Any]] = []
    for pid in sorted(pids_of(command["container"]))[:MAX_PROCESSES]:
        try:
            status = Path(f"/proc/{pid}/status").read_text(errors="replace")
            words = Path(f"/proc/{pid}/cmdline").read_bytes()[:4096].replace(b"\0", b" ").decode("utf-8", "replace").strip()
            times = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        found.append({
            "pid": pid, "uid": int(fields["Uid"].split()[1]), "parent": int(fields["PPid"]),
            "state": fields["State"].split()[0], "command": words or fields["Name"].strip(),
            "cpu_s": (int(times[11]) + int(times[12])) / TICKS,
        })  # fmt: skip
    return {"processes": found}


def listening(command: Command) -> Reply:
    """TCP ports in LISTEN state in the container's network namespace, loopback (the engine's DNS too) left out."""
    return {"ports": sorted({port for state, port in _sockets(command["container"]) if state == LISTEN})}


def connections(command: Command) -> Reply:
    """Connections of the container beyond loopback: made by it and alive, and those that the other side closed and it has not (CLOSE_WAIT)."""
    found = list(_sockets(command["container"]))
    served = {port for state, port in found if state == LISTEN}
    outgoing = sum(state == ESTABLISHED and port not in served for state, port in found)
    return {"outgoing": outgoing, "close_wait": sum(state == CLOSE_WAIT for state, _ in found)}


def _sockets(container: str) -> Iterator[tuple[str, int]]:
    """(state, local port) of the TCP sockets in the container's network namespace, loopback left out."""
    pid = next(pids_of(container), None)
    for name in ("tcp", "tcp6") if pid else ():
        try:
            rows = Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            words = row.split()
            address, _, port = words[1].rpartition(":")
            if not _is_loopback(address):
                yield words[3], int(port, 16)


def traffic(command: Command) -> Reply:
    """Bytes that the container's interfaces received and sent so far, loopback left out."""
    pid = next(pids_of(command["container"]))
    rows = (line.split(":") for line in Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:])
    counted = [counters.split() for name, counters in rows if name.strip() != "lo"]
    return {"received": sum(int(words[0]) for words in counted), "sent": sum(int(words[8]) for words in counted)}


def _is_loopback(address: str) -> bool:
    """Addresses are hexadecimal words in host order (little-endian): 0100007F, ::1 and ::ffff:127.x."""
    if len(address) == 8:
        return address.endswith("7F")
    return address == "0" * 24 + "01000000" or (address.startswith("0" * 16 + "FFFF0000") and address.endswith("7F"))


def kill(command: Command) -> Reply:
    """Signal a host pid, but only while it belongs to the container: a reused pid must not be hit."""
    os.kill(_own_pid(command), command["signal"])
    return {}


def tmp(command: Command) -> Reply:
    """What `do` says with the /tmp of a container, seen by its process `pid`: fill, is_full, free."""
    pid = _own_pid(command)
    if command["do"] == "fill":
        return tmp_space.fill(pid, command["most_mib"])
    return {"done": tmp_space.is_full(pid) if command["do"] == "is_full" else tmp_space.free(pid, command["name"])}


def _own_pid(command: Command) -> int:
    pid = int(command["pid"])
    if not belongs(pid, command["container"]):
        raise ValueError(f"process {pid} is not of this container")
    return pid


def run(command: Command) -> Reply:
    done = subprocess.run(command["argv"], capture_output=True, text=True, timeout=command.get("timeout_s", 5), check=False)
    return {"code": done.returncode, "out": done.stdout[-65536:], "err": done.stderr[-2048:]}


def prepare_volume(command: Command) -> Reply:
    """Give the volume to the image's user; with `wipe`, empty it before."""
    if command.get("wipe"):
        done = subprocess.run(["find", str(VOLUME), "-mindepth", "1", "-delete"], capture_output=True, text=True, timeout=10, check=False)
        if done.returncode:
            raise ValueError(done.stderr[-500:])
    if "uid" in command:
        os.chown(VOLUME, command["uid"], command["gid"])
        VOLUME.chmod(0o755)
    return volume_use({})


def volume_use(_: Command) -> Reply:
    stat = os.statvfs(VOLUME)
    return {"bytes": (stat.f_blocks - stat.f_bfree) * stat.f_frsize, "size": stat.f_blocks * stat.f_frsize}


def footprint(command: Command) -> Reply:
    """What only the host sees of a container: open descriptors, size of its log, and what the engine's own processes have used."""
    engine = _engine_processes()
    pids = list(pids_of(command["container"]))
    files = [count for pid in pids if (count := _descriptors(pid)) is not None]
    return volume_use({}) | {
        "open_files": sum(files) if files else None,
        "log_size": next((size for pid in engine if (size := _size_at(pid, command.get("log_path", ""))) is not None), None),
        "engine_cpu_s": sum(map(_cpu_s, engine)) if engine else None,
    }


def _descriptors(pid: int) -> int | None:
    """At most MAX_COUNTED of a process: some keep a million, and listing them takes seconds. Newer kernels give the number as the folder's size."""
    try:
        if size := Path(f"/proc/{pid}/fd").stat().st_size:
            return size
        with os.scandir(f"/proc/{pid}/fd") as entries:
            return sum(1 for _ in islice(entries, MAX_COUNTED))
    except OSError:  # it ended meanwhile, or may not be looked at
        return None


def _engine_processes() -> list[int]:
    """Pids of the engine and of the shims between it and its containers. Looked up anew at times: they come and go."""
    if time.monotonic() > _known["until"]:
        _known["pids"] = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _named(entry).startswith(ENGINE)]
        _known["until"] = time.monotonic() + 5
    return list(_known["pids"])


_known: dict[str, Any] = {"until": 0.0, "pids": []}


def _named(process: Path) -> str:
    try:
        return (process / "comm").read_text()
    except OSError:
        return ""


def _size_at(pid: int, path: str) -> int | None:
    """Size of a file as the engine's process sees it: the path is the engine's, not ours."""
    try:
        return Path(f"/proc/{pid}/root{path}").stat().st_size if path else None
    except OSError:
        return None


def _cpu_s(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / TICKS


def own_cgroup(command: Command) -> Reply:
    """Make a top-level cgroup for a run's candidates with the highest weight against everything else on the host.

    The engine makes the folder in the other controllers of v1 when it starts the container.
    """
    unified = (HOST_CGROUP / "cgroup.procs").exists()
    folder = (HOST_CGROUP if unified else HOST_CGROUP / "cpu") / command["name"]
    folder.mkdir(exist_ok=True)
    file, most = ("cpu.weight", 10_000) if unified else ("cpu.shares", 262_144)
    (folder / file).write_text(str(most))
    return {"set": f"{file} {most}"}


def remove_cgroups(command: Command) -> Reply:
    """Remove top-level cgroups of ours whose run is gone (its bridge is named alike), and the one called `name` in any case."""
    removed = 0
    for parent in {HOST_CGROUP, *(path.resolve() for path in HOST_CGROUP.glob("*/"))}:
        for child in parent.iterdir():
            ours = child.name == command["name"] or (re.fullmatch(command["pattern"], child.name) and not Path("/sys/class/net", child.name).exists())
            if ours and child.is_dir():
                try:
                    child.rmdir()
                    removed += 1
                except OSError:  # something still runs in it, or another sweep was faster
                    continue
    return {"removed": removed}


def rules_of_vanished_bridges(command: Command) -> Reply:
    """Delete our rules whose bridge no longer exists, and the chains named after such a bridge. Only names of ours are looked at.

    In FORWARD, those towards the clouds' metadata address alone: the engine has rules of its own there for every bridge.
    """
    deleted = 0
    for tool in ("iptables", "ip6tables"):
        listed = subprocess.run([tool, "-w", "5", "-S"], capture_output=True, text=True, timeout=10, check=False)
        for rule in listed.stdout.splitlines():
            bridge = re.search(rf"-[ij] ({command['pattern']})(?:\s|$)", rule)
            ours = rule.startswith("-A INPUT ") or (rule.startswith("-A FORWARD ") and " -d 169.254.0.0/16 " in rule)
            if ours and bridge and not Path(f"/sys/class/net/{bridge[1]}").exists():
                done = subprocess.run([tool, "-w", "5", "-D", *rule.split()[1:]], capture_output=True, timeout=10, check=False)
                deleted += done.returncode == 0
        listed = subprocess.run([tool, "-w", "5", "-S"], capture_output=True, text=True, timeout=10, check=False)
        for chain in re.findall(rf"^-N ({command['pattern']})$", listed.stdout, re.M):
            if not Path(f"/sys/class/net/{chain}").exists():
                for action in ("-F", "-X"):
                    subprocess.run([tool, "-w", "5", action, chain], capture_output=True, timeout=10, check=False)
                deleted += 1
    return {"deleted": deleted}


OPERATIONS: dict[str, Callable[[Command], Reply]] = {
    "processes": processes,
    "listening": listening,
    "connections": connections,
    "traffic": traffic,
    "kill": kill,
    "tmp": tmp,
    "run": run,
    "prepare_volume": prepare_volume,
    "volume_use": volume_use,
    "footprint": footprint,
    "own_cgroup": own_cgroup,
    "remove_cgroups": remove_cgroups,
    "sweep_rules": rules_of_vanished_bridges,
    "ping": lambda _: {},
}


def handle(command: Command) -> Reply:
    try:
        return OPERATIONS[command["op"]](command)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"timed out: {error.cmd}") from error


if __name__ == "__main__":
    serve_commands_blocking(handle)
