"""The verbs of the console where there is no service, or a part of it is away: one line, the documented code, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import OperationalError

from grader.schema.causes import Trouble, UsageError
from grader.web import impact as exports
from grader.web import seam
from grader.web.commands import erase, impact, retain
from grader.web.models import Candidate, Submission
from grader.web.trouble import UnavailableError

ROOT = Path(__file__).parents[2]
VERBS = (["impact", "-o", "FILE"], ["erase", "C-AAAAAA", "--reason", "asked for"], ["retain", "archives=30", "--apply"])
Make = Callable[..., Submission]


def run(folder: Path, verb: list[str], **settings: str) -> tuple[int, str, list[str]]:
    """(exit code, what was said, what lies in the folder now)."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "GRADER_DATA_DIR": str(folder / "data"), "GRADER_DATABASE_URL": ""} | settings
    command = [sys.executable, "-m", "grader", *(str(folder / "out.csv") if word == "FILE" else word for word in verb)]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr, sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_where_there_is_no_service_none_is_made(tmp_path: Path, verb: list[str]) -> None:
    code, said, left = run(tmp_path, verb)
    assert (code, left) == (2, []) and "there is no service in" in said and said.count("\n") == 1, said


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_database_that_is_away_is_said_in_one_line(tmp_path: Path, verb: list[str]) -> None:
    code, said, left = run(tmp_path, verb, GRADER_DATABASE_URL="postgresql://grader:secret@127.0.0.1:1/grader")
    assert (code, left) == (3, []) and "does not answer" in said and said.count("\n") == 1 and "secret" not in said, said


def test_tables_of_an_older_version_are_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "service.sqlite3").touch()
    code, said, _ = run(tmp_path, VERBS[0])
    assert code == 2 and "--migrate-only" in said and said.count("\n") == 1, said


def test_an_export_that_is_cut_short_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*given: object) -> str:
        raise OperationalError("server closed the connection\nunexpectedly")

    monkeypatch.setattr(exports, "export", away)
    with pytest.raises(Trouble, match="server closed the connection unexpectedly") as met:
        impact.command(out=tmp_path / "out.csv")
    assert met.value.cause == "service_down" and list(tmp_path.iterdir()) == []


def test_a_store_that_is_away_is_the_hosts_trouble(hand_in: Make, graded: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    row = graded(hand_in())

    def away() -> None:
        raise UnavailableError("The artifact store does not answer.")

    monkeypatch.setattr(seam, "store", away)
    monkeypatch.setattr(seam, "queue", away)
    for command in (lambda: erase.command(row.candidate.pseudonym, "asked for"), lambda: retain.command(["evidence=1"], apply=True)):
        Submission.objects.update(ended=row.created.replace(year=2020))
        with pytest.raises(Trouble, match="store does not answer") as met:
            command()
        assert met.value.cause == "service_down"
    assert Candidate.objects.filter(pk=row.candidate_id).exists()


def test_nobody_of_that_name() -> None:
    with pytest.raises(UsageError, match="no candidate C-NOBODY"):
        erase.command("C-NOBODY", "asked for")
