"""A killed daemon leaves pid files behind. Getting over them must never touch a live engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.schema.causes import Trouble
from harness.sandbox import dockerd


@contextmanager
def running(program: Path | str) -> Iterator[int]:
    process = subprocess.Popen([str(program), "60"])
    try:
        deadline = time.monotonic() + 5
        while (found := dockerd.look_up(process.pid)) is None or found.command != Path(program).name[:15]:
            assert time.monotonic() < deadline, f"{program} did not start"
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def zombie() -> Iterator[int]:
    process = subprocess.Popen(["true"])
    try:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet collected
        yield process.pid
    finally:
        process.wait()


def pid_file(folder: Path, text: object) -> Path:
    path = folder / "docker.pid"
    path.write_text(str(text))
    return path


def fake_proc(folder: Path, **processes: str) -> Path:
    """A /proc of processes `p<pid>="command state"` without network namespaces, as a restricted reader sees it."""
    for name, facts in processes.items():
        command, state = facts.rsplit(" ", 1)
        (folder / name[1:]).mkdir(parents=True)
        (folder / name[1:] / "stat").write_text(f"{name[1:]} ({command}) {state} 1 1 1")
    folder.mkdir(exist_ok=True)
    return folder


def test_no_pid_file_is_nothing_to_mend(tmp_path: Path) -> None:
    assert dockerd.stale(tmp_path / "docker.pid", "dockerd") is None


def test_a_process_that_is_gone_leaves_a_stale_file(tmp_path: Path) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert dockerd.stale(pid_file(tmp_path, process.pid), "dockerd") == f"process {process.pid} is gone"


def test_a_zombie_counts_as_dead_although_it_stands_in_proc(tmp_path: Path) -> None:
    with zombie() as pid:
        assert Path(f"/proc/{pid}").exists()
        assert dockerd.stale(pid_file(tmp_path, pid), "dockerd") == f"process {pid} is a zombie"


def test_a_number_reused_by_another_program_is_stale(tmp_path: Path) -> None:
    with running("sleep") as pid:
        assert dockerd.stale(pid_file(tmp_path, pid), "dockerd") == f"process {pid} is sleep, not dockerd"


def test_a_living_daemon_is_never_stale(tmp_path: Path) -> None:
    program = shutil.copy(shutil.which("sleep") or "", tmp_path / "containerd")
    with running(program) as pid:
        assert dockerd.stale(pid_file(tmp_path, f"{pid}\n"), "containerd") is None


@pytest.mark.parametrize("text", ["", "abc", "-1", "12 13"])
def test_a_file_that_holds_no_number_is_stale(tmp_path: Path, text: str) -> None:
    assert dockerd.stale(pid_file(tmp_path, text), "dockerd") == "it holds no process number"


def test_a_command_with_parentheses_and_spaces_is_read_whole(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path / "proc", p7="a) S (b Z")
    assert dockerd.look_up(7, proc) == dockerd.Process(7, "a) S (b", "Z")


def test_stale_files_are_removed_and_named_when_no_daemon_lives(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path / "proc", p7="dockerd Z", p8="containerd S")
    gone, kept = pid_file(tmp_path, 7), tmp_path / "containerd.pid"
    kept.write_text("8")
    assert dockerd.clear_stale({gone: "dockerd", kept: "containerd"}, proc) == [f"{gone}: process 7 is a zombie"]
    assert not gone.exists()
    assert kept.exists(), "the next dockerd takes the living containerd over"


def test_nothing_is_removed_while_any_daemon_lives(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path / "proc", p9="dockerd S")
    old = pid_file(tmp_path, 7)
    assert dockerd.clear_stale({old: "dockerd"}, proc) == []
    assert old.exists()


def test_the_init_scripts_launcher_counts_as_a_daemon_that_is_coming(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path / "proc", p9="start-stop-daem S")
    assert dockerd.live_daemons(proc) == []
    (proc / "9" / "cmdline").write_bytes(b"start-stop-daemon\0--exec\0/usr/bin/dockerd\0")
    assert [p.pid for p in dockerd.live_daemons(proc)] == [9]


def test_a_daemon_in_a_network_of_its_own_is_none_of_our_business(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path / "proc", pself="python S", p9="dockerd S", p10="dockerd S")
    for name, network in (("self", "net:[1]"), ("9", "net:[2]"), ("10", "net:[1]")):
        (proc / name / "ns").mkdir(exist_ok=True)
        (proc / name / "ns" / "net").symlink_to(network)
    assert [p.pid for p in dockerd.live_daemons(proc)] == [10]


def test_a_daemon_that_lives_but_does_not_answer_is_waited_for_and_never_doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dockerd, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(dockerd, "COMING_S", 0.3)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(dockerd, "live_daemons", lambda: [dockerd.Process(9, "dockerd", "S")])
    monkeypatch.setattr(dockerd, "_start_process", lambda _: pytest.fail("a second daemon was started"))
    monkeypatch.setattr(dockerd, "_start_service", lambda _: pytest.fail("a second daemon was started"))
    with pytest.raises(Trouble, match=r"dockerd \(process 9\) lives but does not answer"):
        dockerd.start(lambda: False)


def test_a_daemon_that_dies_at_once_is_reported_with_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dockerd"
    program.write_text("#!/bin/sh\necho 'level=info msg=hello'\necho 'failed to start daemon: no cgroups'\necho 'level=info bye'\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(dockerd, "LOG", tmp_path / "log")
    with pytest.raises(Trouble, match="ended with code 1: failed to start daemon: no cgroups"):
        dockerd._start_process(lambda: False)


def test_a_started_daemon_outlives_its_starter_in_a_session_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, pid = tmp_path / "dockerd", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(dockerd, "LOG", tmp_path / "log")
    dockerd._start_process(pid.exists)
    number = int(pid.read_text())
    try:
        assert os.getsid(number) == number
        assert {Path(f"/proc/{number}/fd/{fd}").readlink() for fd in (1, 2)} == {tmp_path / "log"}
    finally:
        os.kill(number, 9)


def test_only_root_starts_a_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Trouble, match="only root can start"):
        dockerd.start(lambda: False)
