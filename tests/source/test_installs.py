"""What an image installs, and whether its versions are fixed: by lock files of several tools, in every spelling of an install."""

from __future__ import annotations

import pytest

from harness.source.probes import scan

POETRY = '[[package]]\nname = "numpy"\nversion = "1.26.4"\ndescription = ""\noptional = false\nfiles = []\n'
OF_POETRY = {"poetry.lock": POETRY, "pyproject.toml": '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.11"\nnumpy = "^1.26"\n'}
OF_UV = {"uv.lock": POETRY, "pyproject.toml": '[project]\nname = "x"\ndependencies = ["numpy>=1.26", "aiohttp"]\n'}
OF_PIPENV = {"Pipfile.lock": '{\n"default": {\n"numpy": {"version": "==1.26.4"}\n}\n}\n'}
TWO = {"requirements.txt": "numpy==1.26.4\n", "other/requirements.txt": "aiohttp\n"}


@pytest.mark.parametrize(
    ("runs", "files", "share"),
    [
        (["pip install poetry==1.8.3", "poetry install --only main"], OF_POETRY, 1.0),
        (["pip install --no-cache-dir poetry && poetry install --only main --no-root"], OF_POETRY, 1.0),
        (["poetry export -f requirements.txt --output requirements.txt", "pip install -r requirements.txt"], OF_POETRY, 1.0),
        (["poetry export | pip install -r /dev/stdin"], OF_POETRY, 1.0),
        (["poetry export -o requirements.txt && pip install -r requirements.txt"], OF_POETRY | {"old/requirements.txt": "numpy\n"}, 1.0),
        (["uv sync --frozen --no-install-project"], OF_UV, 1.0),
        (["uv sync --no-dev"], OF_UV, 1.0),
        (["uv sync --upgrade"], OF_UV, 0.0),
        (["uv export --frozen -o /tmp/r.txt && uv pip install --system -r /tmp/r.txt"], OF_UV, 1.0),
        (["uv sync --frozen", "uv pip install --index-url https://example.org/whl torch"], OF_UV, 2 / 3),
        (["uv pip install --system -r pyproject.toml"], OF_UV, 0.0),
        (["pip install pipenv && pipenv install --system --deploy"], OF_PIPENV, 1.0),
        (["pipenv requirements > r.txt && pip install -r r.txt"], OF_PIPENV, 1.0),
        (["pip install -rrequirements.txt"], TWO, 1.0),
        (["pip install --requirement=requirements.txt"], TWO, 1.0),
        (["pip install -r requirements.txt -r other/requirements.txt"], TWO, 0.5),
    ],
)  # fmt: skip
def test_what_a_lock_holds_is_pinned_however_it_is_installed(runs: list[str], files: dict[str, str], share: float, make_tree) -> None:
    dockerfile = "FROM python:3.11-slim\nCOPY . .\n" + "".join(f"RUN {run}\n" for run in runs)
    found = scan(make_tree({**files, "Dockerfile": dockerfile})).probes["dependencies_pinned"]
    assert found.value == pytest.approx(share, abs=1e-3), found.detail
