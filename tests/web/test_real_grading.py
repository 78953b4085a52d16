"""A real repository through the whole service: handed in on a page, cloned over https, built and graded on the real engine, read as a report."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
import requests
from git_server import GitServer, certificates, git, server
from test_serve import Started, _hand_in_by_page, _signed_in, served

__all__ = ["certificates", "server"]

pytestmark = [pytest.mark.committed, pytest.mark.engine, pytest.mark.timeout(600)]
SUBMISSIONS = Path(__file__).parents[2] / "challenges/fraud-scoring/submissions"
REAL = {"pipeline": "grader.jobs.pipeline:pipeline", "probe": "grader.jobs.ready:engine_trouble"}


def push(server: GitServer, name: str, tmp_path: Path) -> tuple[str, str]:
    """A reference submission as a repository on the server: (URL, commit)."""
    work = tmp_path / f"work-{name}"
    shutil.copytree(SUBMISSIONS / name, work)
    git(work, "init", "--quiet", "--initial-branch=main")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message=all of it")
    git(server.root, "clone", "--quiet", "--bare", str(work), name)
    return server.url(name), git(work, "rev-parse", "HEAD")


def watched(service: Started, client: requests.Session, seconds: float) -> list[str]:
    """What the page says of the submission's progress, each different thing once, until it has ended."""
    said: list[str] = []
    deadline = time.monotonic() + seconds
    while True:
        page = client.get(f"{service.base}/submissions/1/live/").text
        text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
        if not said or said[-1] != text:
            said.append(text)
        if "hx-trigger" not in page:
            return said
        assert time.monotonic() < deadline, said[-3:]
        time.sleep(0.2)


def test_a_repository_is_cloned_built_graded_and_its_report_read(server: GitServer, tmp_path: Path) -> None:
    url, commit = push(server, "null-200", tmp_path)
    settings = {"allow_hosts": server.host, "ca_file": str(server.ca_file)} | REAL
    with served(tmp_path / "data", **settings) as service:
        _hand_in_by_page(service, url)
        client = _signed_in(service.base, service.name, service.password)
        said = watched(service, client, 300)
        assert any("image" in text for text in said) and any("contract" in text for text in said), said
        page = client.get(f"{service.base}/submissions/1/").text
        assert "You have not seen the score" in page
        results = list((tmp_path / "data" / "artifacts" / "results").iterdir())
        assert len(results) == 1
        assert json.loads((results[0] / "authors.json").read_text())["authors"]
        result = json.loads((results[0] / "result.json").read_text())
        assert result["submission"]["commit"] == commit and result["score"]["high"] <= 500
        assert {gate["id"] for gate in result["gates"] if gate["outcome"] == "fail"}
        report = client.get(f"{service.base}/submissions/1/report.html")
        assert report.status_code == 200 and "sandbox" in report.headers["Content-Security-Policy"] and commit[:7] in report.text
