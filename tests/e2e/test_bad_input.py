"""What cannot be graded at all gets one clear line that names the culprit and the mend, the documented exit code, and leaves nothing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from git_server import GitServer

from .grading import Done, Place, submission

pytestmark = pytest.mark.engine


def refused(place: Place, done: Done, code: int, *words: str) -> None:
    assert done.code == code, done.err + done.out[-800:]
    for word in words:
        assert word in done.line, done.line
    assert "Traceback" not in done.err
    if place.out.is_dir():
        assert list(place.out.iterdir()) == []
    assert list(place.temporary.iterdir()) == [] and place.state() == []


def admitted(server: GitServer) -> list[str]:
    return ["--allow-host", server.host, "--ca-file", str(server.ca_file)]


def test_an_address_without_a_repository(place: Place, git_server: GitServer) -> None:
    refused(place, place.grade(git_server.url("nothing"), *admitted(git_server)), 2, git_server.url("nothing"), "no repository there")


def test_a_server_that_does_not_answer(place: Place, git_server: GitServer) -> None:
    done = place.grade("https://localhost:1/x", "--allow-host", "localhost:1")
    refused(place, done, 2, "https://localhost:1/x", "cannot be reached")


def test_a_host_that_an_operator_has_to_admit(place: Place, git_server: GitServer) -> None:
    refused(place, place.grade(git_server.url("good")), 2, "not a public address", "--allow-host")


def test_a_server_whose_certificate_nobody_knows(place: Place, git_server: GitServer) -> None:
    refused(place, place.grade(git_server.url("good"), "--allow-host", git_server.host), 2, "certificate")


def test_another_protocol(place: Place) -> None:
    refused(place, place.grade("ssh://example.org/x"), 2, "ssh://example.org/x", "https")


def test_no_such_folder(place: Place) -> None:
    refused(place, place.grade("/nowhere/at/all"), 2, "/nowhere/at/all: no such folder")


def test_a_repository_without_a_commit(place: Place, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "fresh")], check=True)
    refused(place, place.grade(tmp_path / "fresh"), 2, "no commit")


def test_a_challenge_that_is_misspelt(place: Place, good: Path) -> None:
    refused(place, place.grade(good, "-c", "fraud-skoring"), 2, "no challenge 'fraud-skoring'", "did you mean 'fraud-scoring'")


def test_a_mode_that_is_not_there(place: Place, good: Path) -> None:
    refused(place, place.grade(good, "-m", "thorough"), 2, "no mode 'thorough'", "quick, standard, full, tiny, brief")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[limits]", "[limitz]", ("challenge.toml", "limitz")),
        ("rate_rps = 100", "rate_rps = 0", ("challenge.toml", "rate_rps", "line")),
        ('slug = "fraud-scoring"', "slug = ", ("challenge.toml", "not TOML")),
        ("deployment = 25", "deployment = 20", ("fraud-scoring", "add up to 95, not 100")),
    ],
)
def test_a_challenge_file_with_an_error(old: str, new: str, words: tuple[str, ...], place: Place, tmp_path: Path, good: Path) -> None:
    root = tmp_path / "challenges"
    shutil.copytree(place.challenges_root, root)
    file = root / "fraud-scoring" / "challenge.toml"
    file.write_text(file.read_text().replace(old, new))
    refused(place, place.with_env(GRADER_CHALLENGES_ROOT=str(root)).grade(good), 2, *words)


def test_settings_that_cannot_be_used(place: Place, good: Path) -> None:
    refused(place, place.with_env(GRADER_CHALLENGES_ROOT="/nowhere").grade(good), 2, "GRADER_CHALLENGES_ROOT=/nowhere")
    refused(place, place.with_env(GRADER_OPERATOR_KEY="short").grade(good), 2, "GRADER_OPERATOR_KEY", "openssl rand")


def test_an_output_folder_that_cannot_be_made(place: Place, good: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = place.run("grade", str(good), "-c", "fraud-scoring", "-m", "tiny", "-o", str(tmp_path / "file" / "out"))
    refused(place, done, 2, "cannot write to", "-o")


def test_an_output_folder_that_holds_something_else(place: Place, good: Path) -> None:
    (place.out / "bundle").mkdir(parents=True)
    (place.out / "bundle" / "thesis.tex").write_text("years of work")
    done = place.grade(good)
    assert done.code == 2 and "choose another folder" in done.line
    assert (place.out / "bundle" / "thesis.tex").read_text() == "years of work"


def test_an_output_folder_inside_of_a_plain_submission(place: Place, tmp_path: Path) -> None:
    repository = submission(tmp_path / "repository")
    done = place.run("grade", str(repository), "-c", "fraud-scoring", "-m", "tiny", "-o", str(repository / "out"))
    refused(place, done, 2, "lies inside of the submission", "-o")


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """A file system with a few KiB left in it."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_below_the_output_folder(place: Place, tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "README.md").write_text("nothing\n")
    with small_disk(place.out, 16):
        refused(place, place.grade(tmp_path / "repository"), 3, "host: the disk is full", "Free some space")


def test_a_disk_that_is_filled_by_the_reports(place: Place, tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "README.md").write_text("nothing\n")
    with small_disk(place.out, 120):
        done = place.grade(tmp_path / "repository")
        assert done.code == 3 and "host: the disk is full" in done.line
        assert [path.name for path in place.out.glob(".*")] == []


@pytest.mark.parametrize("kind", ["folder", "git"])
def test_a_full_disk_below_the_work_folder(kind: str, place: Place, tmp_path: Path) -> None:
    repository = submission(tmp_path / "repository")
    (repository / "data.bin").write_bytes(bytes(range(256)) * 16_384)
    if kind == "git":
        for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]):
            subprocess.run(["git", *command], cwd=repository, check=True)
    with small_disk(place.temporary, 2048):
        refused(place, place.grade(repository), 3, "host: the disk is full", "Free some space")


def test_an_engine_that_is_down(place: Place, good: Path) -> None:
    done = place.with_env(DOCKER_HOST=f"unix://{place.folder}/nobody.sock").grade(good)
    refused(place, done, 3, "host: no Docker Engine answers", "nobody.sock", "grader doctor")


def test_a_state_folder_that_cannot_be_made(place: Place, good: Path) -> None:
    (place.folder / "file").write_text("")
    done = place.with_env(XDG_STATE_HOME=f"{place.folder}/file").grade(good)
    assert done.code == 3 and "host: this host does not permit a step: writing" in done.line and "/file/" in done.line
