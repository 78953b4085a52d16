"""Attacks 16 to 18 once more: what was let in is read for the report, and may be as large as the limit of repositories allows."""

from __future__ import annotations

from collections.abc import Callable
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
