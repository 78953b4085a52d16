"""Pipelines that run a small part of the tests, and those that leave some out with a reason, through scan and check."""

from __future__ import annotations

import pytest

from checks.scanned import levels, put


def cases(count: int, name: str = "it") -> str:
    return "".join(f"def test_{name}_{n}():\n    assert run({n})\n" for n in range(count))


SUITE = {
    "svc/__main__.py": "from fastapi import FastAPI\napp = FastAPI()\n@app.post('/predict')\ndef predict(x): return x\n",
    "Dockerfile": 'FROM python:3.11-slim\nCOPY svc svc\nCMD ["python", "-m", "svc"]\n',
    "tests/test_schema.py": cases(2, "schema"),
    "tests/test_service.py": cases(9, "service"),
    "tests/test_model.py": cases(5, "model"),
    "tests/helpers.py": cases(30, "none"),
}
GITHUB = ".github/workflows/ci.yml"


def ci(*lines: str, folder: str = "", **files: str) -> dict[str, str]:
    steps = "".join(f"      - run: {line}\n{folder}" for line in (*lines, "docker build -t svc ."))
    return SUITE | {GITHUB: f"on: [push]\njobs:\n  all:\n    steps:\n{steps}"} | files


def inside(line: str) -> dict[str, str]:
    """The project lies in a folder of its own."""
    moved = {f"api/{path}": text for path, text in SUITE.items()}
    return moved | {GITHUB: f"on: push\njobs:\n  a:\n    steps:\n      - {line}\n      - run: docker build api\n"}


PLANTED = {
    "one file": ci("python -m pytest -q tests/test_schema.py"),
    "one file behind options": ci("pytest -x --cov=svc --cov-report term -n 2 -p no:cacheprovider tests/test_schema.py -q"),
    "one test": ci("python3 -m pytest tests/test_service.py::test_service_1"),
    "two steps": ci("pytest tests/test_schema.py", "pytest tests/test_model.py"),
    "a pattern of the shell": ci("pytest tests/test_s*a.py"),
    "by an expression": ci("pytest -k schema"),
    "without most": ci("pytest --ignore=tests/test_service.py --ignore tests/test_model.py"),
    "without most by a pattern": ci("pytest tests --ignore-glob='tests/test_[ms]o*.py' --ignore-glob=tests/test_se*"),
    "a target": ci("make test", Makefile="PYTHON ?= python\ntest:\n\t$(PYTHON) -m pytest -q tests/test_schema.py\n"),
    "a script": ci("./scripts/ci.sh", **{"scripts/ci.sh": "set -eu\npip install pytest\npytest tests/test_schema.py\n"}),
    "a runner before it": ci("uv run pytest tests/test_schema.py"),
    "with coverage": ci("coverage run -m pytest tests/test_schema.py && coverage report"),
    "unittest, a module": ci("python -m unittest tests.test_schema"),
    "unittest, a pattern": ci("python -m unittest discover -s tests -p 'test_sch*.py'"),
    "configured": ci("pytest", **{"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests/test_schema.py"]\n'}),
    "configured by an option": ci("pytest", **{"pytest.ini": "[pytest]\naddopts = -q -k schema\n"}),
    "configured for setuptools": ci("pytest -q", **{"setup.cfg": "[tool:pytest]\ntestpaths =\n    tests/test_schema.py\n"}),
    "in its folder": inside("{run: pytest tests/test_schema.py, working-directory: api}"),
    "gitlab": SUITE | {".gitlab-ci.yml": "t:\n  script: [pip install pytest, pytest tests/test_schema.py]\ni:\n  script: docker build .\n"},
    "circle": SUITE | {".circleci/config.yml": "jobs:\n  t: {steps: [{run: {command: pytest tests/test_schema.py}}, {run: docker build .}]}\n"},
    "the whole, forgiven": ci("pytest tests/test_schema.py", "pytest || true"),
}


@pytest.mark.parametrize("style", PLANTED)
def test_a_small_part_of_the_tests_is_few(tmp_path, style):
    assert levels(put(tmp_path, PLANTED[style]), "ci_pipeline") == {"ci_pipeline": "few"}


LARGE = {f"tests/{kind}/test_{kind}.py": cases(30, kind) for kind in ("integration", "e2e", "component")}
SOUND = {
    "all": ci("pytest"),
    "all, by their folder": ci("python -m pytest -q tests/"),
    "the larger part": ci("pytest tests/test_service.py"),
    "one file first, then all": ci("pytest tests/test_schema.py", "pytest -q"),
    "each file in a step": ci("pytest tests/test_schema.py", "pytest tests/test_service.py", "pytest tests/test_model.py"),
    "a folder of several": ci("pytest tests/unit", **LARGE, **{"tests/unit/test_u.py": cases(3)}),
    "files that need more": ci("pytest tests/test_service.py", **{"tests/test_integration.py": cases(30)}),
    "without the slow ones": ci("pytest --ignore=tests/test_load.py -k 'not slow'", **{"tests/test_load.py": cases(30)}),
    "a matrix": ci("pytest ${{ matrix.suite }}"),
    "a variable": ci("pytest $SUITE"),
    "in an image": ci("docker compose run api pytest tests/test_schema.py"),
    "with tox": ci("tox", "pytest tests/test_schema.py"),
    "with a workflow of others": ci("pytest tests/test_schema.py") | {
        ".github/workflows/more.yml": "on: push\njobs: {a: {uses: org/ci/.github/workflows/python.yml@v1}}\n"},
    "with a script of one's own": ci("pytest tests/test_schema.py", "python scripts/run_tests.py"),
    "with hooks": ci("pytest tests/test_schema.py", **{".pre-commit-config.yaml": "repos: [{repo: local, hooks: [{id: t, entry: pytest}]}]\n"}),
    "in a stage of the image": ci("pytest tests/test_schema.py", Dockerfile="FROM python:3.11-slim\nRUN python -m pytest\nCMD python -m svc\n"),
    "a value that names a folder": ci("pytest --cov tests --maxfail 1"),
    "an option that is not known": ci("pytest --suite tests/test_schema.py"),
    "chosen by a conftest": ci("pytest tests/test_schema.py", **{"tests/conftest.py": "def pytest_collection_modifyitems(items): ...\n"}),
    "all, by unittest": ci("python -m unittest discover -s tests"),
    "configured whole": ci("pytest", **{"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\naddopts = ["-q"]\n'}),
    "in its folder": inside("{run: pytest, working-directory: api}"),
    "elsewhere": inside("run: cd api && pytest tests/test_schema.py"),
    "three small ones": ci("pytest tests/test_a.py", **{"tests/test_a.py": cases(2)} | dict.fromkeys(SUITE.keys() & {"tests/test_service.py"}, "")
                           | {"tests/test_model.py": "", "tests/helpers.py": ""}),
}  # fmt: skip


@pytest.mark.parametrize("style", SOUND)
def test_who_runs_most_of_them_or_cannot_be_read_is_not_blamed(tmp_path, style):
    assert levels(put(tmp_path, SOUND[style]), "ci_pipeline") == {"ci_pipeline": "complete"}


def test_few_tests_without_an_image_are_few(tmp_path):
    files = SUITE | {GITHUB: "on: push\njobs: {t: {steps: [{run: pytest tests/test_schema.py}]}}\n"}
    assert levels(put(tmp_path, files), "ci_pipeline") == {"ci_pipeline": "few"}
