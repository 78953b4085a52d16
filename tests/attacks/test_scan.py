"""Attacks 16 to 18 once more: what was let in is read for the report, and may be as large as the limit of repositories allows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

import challenges.loader
from attacks.measured import LIMIT_MIB, measured
from harness.source import dockerfile, probes
from harness.source.probes import view
from harness.source.tree import SourceTree

FRAUD = challenges.loader.load("fraud-scoring")
CPU_S = 10.0

KINDS: dict[str, tuple[str, str, int]] = {
    "many Python files": ("d{n}/m.py", "def f(x):\n    return x + 1\n" * 700, 400),
    "dense Python": ("d{n}/m.py", "a;" * 9_000, 400),
    "dense formatted strings": ("d{n}/m.py", 'f"{a;a}"\n'.replace(";", "+") * 3_000, 400),
    "Python that does not tokenize": ("d{n}/m.py", "a;" * 9_000 + "(", 400),
    "one huge Python file": ("m.py", "a;" * 250_000, 1),
    "many JSON files": ("d{n}/x.json", "[" + "[]," * 5_000 + "[]]", 400),
    "huge JSON files": ("d{n}/x.json", "[" + "[]," * 170_000 + "[]]", 20),
    "many YAML files": ("d{n}/x.yaml", "a: [1, 2, {b: c}]\n" * 1_000, 200),
    "huge YAML files": ("d{n}/x.yaml", "a: [1, 2, {b: c}]\n" * 28_000, 20),
    "long documents": ("d{n}/README.md", "word [x](y) " * 10_000, 100),
    "text of four bytes per character": ("d{n}/x.txt", "\U0001f600 text\n" * 40_000, 60),
    "lines that look like secrets": ("d{n}/x.txt", "token = abcdefghij0123456789klmnop\n" * 5_000, 40),
    "names of Dockerfiles only": ("d{n}/Dockerfile", "RUN x\n" * 8_000, 400),
    "Dockerfiles": ("d{n}/Dockerfile", "FROM x\n" + "RUN x\n" * 1_900, 200),
}

TRAINS = """import joblib
from sklearn.linear_model import LogisticRegression


def main():
    joblib.dump(LogisticRegression().fit(x, y), "model.joblib")


if __name__ == "__main__":
    main()
"""
TANGLES: dict[str, dict[str, str]] = {
    "a training in every line of a Makefile": {"Makefile": "python train.py\n" * 30_000},
    "a stage for every training": {"dvc.yaml": "stages:\n" + "".join(f" s{n}: {{cmd: python train.py, outs: [m]}}\n" for n in range(4_000))},
    "scripts that start scripts": {"Makefile": "sh a.sh\n" * 4_000, "a.sh": "sh b.sh\n" * 4_000, "b.sh": "sh a.sh\n" * 60_000},
    "a script that starts a training in every line": {"Makefile": "sh a.sh\n" * 4_000, "a.sh": "python train.py\n" * 30_000},
    "heredocs that end after all lines": {"Dockerfile": "FROM x\n" + "".join(f"RUN <<E{n}\n" for n in range(1_900)) + "#\n" * 110_000},
    "empty lines above templates": {"deploy/x.yaml": "a:\n" + "\n" * 100_000 + "  {{ x }}\n" * 20_000},
    "a record that names itself a billion times": {
        "metadata.yaml": "a: &a [x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in pairwise("abcdefghij"))
    },
    "a record that holds itself": {"metadata.yaml": "data: &a [" + "*a, " * 190 + "*a]\n"},
}
"""Files that are short to read and long to follow. `train.py` stands beside them."""


def scan(root: Path, paths: list[str]) -> int:
    tree = SourceTree(root=root, kind="folder", commit=None, tree="0" * 64, files=len(paths), bytes=0, uncommitted=None, paths=sorted(paths))
    source, repository = dockerfile.examine(tree), probes.scan(tree, FRAUD)
    return len(source.model_dump_json()) + len(repository.model_dump_json())


@pytest.mark.parametrize("kind", KINDS)
def test_reading_a_repository_costs_bounded_memory(kind: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    pattern, text, count = KINDS[kind]
    paths = [pattern.format(n=n) for n in range(count)]
    for path in paths:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    outcome = measured(scan, tmp_path, paths)
    record_property("cost", str(outcome.cost))
    print(kind, outcome.cost)
    assert outcome.error is None
    assert outcome.value < 100_000
    assert outcome.cost.mib <= LIMIT_MIB and outcome.cost.cpu_s <= CPU_S, str(outcome.cost)


@pytest.mark.parametrize("kind", TANGLES)
def test_what_names_itself_again_and_again_is_followed_once(kind: str, tmp_path: Path) -> None:
    files = TANGLES[kind] | {"train.py": TRAINS}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    outcome = measured(scan, tmp_path, list(files))
    assert outcome.error is None
    assert outcome.cost.cpu_s <= CPU_S, str(outcome.cost)


def test_everything_at_once_costs_bounded_memory(tmp_path: Path) -> None:
    """The budgets add up."""
    paths = []
    for kind in ("dense Python", "many JSON files", "many YAML files", "text of four bytes per character"):
        pattern, text, count = KINDS[kind]
        for path in (f"{kind}/{pattern.format(n=n)}" for n in range(count)):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
            paths.append(path)
    outcome = measured(scan, tmp_path, paths)
    assert outcome.error is None and outcome.cost.mib <= LIMIT_MIB, str(outcome.cost)


def test_small_files_come_before_a_huge_one(tmp_path: Path) -> None:
    files = {"a_generated.py": "a;" * 100_000, "b.py": "x = 1\n", "c/d.py": "y = 2\n"}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    tree = SourceTree(root=tmp_path, kind="folder", commit=None, tree="0" * 64, files=3, bytes=0, uncommitted=None, paths=sorted(files))
    assert list(view.View(tree).python) == ["b.py", "c/d.py"]


def test_the_reference_submission_is_read_whole() -> None:
    """With room for three like it, at least."""
    root = FRAUD.folder / "submissions" / "oracle"
    weights = [view._weight("python", file.read_text()) for file in root.rglob("*.py")]
    assert max(weights) * 3 < view.MAX_MODULE and sum(weights) * 3 < view.MAX_PARSED["python"]
    assert sum(view._weight("json", file.read_text()) for file in root.rglob("*.json")) * 3 < view.MAX_PARSED["json"]
