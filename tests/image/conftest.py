"""A build of a Dockerfile given as text; what it made is removed after the test, and nothing else may be left."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from grader.schema.challenge import Limits
from grader.schema.evidence import DockerfileChoice, ImageEvidence
from harness.image.build import build
from harness.sandbox import owner
from harness.source.tree import SourceTree

from .builds import Build, limits


@pytest.fixture
def run(engine: docker.DockerClient, tmp_path: Path, base_image: str) -> Iterator[Build]:
    labels = owner.labels(f"test-{uuid.uuid4().hex[:8]}")

    def go(dockerfile: str, files: dict[str, str] | None = None, *, context: str = ".", path: str = "Dockerfile", **more: object) -> ImageEvidence:
        root = tmp_path / "tree"
        everything = {path: dockerfile, **(files or {})}
        for name, text in everything.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        kept = more.pop("limits", limits())
        assert isinstance(kept, Limits)
        tree = SourceTree(
            root=root, kind="folder", commit=None, tree=uuid.uuid4().hex, files=1, bytes=1, uncommitted=None, paths=sorted([*everything, "link"]),
            symlinks={"link": "a.py"},
        )  # fmt: skip
        choice = DockerfileChoice(path=path, context=context, why="test")
        return build(engine, tree, choice, kept, labels, tmp_path / "log", check_image=base_image, **more)  # type: ignore[arg-type]

    yield go
    for image in engine.images.list(filters={"label": f"{owner.RUN}={labels[owner.RUN]}"}):
        engine.images.remove(str(image.id), force=True)
    assert not engine.networks.list(filters={"label": f"{owner.RUN}={labels[owner.RUN]}"}), "a build network was left behind"
