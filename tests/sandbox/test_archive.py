"""Attack 33 as the reader sees it: files that say they are huge cost what the bound says, and no more. No engine: a container that only sends."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.schema.causes import Trouble
from harness.sandbox.archive import SLACK, ArchivedFile, archived_files, read_container_file
from harness.telemetry import artifact

MIB = 1 << 20
TERABYTE = 1 << 40


class Sending:
    """A container whose archive of any path is of `files`, with as many zeros in each as its header says."""

    def __init__(self, *files: tuple[str, int], pause_s: float = 0.0) -> None:
        self.files, self.pause_s = files, pause_s
        self.sent = 0

    def get_archive(self, _path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        return self._pieces(), {"mode": 0o644}

    def archive(self, path: str, max_bytes: int, within_s: float) -> Iterator[ArchivedFile]:
        return archived_files(self, path, max_bytes, within_s)  # type: ignore[arg-type]

    def image_facts(self) -> tuple[str, dict[str, str]]:
        return "/srv", {}

    def _pieces(self) -> Iterator[bytes]:
        for name, size in self.files:
            info = tarfile.TarInfo(name)
            info.size = size
            yield info.tobuf()
            left = -(-size // 512) * 512
            while left > 0:
                piece = bytes(min(MIB, left))
                left -= len(piece)
                self.sent += len(piece)
                time.sleep(self.pause_s)
                yield piece
        yield bytes(1024)


def names(container: Sending, max_bytes: int = 8 * MIB, within_s: float = 5.0) -> list[str]:
    return [file.path for file in container.archive("/srv", max_bytes, within_s)]


def test_a_file_of_a_terabyte_ends_the_reading_before_it_is_read_or_skipped() -> None:
    container = Sending(("srv/a", 10), ("srv/sparse", TERABYTE), ("srv/z", 10))
    with pytest.raises(Trouble, match="more than 8 MiB") as caught:
        names(container)
    assert (caught.value.cause, caught.value.culprit) == ("files_too_large", "candidate")
    assert container.sent <= 2 * MIB


def test_many_files_that_are_only_skipped_come_to_the_same_bound() -> None:
    container = Sending(*((f"srv/{n}", MIB) for n in range(100)))
    with pytest.raises(Trouble, match="more than 8 MiB"):
        names(container)
    assert container.sent <= 9 * MIB


def test_headers_without_files_are_counted() -> None:
    container = Sending(*((f"srv/{n}", 0) for n in range(SLACK // 512 + 100)))
    with pytest.raises(Trouble, match="more than 0 MiB"):
        names(container, 512)


def test_a_file_that_comes_slowly_meets_the_deadline_while_it_is_skipped_and_nobody_is_blamed() -> None:
    began = time.monotonic()
    with pytest.raises(Trouble, match="within 1 s") as caught:
        names(Sending(("srv/slow", 100 * MIB), ("srv/z", 1), pause_s=0.05), max_bytes=TERABYTE, within_s=1.0)
    assert (caught.value.cause, caught.value.culprit) == ("files_too_slow", "host")
    assert time.monotonic() - began < 3


def test_within_the_bounds_all_is_read() -> None:
    assert names(Sending(("srv/a", MIB), ("srv/b", 1))) == ["/srv/a", "/srv/b"]
    assert read_container_file(Sending(("a", TERABYTE)), "/srv/a", 100) == bytes(100)  # type: ignore[arg-type]


def test_the_search_for_a_stated_digest_says_that_it_has_not_seen_all(monkeypatch: pytest.MonkeyPatch) -> None:
    container: Any = Sending(("srv/model.bin", 10), ("srv/sparse", TERABYTE))
    monkeypatch.setattr(Sending, "client", container, raising=False)
    monkeypatch.setattr(Sending, "get", lambda self, _: self, raising=False)
    monkeypatch.setattr(Sending, "json", lambda self: {"model_sha256": "ab" * 32}, raising=False)
    facts = artifact.read(container, "/version", "MODEL_PATH")
    assert [file.path for file in facts.files] == ["/srv/model.bin"] and not facts.complete
    assert container.sent <= 2 * MIB


def test_a_model_that_was_found_before_the_bound_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "MAX_PASSED_BYTES", 8 * MIB)
    container: Any = Sending(("srv/model.bin", 10), ("srv/sparse", TERABYTE))
    assert artifact.copy(container, "MODEL_PATH", tmp_path / "own") == "/srv/model.bin"
    assert (tmp_path / "own").read_bytes() == bytes(10)
    assert container.sent <= 2 * MIB
