"""The candidate's container: flags that hold, faults that do what they say, and what is seen from outside."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from grader.schema.causes import Trouble
from grader.schema.challenge import Challenge
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology

from .tools import run_inside, until

pytestmark = pytest.mark.engine

Start = Callable[..., Candidate]
MIB = 1 << 20


def ready(candidate: Candidate) -> bool:
    return candidate.client.get("/readyz", deadline_s=0.5).ok


def predict(candidate: Candidate, name: str = "t1") -> bool:
    return candidate.client.post_json("/predict", {"transaction_id": name}).ok


def test_the_root_file_system_and_image_volumes_are_read_only_and_keep_their_content(good: Candidate) -> None:
    assert run_inside(good, "touch", "/new")["code"] != 0
    assert run_inside(good, "touch", "/stuff/new")["code"] != 0
    assert run_inside(good, "cat", "/stuff/file")["out"] == "stuff\n"


def test_tmp_is_writable_but_not_executable(good: Candidate) -> None:
    assert run_inside(good, "cp", "/bin/true", "/tmp/true")["code"] == 0
    assert run_inside(good, "sh", "-c", "/tmp/true")["code"] == 126


def test_the_process_has_no_capabilities_and_gains_none(good: Candidate) -> None:
    status = run_inside(good, "cat", "/proc/self/status")["out"]
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1"


def test_nothing_inside_says_that_it_is_graded(good: Candidate) -> None:
    seen = "".join(run_inside(good, "sh", "-c", command)["out"] for command in ("env; hostname", "cat /proc/mounts /etc/hosts /etc/resolv.conf"))
    assert "grader" not in seen.lower()


def test_a_fork_bomb_ends_at_the_pids_limit(good: Candidate, challenge: Challenge) -> None:
    # The children are reaped by their parent: a service as PID 1 without an init would keep them as zombies, which count.
    bomb = """
import os, time
children = []
try:
    for _ in range(2000):
        child = os.fork()
        if not child:
            time.sleep(60)
        children.append(child)
except OSError:
    print(len(children))
for child in children:
    os.kill(child, 9)
    os.waitpid(child, 0)
"""
    reply = run_inside(good, "python3", "-c", bomb)
    assert 50 < int(reply["out"]) <= challenge.limits.pids
    assert run_inside(good, "true")["code"] == 0


def test_a_memory_hog_is_killed_alone(good: Candidate, challenge: Challenge) -> None:
    reply = run_inside(good, "python3", "-c", f"x = bytearray({(challenge.limits.memory_mib + 64) * MIB}); print(len(x))")
    assert reply["code"] == -9
    until(lambda: ready(good))


def test_data_is_the_image_users_bounded_and_holds_the_images_content(good: Candidate, challenge: Challenge) -> None:
    assert run_inside(good, "stat", "-c", "%u:%g", "/data")["out"] == "1234:100\n"
    assert run_inside(good, "cat", "/data/baked")["out"] == "baked\n"
    # Read in pieces so that the page cache is no part of the test; dd ends with "no space left".
    filled = run_inside(good, "sh", "-c", "dd if=/dev/zero of=/data/fill bs=1M count=400 2>&1; stat -c %s /data/fill; rm /data/fill")
    assert filled["code"] == 0, filled
    size = int(filled["out"].split()[-1])
    assert (challenge.limits.data_mib - 2) * MIB < size <= challenge.limits.data_mib * MIB


def test_data_survives_stop_start_and_sigkill(start: Start) -> None:
    candidate = start()
    until(lambda: ready(candidate))
    assert predict(candidate, "before")
    candidate.stop(2)
    assert (candidate.read_file("/data/audit.jsonl") or b"").endswith(b'{"transaction_id": "before"}\n')
    candidate.start()
    until(lambda: ready(candidate))
    candidate.kill_process()
    until(lambda: candidate.state().restart_count == 1 and ready(candidate))
    assert predict(candidate, "after")
    assert (candidate.read_file("/data/audit.jsonl") or b"").endswith(b'{"transaction_id": "before"}\n{"transaction_id": "after"}\n')


def test_sigkill_from_the_host_is_answered_by_the_restart_policy(start: Start) -> None:
    candidate = start()
    until(lambda: ready(candidate))
    before = candidate.state()
    assert (before.restart_count, before.running) == (0, True)
    candidate.kill_process()
    until(lambda: candidate.state().restart_count == 1 and candidate.state().running)
    assert candidate.state().pid != before.pid


def test_sigterm_ends_it_and_start_brings_it_back_on_the_same_address(start: Start) -> None:
    candidate = start()
    until(lambda: ready(candidate))
    candidate.signal("SIGTERM")
    until(lambda: not candidate.state().running)
    assert candidate.state().exit_code == 0
    assert candidate.client.get("/readyz", deadline_s=0.3).error in ("unreachable", "timeout")
    candidate.start()
    until(lambda: ready(candidate))


def test_pause_is_seen_from_outside_and_undone(good: Candidate) -> None:
    good.pause()
    try:
        assert good.state().paused
        assert good.client.get("/healthz", deadline_s=0.3).error == "timeout"
    finally:
        good.unpause()
    assert not good.state().paused
    assert good.client.get("/healthz").ok


def test_a_network_cut_ends_with_the_same_address(good: Candidate) -> None:
    good.disconnect()
    try:
        assert good.client.get("/healthz", deadline_s=0.3).error in ("timeout", "unreachable")
    finally:
        good.reconnect()
    assert until(lambda: ready(good)) < 3


def test_cpu_quota_changes_live_and_is_accounted(good: Candidate, challenge: Challenge) -> None:
    burn = ("python3", "-c", "import time; t = time.time()\nwhile time.time() - t < 0.6: pass")
    before = good.usage()
    good.set_cpus(0.2)
    try:
        run_inside(good, *burn)
        starved = good.usage()
    finally:
        good.set_cpus(challenge.limits.cpus)
    assert starved.nr_throttled > before.nr_throttled
    assert starved.throttled_s > before.throttled_s
    assert 0.05 < starved.cpu_s - before.cpu_s < 0.4
    assert 1 * MIB < starved.memory_bytes < challenge.limits.memory_mib * MIB


def test_what_lies_in_data_is_not_counted_as_the_processs_memory(good: Candidate) -> None:
    before = good.usage().memory_bytes
    run_inside(good, "dd", "if=/dev/zero", "of=/data/ballast", "bs=1M", "count=100")
    try:
        assert abs(good.usage().memory_bytes - before) < 20 * MIB
    finally:
        run_inside(good, "rm", "/data/ballast")


def test_a_sparse_file_of_a_terabyte_is_refused_before_it_is_read(good: Candidate) -> None:
    assert run_inside(good, "truncate", "-s", "1T", "/data/sparse")["code"] == 0
    began = time.monotonic()
    try:
        with pytest.raises(Trouble, match="more than 512 MiB") as caught:
            list(good.archive("/data", 512 * MIB, 30.0))
    finally:
        run_inside(good, "rm", "/data/sparse")
    assert caught.value.cause == "files_too_large" and time.monotonic() - began < 10
    assert all(file.size < MIB for file in good.archive("/data", 512 * MIB, 30.0))


def test_counters_go_on_over_a_restart(start: Start) -> None:
    candidate = start()
    until(lambda: ready(candidate))
    before = candidate.usage()
    candidate.kill_process()
    until(lambda: candidate.state().restart_count == 1 and ready(candidate))
    assert candidate.usage().cpu_s > before.cpu_s


def test_processes_and_ports_are_seen_from_the_host(good: Candidate, challenge: Challenge) -> None:
    [process] = [p for p in good.processes() if "service.py" in p.command]
    assert process.pid == good.state().pid
    assert process.uid == 1234
    assert good.listening_ports() == [challenge.contract.port]


def test_a_pid_of_another_container_is_not_killed(good: Candidate, topology: Topology) -> None:
    with pytest.raises(Trouble, match="not of this container"):
        topology.helper.kill(topology._sidecars[0].container.id or "", good.state().pid)
    assert good.client.get("/healthz").ok


def test_files_that_are_no_regular_files_are_not_read(good: Candidate) -> None:
    run_inside(good, "sh", "-c", "ln -s /etc/passwd /data/link; mkfifo /data/pipe; printf 0123456789 > /data/digits")
    assert good.read_file("/data/link") is None
    assert good.read_file("/data/pipe") is None
    assert good.read_file("/data") is None
    assert good.read_file("/data/nowhere") is None
    assert good.read_file("/data/digits", max_bytes=4) == b"0123"


def test_logs_are_capped_to_their_end(start: Start) -> None:
    candidate = start()
    until(lambda: ready(candidate))
    assert candidate.logs() == b"starting \x1b[31mred\x1b[0m\n"
    assert candidate.logs(max_bytes=3) == b"0m\n"


def test_commands_to_a_candidate_are_quick(good: Candidate) -> None:
    for act in (good.state, good.processes, good.listening_ports, good.usage):
        begin = time.monotonic()
        act()
        assert time.monotonic() - begin < 0.5

