"""What a job asks of the grading that the command line runs too, and how an archive becomes a folder."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import grader.rubric
from challenges.loader import ROOT
from grader.jobs import pipeline as module
from grader.jobs import publish
from grader.jobs.model import Job
from grader.jobs.store import Store
from grader.schema.causes import Trouble, UsageError
from grader.schema.result import Result
from harness.collect import Request
from harness.progress import Progress, Silent

RECORDED = ROOT / "fraud-scoring" / "recorded" / "oracle-quick"
URL = "https://example.org/a.git"


class Graded:
    """Stands in for the grading: keeps what it was asked."""

    def __init__(self, commit: str | None = None) -> None:
        self.commit = commit
        self.asked: list[Request] = []

    def __call__(self, request: Request, out: Path, progress: Progress, *, authors: Path) -> Any:
        self.asked.append(request)
        assert authors.parent == out  # beside the result: staged and published with it, removed with it, and in no bundle
        return SimpleNamespace(submission=SimpleNamespace(commit=self.commit))


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Graded:
    made = Graded("a" * 40)
    monkeypatch.setattr(module, "grade", made)
    monkeypatch.setenv("GRADER_DATA_DIR", str(tmp_path / "data"))
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store((tmp_path / "data" / "artifacts").as_uri())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "run" / "out"
    folder.mkdir(parents=True)
    return folder


def job(origin: str, **more: Any) -> Job:
    return Job(origin=origin, challenge="fraud-scoring", mode="quick", **more)


def archive(**files: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def test_a_url_is_graded_as_the_command_line_would(graded: Graded, out: Path) -> None:
    module.pipeline(job(URL, attempt=3), out, Silent())
    asked = graded.asked[0]
    assert (asked.origin, asked.challenge.spec.slug, asked.mode, asked.attempt) == (URL, "fraud-scoring", "quick", 3)


@pytest.mark.parametrize("origin", ["/etc", "../x", "", "-x"])
def test_a_path_of_the_workers_machine_is_never_graded(origin: str, graded: Graded, out: Path) -> None:
    with pytest.raises(UsageError):
        module.pipeline(job(origin), out, Silent())
    assert not graded.asked


def test_an_archive_is_unpacked_without_its_history(graded: Graded, store: Store, out: Path) -> None:
    store.put_once("uploads/aa", archive(Dockerfile="FROM x", app__main="x", **{".git__config": "evil"}))
    module.pipeline(job("upload:aa"), out, Silent())
    folder = Path(graded.asked[0].origin)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == ["Dockerfile", "app/main"]


def test_the_one_folder_of_an_archive_is_the_submission(graded: Graded, store: Store, out: Path) -> None:
    store.put_once("uploads/aa", archive(project__Dockerfile="FROM x"))
    module.pipeline(job("upload:aa"), out, Silent())
    assert (Path(graded.asked[0].origin) / "Dockerfile").is_file()


def test_an_archive_that_leads_out_of_its_folder_is_hostile(graded: Graded, store: Store, out: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, "../../../etc"
        tar.addfile(link)
    store.put_once("uploads/bb", packed.getvalue())
    with pytest.raises(Trouble) as caught:
        module.pipeline(job("upload:bb"), out, Silent())
    assert caught.value.cause == "repository_hostile" and not graded.asked


@pytest.mark.parametrize("kind", ["w:bz2", "w:xz"])
def test_an_archive_is_unpacked_by_the_same_rules_as_it_is_taken(kind: str, graded: Graded, store: Store, out: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=kind) as tar:  # type: ignore[call-overload]
        tar.addfile(tarfile.TarInfo("Dockerfile"))
    store.put_once("uploads/dd", packed.getvalue())
    with pytest.raises(Trouble, match="not a whole tar archive"):
        module.pipeline(job("upload:dd"), out, Silent())
    assert not graded.asked


def test_an_archive_of_nothing_but_folders_is_too_large(graded: Graded, store: Store, out: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for n in range(5001):
            folder = tarfile.TarInfo(f"d{n}")
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
    store.put_once("uploads/ee", packed.getvalue())
    with pytest.raises(Trouble, match="more than 5000 folders") as caught:
        module.pipeline(job("upload:ee"), out, Silent())
    assert caught.value.cause == "repository_too_large" and not graded.asked


def test_an_archive_that_is_gone_is_asked_for_again(graded: Graded, out: Path) -> None:
    with pytest.raises(UsageError, match="hand it in again"):
        module.pipeline(job("upload:cc"), out, Silent())


def test_a_repository_that_moved_on_is_not_passed_off_as_what_was_handed_in(graded: Graded, out: Path) -> None:
    module.pipeline(job(URL, commit="a" * 40), out, Silent())
    with pytest.raises(UsageError, match="moved on"):
        module.pipeline(job(URL, commit="b" * 40), out, Silent())


def test_an_earlier_jobs_evidence_is_judged_anew_without_an_engine(graded: Graded, store: Store, out: Path, tmp_path: Path) -> None:
    shutil.copytree(RECORDED, tmp_path / "earlier" / "bundle")
    publish.stage(store, "a" * 32, 1, tmp_path / "earlier")
    store.put_once("results/" + "a" * 32 + "/bundle.tar.gz", store.read("staging/" + "a" * 32 + "/1/bundle.tar.gz") or b"")
    store.put_once("results/" + "a" * 32 + "/authors.json", b'{"authors": []}')
    result = module.pipeline(job("", rescore="a" * 32), out, Silent())
    assert (out / "authors.json").read_bytes() == b'{"authors": []}'
    assert result.rubric_digest == grader.rubric.load().digest and result.integrity == [] and not graded.asked
    assert Result.model_validate_json((out / "result.json").read_bytes()) == result and (out / "report.html").is_file()


def test_without_evidence_there_is_nothing_to_judge(graded: Graded, out: Path) -> None:
    with pytest.raises(UsageError, match="left no evidence"):
        module.pipeline(job("", rescore="b" * 32), out, Silent())
