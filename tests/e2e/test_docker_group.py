"""A member of the docker group who is not root can grade: what needs root goes through a container of ours."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import docker
import pytest

from grader.schema.evidence import FaultsEvidence
from harness.bundle import read
from harness.sandbox.engine import endpoints, is_local

from .grading import Place, result_of

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user; for a plain user all other tests show the same"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is needed to become another user"),
]

NOBODY = "65534"
ROOTED = ("sigkill", "memory_pressure", "tmp_full", "packet_loss", "bandwidth_cap", "bad_model")
READS_ALL = "-all,+dac_read_search"
"""The interpreter may lie in root's own folder: reading is the one right that the user keeps. It may write, signal and configure nothing."""


def as_member(place: Place) -> list[str]:
    """The words that start a program as such a user, to whom the place's folders belong."""
    local = next(url for url in endpoints() if is_local(url))
    group = str(Path(local.removeprefix("unix://")).stat().st_gid)
    for folder, _, files in os.walk(place.folder):
        for path in (folder, *(Path(folder, name) for name in files)):
            os.chown(path, int(NOBODY), int(NOBODY))
    return [
        "setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--groups", group, "--inh-caps", READS_ALL, "--ambient-caps", READS_ALL,
        "--bounding-set", READS_ALL,
    ]  # fmt: skip


def test_a_member_of_the_docker_group_grades_and_brings_about_what_needs_root(place: Place, engine: docker.DockerClient, good: Path) -> None:
    done = place.with_env(HOME=str(place.folder)).grade(good, "-m", "rooted", launcher=as_member(place))
    assert done.code != 2, done.err  # a mode of so few windows leaves most unmeasured, and without root's priority some faults are disturbed
    assert result_of(place.out).failures == []
    faults = read(place.out / "bundle").evidence["faults"]
    assert isinstance(faults, FaultsEvidence)
    assert {record.id: (record.injected, record.failure) for record in faults.faults} == dict.fromkeys(ROOTED, (True, None))
