"""The token that the candidate reads: it changes in place, and leaves with the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest
from docker.errors import APIError

from grader.schema.challenge import Challenge
from harness.sandbox import owner, token_file
from harness.sandbox.container import Candidate
from harness.sandbox.limits import shared_data
from harness.sandbox.token_file import TokenFile
from harness.sandbox.topology import Topology


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[owner.RunRecord]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with owner.record("token-test") as record:
        yield record


def test_a_rotation_is_one_write_into_the_same_file(record: owner.RunRecord) -> None:
    file = TokenFile(record)
    try:
        before, path = file.read(), Path(file.mount["Source"])
        inode = path.stat().st_ino
        token = file.rotate()
        assert token == file.read() != before
        assert (len(token), path.stat().st_ino) == (len(before), inode)
        assert path.stat().st_mode & 0o777 == 0o644 and path.parent.stat().st_mode & 0o055 == 0o055
        assert file.mount["ReadOnly"] and file.mount["Target"] == token_file.TARGET
    finally:
        file.remove()


def test_it_is_gone_after_the_run_and_known_to_a_sweep_before(record: owner.RunRecord) -> None:
    file = TokenFile(record)
    assert str(file.folder.resolve()) in record.path.read_text()
    assert (file.folder / owner.MARKER).read_text() == record.run_id
    file.remove()
    file.remove()
    assert not file.folder.exists()


@pytest.mark.engine
def test_a_candidate_gets_the_file_read_only_and_its_path(good: Candidate, engine: docker.DockerClient) -> None:
    found = engine.api.inspect_container(good.id)
    mount = next(mount for mount in found["Mounts"] if mount["Destination"] == token_file.TARGET)
    assert (mount["Type"], mount["RW"]) == ("bind", False)
    assert f"FEATURE_STORE_TOKEN_FILE={token_file.TARGET}" in found["Config"]["Env"]


def test_an_engine_that_cannot_see_the_file_starts_the_candidate_without_it(
    record: owner.RunRecord, challenge: Challenge, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[list[str]] = []

    def create(image: str, *, mounts: list[Any], **_: object) -> str:
        tried.append([str(mount["Target"]) for mount in mounts])
        if token_file.TARGET in tried[-1]:
            raise APIError(f"bind source path does not exist: {mounts[-1]['Source']}", explanation="bind source path does not exist")
        return "made"

    client = SimpleNamespace(containers=SimpleNamespace(create=create), api=SimpleNamespace(create_endpoint_config=lambda **_: None))
    monkeypatch.setattr(Topology, "_image_volumes", lambda *_: [])
    topology = Topology(client, "token-test", challenge, {}, "none", record=record)  # type: ignore[arg-type]
    monkeypatch.setattr(topology.network, "address", lambda n: f"10.0.0.{n}")
    topology.token_file = TokenFile(record)
    folder = topology.token_file.folder
    try:
        assert topology._create("image", 20, {}, [], shared_data("data")) == "made"
        assert [token_file.TARGET in targets for targets in tried] == [True, False]
        assert topology.token_file is None
        assert "does not see our temporary files" in topology.notes[-1]
    finally:
        (folder / "token").unlink()
        (folder / owner.MARKER).unlink()
        folder.rmdir()
