"""The doctor says what is missing in words that a person can act on, and never starts what must not be started."""

from __future__ import annotations

import os
from pathlib import Path

import docker
import pytest

from grader.schema.causes import Trouble
from harness import doctor, mend, packages
from harness.sandbox import dockerd


@pytest.fixture
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.sandbox.engine.SOCKETS", (f"{tmp_path}/none.sock",))
    monkeypatch.delenv("DOCKER_HOST", raising=False)


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_the_rest_is_still_diagnosed() -> None:
    found = {item.name: item for item in doctor.diagnose()}
    assert not found["engine"].ok
    assert "make engine" in found["engine"].mend
    assert found["python"].ok
    assert {"cores", "memory", "disk", "git", "clock", "chromium"} <= found.keys()


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize(("says", "ok"), [("git version 2.36.6", False), ("git version 2.37.0", True), (None, False)])
def test_a_git_that_is_too_old_for_strangers_repositories_is_told(says: str | None, ok: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version_of", lambda *_: says)
    [git] = [item for item in doctor.diagnose() if item.name == "git"]
    assert (git.ok, git.required, git.detail) == (ok, True, says or "not found") and "git 2.37" in git.mend


@pytest.mark.usefixtures("no_engine")
def test_the_command_line_ends_with_three_and_one_line_per_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main([]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("MISSING engine: tried ") and " -> " in line for line in lines)


@pytest.mark.usefixtures("no_engine")
def test_a_user_without_rights_is_told_what_to_type(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert doctor.main(["--mend", "engine"]) == 3
    said = capsys.readouterr().err.strip()
    assert "sudo apt-get install docker.io iptables" in said
    assert "\n" not in said


@pytest.mark.usefixtures("no_engine")
def test_a_plain_container_is_told_so_and_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(mend, "_lacking_capabilities", lambda: "CAP_SYS_ADMIN")
    monkeypatch.setattr(packages, "install", lambda _: pytest.fail("installed something in vain"))
    with pytest.raises(Trouble, match="CAP_SYS_ADMIN"):
        mend.ensure_engine()


@pytest.mark.usefixtures("no_engine")
def test_packages_come_before_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(mend, "_lacking_capabilities", lambda: "")
    monkeypatch.setattr(mend, "_installed", lambda _: False)
    monkeypatch.setattr(dockerd, "live_daemons", list)
    monkeypatch.setattr(packages, "install", lambda names: steps.append(" ".join(names)))
    monkeypatch.setattr(dockerd, "start", lambda _: steps.append("start"))
    mend.ensure_engine(lambda _: None)
    assert steps == ["docker.io iptables", "start"]


def test_a_named_engine_that_is_down_is_not_replaced_by_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr(dockerd, "start", lambda _: pytest.fail("a daemon was started"))
    with pytest.raises(Trouble, match="unset DOCKER_HOST"):
        mend.ensure_engine()


def test_capabilities_are_read_from_the_kernel(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tx\nCapEff:\t00000000a80425fb\n")
    assert mend._lacking_capabilities(status) == "CAP_SYS_ADMIN and CAP_NET_ADMIN"
    status.write_text("CapEff:\t000001ffffffffff\n")
    assert mend._lacking_capabilities(status) == ""


def test_packages_are_never_installed_by_a_plain_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Trouble, match=r"cannot install x: (you are not root|this is no Debian-like system)"):
        packages.install(["x"])


@pytest.mark.skipif(packages.why_not() is not None, reason="needs root on a Debian-like system")
def test_a_package_that_does_not_exist_ends_with_apts_own_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "apt-get"
    fake.write_text('#!/bin/sh\necho "$@" >> "$0.log"\necho "E: Unable to locate package nope"\necho done\nexit 100\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Trouble, match="E: Unable to locate package nope"):
        packages.install(["nope"])
    calls = (tmp_path / "apt-get.log").read_text().splitlines()
    assert [call.split()[5] for call in calls] == ["install", "update", "install"], "empty lists are refreshed once"


@pytest.mark.engine
@pytest.mark.usefixtures("sidecar_image")
def test_a_mended_machine_is_found_whole(engine: docker.DockerClient) -> None:
    assert engine.ping()
    lacking = [item for item in doctor.diagnose() if item.required and not item.ok]
    assert lacking == []


@pytest.mark.engine
def test_a_running_engine_is_used_and_no_second_one_started(engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.ping()
    monkeypatch.setattr(dockerd, "start", lambda _: pytest.fail("a second daemon was started"))
    doctor.mend(["engine"])


def test_prometheus_is_installed_without_its_services_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[list[str], bool]] = []
    there: set[str] = set()
    monkeypatch.setattr(packages, "why_not", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name, **_: f"/usr/bin/{name}" if name in there else None)
    monkeypatch.setattr(packages, "install", lambda names, *, start=True: steps.append((list(names), start)))
    mend.ensure_prometheus(lambda _: None)
    there |= {"prometheus", "alertmanager"}
    mend.ensure_prometheus(lambda _: None)
    assert steps == [(["prometheus", "prometheus-alertmanager"], False)]


def test_where_prometheus_cannot_be_installed_its_absence_is_told_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr(packages, "why_not", lambda: "you are not root")
    mend.ensure_prometheus(said.append)
    assert len(said) == 1 and "you are not root" in said[0] and "unknown" in said[0]


def test_services_are_forbidden_while_a_package_is_installed_and_not_afterwards(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with packages._no_services(["prometheus"], policy, tmp_path / "no-systemd"):
        assert policy.stat().st_mode & 0o111 and "exit 101" in policy.read_text()
    assert not policy.exists()
    policy.write_text("its owner's")
    with packages._no_services(["prometheus"], policy, tmp_path / "no-systemd"):
        assert policy.read_text() == "its owner's"
    assert policy.read_text() == "its owner's"
