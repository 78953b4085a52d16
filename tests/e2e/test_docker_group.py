"""A member of the docker group who is not root can grade: what needs root goes through a container of ours."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import docker
import pytest

from grader.schema.result import Outcome
from harness.sandbox.engine import endpoints, is_local

from .grading import Place, result_of

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user; for a plain user all other tests show the same"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is needed to become another user"),
]

NOBODY = "65534"
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


def test_a_member_of_the_docker_group_grades(place: Place, engine: docker.DockerClient, good: Path) -> None:
    done = place.with_env(HOME=str(place.folder)).grade(good, launcher=as_member(place))
    assert done.code in (0, 4), done.err + done.out[-2000:]
    result = result_of(place.out)
    assert result.failures == []
    unknown = {check.id: check.observed for check in result.checks if check.outcome is Outcome.UNKNOWN}
    assert unknown == {}
