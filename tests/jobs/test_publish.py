"""A result appears whole or not at all, and once."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from grader.jobs import publish
from grader.jobs.model import UnavailableError
from grader.jobs.store import Store

ID = "0123456789abcdef"


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store on each kind of URL; on S3 a bucket of its own, with the settings that an operator would give."""
    if request.param == "file":
        return Store((tmp_path / "artifacts").as_uri())
    return Store(request.getfixturevalue("bucket"))


def made(tmp_path: Path, run: int) -> Path:
    """The output folder of a run."""
    out = tmp_path / f"out-{run}"
    (out / "bundle").mkdir(parents=True)
    (out / "bundle" / "manifest.json").write_text("{}")
    (out / "result.json").write_text(json.dumps({"run": run}))
    (out / "report.html").write_text(f"report of run {run}")
    return out


def published(store: Store) -> dict[str, bytes]:
    return {key.rpartition("/")[2]: store.read(key) or b"" for key in store.keys(publish.folder(ID))}


def test_everything_is_there_and_the_staging_is_gone(store: Store, tmp_path: Path) -> None:
    publish.stage(store, ID, 1, made(tmp_path, 1))
    assert published(store) == {}
    assert publish.publish(store, ID, 1) == 1
    publish.clear(store, ID)
    assert set(published(store)) == {"claim.json", "bundle.tar.gz", "report.html", "result.json"}
    assert store.keys("staging") == []


def test_whoever_claims_first_is_published_also_by_others(store: Store, tmp_path: Path) -> None:
    for run in (1, 2):
        publish.stage(store, ID, run, made(tmp_path, run))
    store.put_once(f"{publish.folder(ID)}/{publish.CLAIM}", b'{"run": 1}')  # run 1 died right after
    assert publish.publish(store, ID, 2) == 1
    assert json.loads(published(store)["result.json"]) == {"run": 1}
    assert published(store)["report.html"] == b"report of run 1"


def test_a_half_published_result_is_finished(store: Store, tmp_path: Path) -> None:
    publish.stage(store, ID, 1, made(tmp_path, 1))
    store.put_once(f"{publish.folder(ID)}/{publish.CLAIM}", b'{"run": 1}')
    store.put_once(f"{publish.folder(ID)}/report.html", b"report of run 1")
    assert publish.publish(store, ID, 1) == 1
    assert len(published(store)) == 4


def test_a_second_publication_changes_nothing(store: Store, tmp_path: Path) -> None:
    publish.stage(store, ID, 1, made(tmp_path, 1))
    publish.publish(store, ID, 1)
    before = published(store)
    publish.clear(store, ID)
    assert publish.publish(store, ID, 1) == 1
    publish.stage(store, ID, 2, made(tmp_path, 2))
    assert publish.publish(store, ID, 2) == 1
    assert published(store) == before


def test_several_runs_that_publish_at_once_agree(store: Store, tmp_path: Path) -> None:
    for run in range(1, 6):
        publish.stage(store, ID, run, made(tmp_path, run))
    winners: list[int] = []
    threads = [threading.Thread(target=lambda run=run: winners.append(publish.publish(store, ID, run))) for run in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 5 and len(set(winners)) == 1
    assert json.loads(published(store)["result.json"]) == {"run": winners[0]}
    assert published(store)["report.html"] == f"report of run {winners[0]}".encode()


def test_an_object_is_put_once(store: Store) -> None:
    assert store.put_once("a/b", b"first")
    assert not store.put_once("a/b", b"second")
    assert store.read("a/b") == b"first" and store.read("a/c") is None


def test_what_was_put_long_ago_is_told_apart(store: Store) -> None:
    store.put_once("uploads/aa", b"x")
    store.put_once("results/aa/result.json", b"x")
    assert store.older("uploads", 60) == [] and store.older("uploads", -60) == ["uploads/aa"]
    assert store.remove_drafts(-60) == 0


def test_a_withdrawn_result_is_gone_whole(store: Store, tmp_path: Path) -> None:
    publish.stage(store, ID, 1, made(tmp_path, 1))
    publish.publish(store, ID, 1)
    assert publish.withdraw(store, ID) == 7
    assert store.keys("results") == store.keys("staging") == []
    assert publish.withdraw(store, ID) == 0


def test_a_bucket_that_does_not_exist_is_a_store_that_does_not_answer(bucket: str) -> None:
    Store(bucket).answers()
    with pytest.raises(UnavailableError):
        Store("s3://nobody-made-this/grader").answers()


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file, not a folder")
    with pytest.raises(UnavailableError, match="store does not answer"):
        Store((tmp_path / "artifacts" / "below").as_uri()).put_once("a", b"")


@pytest.mark.parametrize("prefix", ["uploads/", "results/", "uploads", "", "/", "results//x"])
def test_half_a_key_removes_nothing(store: Store, prefix: str) -> None:
    store.put_once("uploads/aa", b"x")
    store.put_once("results/x/result.json", b"x")
    with pytest.raises(ValueError, match="names no object"):
        store.remove(prefix)
    assert len(store.keys("")) == 2
