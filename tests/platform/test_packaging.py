"""The lock says exactly what is installed and nothing about where; a wheel carries what is data; CI and people run the same command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.lstrip().startswith("#")]
    return dict(entry.split("==") for entry in entries)


def canonical(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~\[; ]", requirement)[0]).lower()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_exact_and_names_no_place(name: str) -> None:
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in pins(name).values())
    assert not re.search(r"://|--index|--extra|--find|--trusted|(^|\s)/", (ROOT / name).read_text(encoding="utf-8"))


def test_every_dependency_is_locked_and_both_locks_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime, development = pins(LOCKS[0]), pins(LOCKS[1])
    assert {canonical(r) for r in project["dependencies"]} <= runtime.keys()
    assert {canonical(r) for r in project["optional-dependencies"]["dev"]} <= development.keys()
    assert runtime.items() <= development.items()


def test_a_wheel_carries_rubric_templates_recipes_and_challenges(tmp_path: Path) -> None:
    source = tmp_path / "source"  # a build writes into its source folder
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "out", "tests", "*.egg-info", "__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in ("harness/image/recipes/standin.sh", "challenges/fraud-scoring/challenge.toml", "harness/sidecars/feature_store.py"):
        assert needed in names
    for folder, ending in (("grader/rubric/", ".toml"), ("reports/", ".html")):
        here = [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(f"*{ending}*") if path.is_file()]
        assert set(here) <= set(names)


def test_ci_runs_what_people_run_with_an_engine_required() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert commands[-2:] == ["export GRADER_REQUIRE_ENGINE=1", "exec make test"]


@pytest.mark.parametrize(("required", "outcome"), [("", "1 skipped"), ("0", "1 skipped"), ("1", "1 error")])
def test_without_an_engine_its_tests_are_skipped_by_name_or_fail_in_ci(required: str, outcome: str, tmp_path: Path) -> None:
    env = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock", "GRADER_REQUIRE_ENGINE": required}
    test = "tests/platform/test_engine_connection.py::test_the_engine_answers_and_a_missing_image_is_the_hosts_matter"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60).stdout
    assert outcome in said
    assert "none.sock (no such socket)" in said
