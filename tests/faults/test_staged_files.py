"""Where the staged model files of a rollout lie, and what shows that a container was given one; without an engine."""

from __future__ import annotations

from typing import Any, cast

import pytest

from harness.faults.artifacts import Artifacts, Staged, given
from harness.sandbox.container import Candidate
from harness.seeds import Seeds
from harness.telemetry import artifact


class Image:
    """A container of an image that ships some files; what is mounted into it lies over them."""

    def __init__(self, shipped: dict[str, bytes], staged: Staged | None = None) -> None:
        self.files = shipped | ({staged.target: staged.path.read_bytes()} if staged and staged.path else {})
        self.env = staged.env("MODEL_PATH") if staged else {}
        self.most_read = 0

    def read_file(self, path: str, max_bytes: int = 1 << 20) -> bytes | None:
        self.most_read = max(self.most_read, max_bytes)
        found = self.files.get(path)
        return None if found is None else found[:max_bytes]

    def image_facts(self) -> tuple[str, dict[str, str]]:
        return "/", self.env


@pytest.fixture(autouse=True)
def no_model_in_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "copy", lambda *_: None)


def staged(name: str, seed: int) -> Staged:
    with Artifacts(cast(Any, None), "MODEL_PATH", seed) as artifacts:
        return artifacts.broken(name, 3)


def test_no_image_can_ship_a_file_in_the_place_of_one_that_is_to_be_missing() -> None:
    """It was /rollout/missing.json for everybody: who shipped that was never measured."""
    seeds = [Seeds(b"k" * 16, "commit", attempt).derive("fault:rollout:folder") for attempt in range(2)]
    first, second = (staged("missing", seed) for seed in seeds)
    shipped = {f"/rollout/{name}": b"{}" for name in ("missing", "missing.json")} | {first.target: b"{}"}
    assert first.target != second.target
    assert given(cast(Candidate, Image(shipped, second)), second, "MODEL_PATH").active
    assert not given(cast(Candidate, Image(shipped, first)), first, "MODEL_PATH").active, "the proof itself is as strict as before"


@pytest.mark.parametrize("name", ["missing", "corrupt"])
def test_reading_back_costs_no_more_than_what_was_staged(name: str) -> None:
    with Artifacts(cast(Any, None), "MODEL_PATH", 5) as artifacts:
        file = artifacts.broken(name, 3)
        image = Image({}, file)
        assert given(cast(Candidate, image), file, "MODEL_PATH").active
        image.files[file.target] = (file.path.read_bytes() if file.path else b"") + b"x" * (1 << 20)
        assert not given(cast(Candidate, image), file, "MODEL_PATH").active, "a longer file is another one"
        assert image.most_read == file.size + 1
