from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator

import pytest

from harness.sandbox.archive import ArchivedFile
from harness.telemetry import artifact
from harness.telemetry.artifact import read, stated

SHA = "ab" * 32
MODEL = b'{"trees": [1, 2, 3]}'


class Reply:
    def __init__(self, document: object) -> None:
        self.document = document

    def json(self) -> object:
        return self.document


class FakeCandidate:
    """Files by folder, and what its version route answers."""

    def __init__(self, document: object, files: dict[str, dict[str, bytes]], folder: str = "/srv", **env: str) -> None:
        self.files, self.folder, self.env = files, folder, env
        self.client = self
        self.document = document
        self.asked: list[str] = []

    def get(self, _path: str) -> Reply:
        return Reply(self.document)

    def image_facts(self) -> tuple[str, dict[str, str]]:
        return self.folder, self.env

    def archive(self, path: str, max_bytes: int, within_s: float) -> Iterator[ArchivedFile]:
        self.asked.append(path)
        for name, content in self.files.get(path, {}).items():
            yield ArchivedFile(name, len(content), io.BytesIO(content).read)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"model_sha256": SHA}, {"model_sha256": SHA}),
        ({"artifact": {"digest": f"sha256:{SHA}"}}, {"artifact.digest": SHA}),
        ({"model_hash": SHA[:12].upper()}, {"model_hash": SHA[:12]}),
        ({"data_sha256": SHA, "model": {"training_data_sha256": SHA}, "image_digest": SHA, "code_commit": SHA[:40]}, {}),
        ({"model_version": SHA[:12], "model_digest": "v7"}, {}),
        (["model_sha256", SHA], {}),
        (None, {}),
    ],
)
def test_only_a_digest_of_the_model_is_taken_for_one(document: object, found: dict[str, str]) -> None:
    assert stated(document) == found


def looked(candidate: FakeCandidate) -> artifact.ArtifactFacts:
    return read(candidate, "/version", "MODEL_PATH")  # type: ignore[arg-type]  # the few methods that it uses


def test_the_files_at_the_model_path_and_in_the_working_folder_are_hashed() -> None:
    sha = hashlib.sha256(MODEL).hexdigest()
    files = {"/m/model.bin": {"/m/model.bin": MODEL}, "/srv": {"/srv/app.py": b"x"}}
    candidate = FakeCandidate({"model_sha256": sha}, files, MODEL_PATH="/m/model.bin")
    facts = looked(candidate)
    assert candidate.asked == ["/m/model.bin", "/srv"]
    assert [(file.path, file.sha256) for file in facts.files] == [("/m/model.bin", sha)]
    assert facts.complete


def test_nothing_is_read_where_no_digest_is_stated() -> None:
    candidate = FakeCandidate({"model_version": "1"}, {"/srv": {"/srv/model.json": MODEL}})
    assert looked(candidate).files == []
    assert candidate.asked == []


def test_a_document_that_states_its_own_digest_is_seen_to_state_it() -> None:
    inside = json.dumps({"digest": SHA}).encode()
    facts = looked(FakeCandidate({"model_sha256": SHA}, {"/srv": {"/srv/model.json": b" " * artifact.CHUNK + inside}}))
    assert facts.files[0].states == [SHA]


def test_beyond_the_caps_nothing_is_called_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "MAX_TOTAL_BYTES", 30)
    facts = looked(FakeCandidate({"model_sha256": SHA}, {"/srv": {"/srv/a.json": MODEL, "/srv/b.json": MODEL}}))
    assert len(facts.files) == 1
    assert not facts.complete


def test_the_root_as_working_folder_is_not_read_as_a_whole() -> None:
    candidate = FakeCandidate({"model_sha256": SHA}, {}, folder="/")
    looked(candidate)
    assert "/" not in candidate.asked
    assert "/app" in candidate.asked
