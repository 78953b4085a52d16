"""What a candidate gets: everything needed, and not one line of what is hidden."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from challenges import loader
from challenges.loader import LoadedChallenge, export
from grader.schema.causes import UsageError

CANARY = "canary-5f0c1e-never-leaves"


@pytest.fixture(scope="module")
def exported(fraud: LoadedChallenge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("export") / "repo"
    export(fraud, dest)
    return dest


def test_it_holds_brief_contract_starter_and_data(exported: Path) -> None:
    public = ("brief.md", "contract/openapi.yaml", "contract/samples/request-1.json", "data/train.csv")
    for name in (*public, "Dockerfile", "train.py", "app/main.py", ".gitignore"):
        assert (exported / name).is_file(), name


def test_the_list_of_written_files_is_complete(fraud: LoadedChallenge, tmp_path: Path) -> None:
    written = export(fraud, tmp_path / "x")
    assert written == sorted(path.relative_to(tmp_path / "x") for path in (tmp_path / "x").rglob("*") if path.is_file())


def test_two_exports_are_byte_identical(fraud: LoadedChallenge, exported: Path, tmp_path: Path) -> None:
    export(fraud, tmp_path / "again")
    for path in sorted(p for p in exported.rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(exported)).read_bytes(), path


def test_nothing_hidden_leaves(fraud: LoadedChallenge, tmp_path: Path) -> None:
    """A canary is planted in every hidden folder, also in ones that do not exist yet; none may turn up."""
    root = tmp_path / "challenges"
    shutil.copytree(fraud.folder, root / "fraud-scoring", ignore=shutil.ignore_patterns("submissions", "mutants", "__pycache__"))
    folder = root / "fraud-scoring"
    hiding = ("private/notes.txt", "submissions/oracle/app.py", "mutants/m1/patch", "new-hidden/plan.toml")
    for name in (*hiding, "starter/__pycache__/old.pyc", "starter/.env"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CANARY, "utf-8")
    hidden = folder / "private" / "simulator.py"
    hidden.write_text(hidden.read_text("utf-8") + f"\n# {CANARY}\n", "utf-8")
    out = tmp_path / "out"
    export(loader.load("fraud-scoring", root), out)
    left = list(out.rglob("*"))
    assert [path for path in left if path.is_file() and CANARY.encode() in path.read_bytes()] == []
    assert not {"private", "submissions", "mutants"} & {part for path in left for part in path.relative_to(out).parts}


def test_no_line_of_the_simulator_stands_in_the_export(fraud: LoadedChallenge, exported: Path) -> None:
    lines = {line.strip() for line in (fraud.folder / "private" / "simulator.py").read_text("utf-8").splitlines() if len(line.strip()) > 60}
    for path in (p for p in exported.rglob("*") if p.is_file()):
        assert not lines & {line.strip() for line in path.read_text("utf-8").splitlines()}, path


def test_the_training_data_has_features_and_labels_but_no_personal_data(fraud: LoadedChallenge, exported: Path) -> None:
    with (exported / "data/train.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == loader.TRAINING_ROWS
    names = set(json.loads((exported / "contract/features.schema.json").read_text())["properties"]) | set(fraud.request_schema["properties"])
    assert set(rows[0]) == (names - set(fraud.spec.contract.canary_fields)) | {"is_fraud"}
    assert 0.05 < sum(row["is_fraud"] == "1" for row in rows) / len(rows) < 0.08
    assert any(row["distance_km"] == "" for row in rows)


def test_every_column_is_documented(exported: Path) -> None:
    text = (exported / "data/README.md").read_text()
    with (exported / "data/train.csv").open() as file:
        for name in file.readline().strip().split(","):
            assert name in text, name


def test_a_folder_that_holds_something_is_left_alone(fraud: LoadedChallenge, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        export(fraud, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
