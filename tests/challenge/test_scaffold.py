"""A new challenge begins as one that works, and says what is left to do."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from challenges import loader, promises, scaffold
from challenges.loader import LoadedChallenge
from grader.schema.causes import UsageError

MODEL = "fraud-scoring"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of challenges beside the installed ones, not there yet."""
    return tmp_path / "my" / "challenges"


def files(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_it_loads_at_once_under_its_own_name(fraud: LoadedChallenge, root: Path) -> None:
    folder = scaffold.new("parcel-weights", MODEL, [root, loader.ROOT], root)
    assert folder == root / "parcel-weights" and loader.available(root) == ["parcel-weights"]
    made = loader.load("parcel-weights", root)
    assert (made.spec.slug, made.spec.title) == ("parcel-weights", "Parcel weights")
    assert made.spec.model_copy(update={"slug": MODEL, "title": fraud.spec.title, "digest": fraud.spec.digest}) == fraud.spec
    assert made.spec.digest != fraud.spec.digest
    assert promises.promises(folder) == promises.promises(fraud.folder)


def test_it_holds_what_an_author_owns_and_nothing_that_was_measured(fraud: LoadedChallenge, root: Path) -> None:
    assert (fraud.folder / "recorded").is_dir(), "there is something to leave behind"
    folder = scaffold.new("parcel-weights", MODEL, [loader.ROOT], root)
    own = {name: content for name, content in files(fraud.folder).items() if name.split("/")[0] in scaffold.PARTS}
    copied = files(folder)
    assert set(copied) == set(own)
    assert [name for name in own if copied[name] != own[name]] == ["challenge.toml"]
    for name in ("submissions/oracle/.dockerignore", "starter/.gitignore", "private/simulator.py", "submissions/null-empty/README.md"):
        assert name in copied
    assert {path.name for path in folder.iterdir()} <= set(scaffold.PARTS)


def test_comments_and_everything_else_of_the_file_stay(fraud: LoadedChallenge, root: Path) -> None:
    folder = scaffold.new("parcel-weights", MODEL, [loader.ROOT], root)
    before, after = ((place / "challenge.toml").read_text("utf-8").splitlines() for place in (fraud.folder, folder))
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert changed == ['slug = "parcel-weights"', 'title = "Parcel weights"']


def test_a_copy_can_be_copied_again_with_its_own_prices_and_mutants(root: Path) -> None:
    first = scaffold.new("parcel-weights", MODEL, [loader.ROOT], root)
    shutil.copy(loader.ROOT / loader.PRICES, first / loader.PRICES)
    (first / "mutants" / "m1").mkdir(parents=True)
    (first / "mutants" / "m1" / "expect.toml").write_text("x", "utf-8")
    second = scaffold.new("letters", "parcel-weights", [root, loader.ROOT], root)
    assert (second / loader.PRICES).is_file() and (second / "mutants" / "m1" / "expect.toml").read_text("utf-8") == "x"
    assert loader.available(root) == ["letters", "parcel-weights"]


def test_the_nearer_folder_wins_where_two_have_the_source(root: Path) -> None:
    near = scaffold.new(MODEL, MODEL, [loader.ROOT], root)
    (near / "starter" / "mine.txt").write_text("mine", "utf-8")
    assert (scaffold.new("letters", MODEL, [root, loader.ROOT], root) / "starter" / "mine.txt").is_file()


def test_the_copy_of_a_read_only_installation_can_be_changed(root: Path, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages"
    shutil.copytree(loader.ROOT / MODEL, installed / MODEL, ignore=shutil.ignore_patterns("__pycache__", "submissions", "recorded"))
    for folder, _, names in os.walk(installed, topdown=False):
        for path in (*(Path(folder) / name for name in names), Path(folder)):
            path.chmod(path.stat().st_mode & ~0o222)
    made = scaffold.new("parcel-weights", MODEL, [installed], root)
    for path in (made / "brief.md", made / "contract", made / "private" / "simulator.py"):
        assert path.stat().st_mode & stat.S_IWUSR, path


@pytest.mark.parametrize("slug", ["", "Parcels", "parcel_weights", "../parcels", "/tmp/x", "-x", "x-", "a--b", "1st", "a b", "x" * 41, "x\n"])
def test_a_bad_slug_is_refused(slug: str, root: Path) -> None:
    with pytest.raises(UsageError, match="is no slug: small letters"):
        scaffold.new(slug, MODEL, [loader.ROOT], root)
    assert not root.exists()


def test_an_existing_folder_is_left_alone(root: Path) -> None:
    (root / "parcels").mkdir(parents=True)
    (root / "parcels" / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="parcels exists already"):
        scaffold.new("parcels", MODEL, [loader.ROOT], root)
    assert files(root) == {"parcels/mine.txt": b"mine"}


def test_an_unknown_source_gets_the_nearest_one(root: Path) -> None:
    with pytest.raises(UsageError, match="no challenge 'fraud-scorin' to start from; did you mean 'fraud-scoring'"):
        scaffold.new("parcels", "fraud-scorin", [root, loader.ROOT], root)
    assert not root.exists()


def test_a_folder_that_cannot_be_written_to_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write to .*: name a folder of your own with --root"):
        scaffold.new("parcels", MODEL, [loader.ROOT], tmp_path / "file")


def test_a_source_that_does_not_load_leaves_nothing_behind(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaffold, "PARTS", tuple(part for part in scaffold.PARTS if part != "private"))
    with pytest.raises(UsageError, match="no private/simulator"):
        scaffold.new("parcels", MODEL, [loader.ROOT], root)
    assert not (root / "parcels").exists()


def test_the_advice_names_every_part_in_order_and_commands_that_can_be_pasted(root: Path) -> None:
    folder = scaffold.new("parcel-weights", MODEL, [loader.ROOT], root / "with space")
    said = "\n".join(scaffold.advice(folder))
    places = [said.index(f"  {number}. {part}") for number, (part, _) in enumerate(scaffold.STEPS, 1)]
    assert places == sorted(places) and {part.rstrip("/").split("/")[0] for part, _ in scaffold.STEPS} == set(scaffold.PARTS) - {loader.PRICES}
    assert f"  GRADER_CHALLENGES_ROOT='{folder.parent}' grader challenge validate parcel-weights" in said


def test_among_the_installed_challenges_no_variable_is_needed() -> None:
    said = scaffold.advice(loader.ROOT / "parcels")
    assert "  grader challenge show parcels" in said and said[-1] == "  grader challenge validate parcels"
    assert not any("GRADER_" in line for line in said)
