"""A digest that is recorded for a file is held against the file; what is packed, elsewhere, or a record of earlier days is not blamed."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from checks.scanned import levels, put

TRAIN = "import joblib\nif __name__ == '__main__':\n    joblib.dump(Model(random_state=7).fit([]), 'm')\n"
ROWS = "a,b\n1,2\n"
RECORD = '{"model_version": "1", "data_sha256": "ab12cd34", "metrics": {"auc": 0.8}, "artifact": {"file": "model/m.bin", "sha256": "%s"}}'


def sha256(text: str | bytes) -> str:
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


def level(root: Path, id: str, files: dict[str, str]) -> str:
    return levels(put(root, {"train.py": TRAIN} | files), id)[id]


def manifest(digest: str, file: str = "data/train.csv") -> dict[str, str]:
    return {"data/train.csv": ROWS, "data/manifest.json": f'{{"path": "{file}", "sha256": "{digest}", "rows": 1}}'}


@pytest.mark.parametrize(
    ("expected", "digest"),
    [("versioned", sha256(ROWS)), ("versioned", "sha256:" + sha256(ROWS)), ("versioned", sha256("a,b\r\n1,2\r\n")), ("other", sha256("other"))],
)
def test_a_manifests_digest_is_that_of_the_file_it_names(expected: str, digest: str, tmp_path: Path) -> None:
    assert level(tmp_path, "data_versioning", manifest(digest)) == expected


@pytest.mark.parametrize(("expected", "held"), [("versioned", b"rows"), ("other", b"other rows")])
def test_a_packed_table_may_be_pinned_by_what_it_holds(expected: str, held: bytes, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train.csv.gz").write_bytes(gzip.compress(held))
    record = {"data/manifest.json": f'{{"name": "train.csv.gz", "sha256": "{sha256(b"rows")}"}}'}
    assert level(tmp_path, "data_versioning", record) == expected


def test_a_digest_of_a_file_that_is_elsewhere_is_taken_at_its_word(tmp_path: Path) -> None:
    assert level(tmp_path, "data_versioning", manifest(sha256("other"), file="s3://bucket/full.parquet")) == "versioned"


def test_a_sample_is_not_the_file_that_a_manifest_speaks_of(tmp_path: Path) -> None:
    files = {"samples/train.csv": "a\n", "data/manifest.json": f'{{"path": "raw/train.csv", "sha256": "{sha256("x")}"}}'}
    assert level(tmp_path, "data_versioning", files) == "versioned"


def test_another_record_elsewhere_excuses_no_wrong_manifest(tmp_path: Path) -> None:
    right = {"model/metadata.json": f'{{"data": {{"path": "data/train.csv", "sha256": "{sha256(ROWS)}"}}}}'}
    assert level(tmp_path, "data_versioning", manifest(sha256("other")) | right) == "other"


@pytest.mark.parametrize(("expected", "digest"), [("described", sha256("weights")), ("other", sha256("other"))])
def test_a_models_digest_is_held_against_the_model(expected: str, digest: str, tmp_path: Path) -> None:
    assert level(tmp_path, "artifact_metadata", {"model/m.bin": "weights", "model/metadata.json": RECORD % digest}) == expected


def test_runs_are_a_history_of_which_one_speaks_of_the_model_as_it_is(tmp_path: Path) -> None:
    runs = {"runs/1/run.json": RECORD % sha256("older"), "runs/2/run.json": RECORD % sha256("weights")}
    assert level(tmp_path, "artifact_metadata", {"model/m.bin": "weights"} | runs) == "described"
