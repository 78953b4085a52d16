"""The worked example of docs/extending.md is followed in a copy: a guide that does not work is worse than none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from challenges import loader
from challenges.promises import Promise

ROOT = loader.ROOT.parent
GUIDE = (ROOT / "docs" / "extending.md").read_text("utf-8")
FLAGSHIP = "challenges/fraud-scoring"
APPENDED = ("grader/rubric/deployment.toml",)


def blocks() -> dict[str, str]:
    """Path, from the comment in a block's first line -> the block without it."""
    return dict(re.findall(r"```\w+\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the example's files written."""
    copy = tmp_path_factory.mktemp("guide")
    unwanted = shutil.ignore_patterns("__pycache__", "recorded", "submissions")
    for name in ("grader", "harness", "challenges", "tests/checks", "tests/rubric"):
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    for name in ("pyproject.toml", "tests/conftest.py", "tests/needs.py"):
        shutil.copy(ROOT / name, copy / name)
    for path, text in blocks().items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        before = (copy / path).read_text("utf-8") + "\n" if path in APPENDED else ""
        if not path.endswith("promises.toml"):
            (copy / path).write_text(before + text, "utf-8")
    return copy


def test_the_check_passes_its_test_and_belongs_to_the_rubric(followed: Path) -> None:
    wanted = ["tests/checks/deployment/test_answer_type.py", "tests/checks/test_registry.py", "tests/rubric"]
    environment = {**os.environ, "PYTHONPATH": f"{followed}{os.pathsep}{followed / 'tests'}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *wanted]
    ended = subprocess.run(command, cwd=followed, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-2000:]


def test_the_mutant_is_in_form_and_fits_the_oracle(followed: Path, tmp_path: Path) -> None:
    folder = followed / FLAGSHIP / "mutants" / "answer-as-text"
    expect = tomllib.loads((folder / "expect.toml").read_text("utf-8"))
    assert set(expect) == {"title", "area", "stages", "flips"} and expect["flips"] == ["answer_type"]
    planted = tmp_path / "planted"
    shutil.copytree(ROOT / FLAGSHIP / "submissions" / "oracle", planted, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    subprocess.run(["git", "apply", str(folder / "change.patch")], cwd=planted, env=environment, check=True, timeout=30)
    before, after = ((place / "fraud" / "app.py").read_text("utf-8") for place in (ROOT / FLAGSHIP / "submissions" / "oracle", planted))
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert len(changed) == 1 and 'content_type="text/plain"' in changed[0]


def test_the_promise_is_in_form_and_its_words_go_where_the_guide_says() -> None:
    line = blocks()[f"{FLAGSHIP}/promises.toml"]
    promise = Promise.model_validate(tomllib.loads(f"promises = [{line}]")["promises"][0])
    assert "answer_type" in promise.checks and promise.quote.startswith("Answers keep the contract")
    assert "Answers keep the contract" in (ROOT / FLAGSHIP / "brief.md").read_text("utf-8")


def test_the_guide_is_short() -> None:
    assert len(GUIDE.splitlines()) <= 140
