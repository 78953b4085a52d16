"""Gradings of tiny services in a mode of a few seconds, each in folders of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from git_server import GitServer, certificates, git, serving

from .grading import Place, make_place, submission, tiny_challenges

__all__ = ["certificates"]


@pytest.fixture(scope="session")
def challenges_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_challenges(tmp_path_factory.mktemp("challenges"))


@pytest.fixture
def place(tmp_path: Path, challenges_root: Path) -> Place:
    return make_place(tmp_path / "place", challenges_root)


@pytest.fixture(scope="session")
def git_server(tmp_path_factory: pytest.TempPathFactory, certificates: tuple[Path, Path, Path]) -> Iterator[GitServer]:
    """Serves the repository `good`."""
    with serving(tmp_path_factory.mktemp("git") / "served", certificates) as server:
        folder = submission(tmp_path_factory.mktemp("good") / "repository")
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "a service")
        git(server.root, "clone", "--quiet", "--bare", str(folder), "good")
        yield server


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submission(tmp_path_factory.mktemp("good") / "folder")


@pytest.fixture(scope="session")
def graded(
    engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory, challenges_root: Path, git_server: GitServer
) -> tuple[Place, str]:
    """A place with a whole grading of an https URL in `out`, and what that printed."""
    place = make_place(tmp_path_factory.mktemp("graded") / "place", challenges_root)
    done = place.grade(git_server.url("good"), "--allow-host", git_server.host, "--ca-file", str(git_server.ca_file))
    assert done.code in (0, 4), done.err + done.out[-2000:]
    return place, done.out
