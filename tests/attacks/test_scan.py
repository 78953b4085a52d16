"""Attacks 16 to 18 once more: what was let in is read for the report, and may be as large as the limit of repositories allows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import challenges.loader
from attacks.measured import LIMIT_MIB, measured
from harness.source import dockerfile, probes, view
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

K = 1 << 10
TRAIN = "import joblib\nif __name__ == '__main__':\n    joblib.dump(Model(random_state=7).fit([]), 'm')\n"
CHART = {"c/Chart.yaml": "a: 1\n", "c/values.yaml": "b: [" + "x, " * 7_000 + "]\n"}


def aliases(leaf: str, levels: int = 8) -> str:
    """Twenty aliases of what stands above, `levels` times: a text of a kilobyte for 20^8 nodes."""
    return f"a0: &a0 {leaf}\n" + "".join(f"a{n + 1}: &a{n + 1} {{{', '.join(f'k{m}: *a{n}' for m in range(20))}}}\n" for n in range(levels))


def steps(command: str) -> dict[str, str]:
    """A workflow that runs a long command in twenty-four steps."""
    return {".github/workflows/a.yml": "on: push\njobs: {a: {steps: [" + f"{{run: {command}}}, " * 24 + "]}}\n"}


MULTIPLYING: dict[str, dict[str, str]] = {
    "heredocs that never end": {"Dockerfile": "FROM a:1\n" + "".join(f"RUN <<E{n}\n" for n in range(1_900)) + "\n" * 230 * K},
    "flags": {"Dockerfile": "FROM a:1\nRUN " + "--a " * 65_000},
    "sources with wildcards": {"Dockerfile": "FROM a:1\nCOPY " + " ".join(f"a{n}*" for n in range(30_000)) + " /x\n"}
    | {f"a{n}/b{n}.txt": "" for n in range(1_000)},
    "patterns to ignore": {"Dockerfile": "FROM a:1\nCOPY a b\n", ".dockerignore": "".join(f"**/a{n}*b*c\n" for n in range(500))}
    | {f"d{n % 50}/a{n}{'b' * 20}": "" for n in range(1_000)},
    "folders of any depth to ignore": {"Dockerfile": "FROM a:1\nCOPY a b\n", ".dockerignore": ("**/a/" * 60 + "b\n") * 500}
    | {"/".join("a" * 60) + f"/b{n}": "" for n in range(200)},
    "aliases of nothing": {"model.yaml": aliases("{metrics: null}"), "train.py": TRAIN},
    "aliases of commands": {".travis.yml": aliases("{script: [a, b]}")},
    "aliases of a long text": {"dvc.yaml": "s: &s " + "python a.py ; " * 15_000 + f"\ncmds: [{'*s, ' * 190}]\n", "a.py": TRAIN},
    "jobs that extend each other": {".gitlab-ci.yml": f"j: {{extends: [{'j, ' * 10_000}j], script: [a]}}\n"},
    "jobs that extend all others": {".gitlab-ci.yml": "".join(f"j{n}: {{extends: [{', '.join(f'j{m}' for m in range(12))}]}}\n" for n in range(250))},
    "blanks behind a template's braces": {"c/templates/a.yaml": "{{ " + " " * 500 * K},
    "lines above a template's action": {"c/templates/a.yaml": "a:\n" + "\n" * 200 * K + "{{a}}\n" * 33 * K},
    "values in every line of a chart": CHART | {"c/templates/a.yaml": "x: 1\n" + "{{ toYaml .Values.b }}\n" * 4_500},
    "values in every file of a chart": CHART | {f"c/templates/a{n}.yaml": "x: {{ .Values.b }}\n" * 50 for n in range(300)},
    "functions in a template's action": CHART | {"c/templates/a.yaml": "x: {{ " + "toYaml  " * 50 + "x }}\n"},
    "braces that never close": CHART | {"c/templates/a.yaml": "x: {{ a" * 70 * K + "\n"},
    "empty lines of a template": {"a.yaml.j2": "\n" * 500 * K, "main.tf": "\n" * 500 * K, "a.dvc": "\n" * 500 * K},
    "commands by the names of our own notes": {
        "submission.toml": 'train_command = "left"\n', "Makefile": "left:\n\tpython train.py\n", "train.py": TRAIN,
        ".github/workflows/a.yml": "on: push\njobs: {a: {steps: [{run: pytest}, {run: left}, {run: make left}, {run: left}]}}\n",
    },
    "a dense Makefile": {"Makefile": "".join(f"t{n}: t{n + 1} t{n + 2}\n\tpython train.py\n" for n in range(1_400)), "train.py": TRAIN},
    "a training in every line of a Makefile": {"Makefile": "python train.py\n" * 30 * K, "train.py": TRAIN},
    "a stage for every training": {
        "dvc.yaml": "stages:\n" + "".join(f" s{n}: {{cmd: python train.py, outs: [m]}}\n" for n in range(4_000)), "train.py": TRAIN,
    },
    "a script that trains in every line": {"Makefile": "sh a.sh\n" * 4 * K, "a.sh": "python train.py\n" * 30 * K, "train.py": TRAIN},
    "a Makefile of many targets": {
        "Makefile": ("a b c d e f g h i j k l m n o p q r s t: " + "u " * 60 + "\n\t" + "python train.py " * 5 + "\n") * 1_400, "train.py": TRAIN,
    },
    "many dense Makefiles": dict.fromkeys((f"m{n}/Makefile" for n in range(30)), "".join(f"t{n}: t{n + 1}\n\tpython x.py\n" for n in range(1_400)))
    | {"x.py": TRAIN},
    "targets that make each other": {"Makefile": "".join(f"t{n}:\n\t$(MAKE) t{n + 1} t{n + 2}; ./a{n}.sh; python train.py\n" for n in range(1_000))}
    | {f"a{n}.sh": "make t1 t2 t3\n" * 100 for n in range(500)} | {"train.py": TRAIN},
    "scripts that call each other": {f"a{n}.sh": "".join(f"bash a{m}.sh\n" for m in range(400)) for n in range(400)} | {"train.py": TRAIN},
    "a command of one long path": {"Makefile": "a:\n\t" + "x/" * 250 * K + "a.py", "a.py": TRAIN, "Dockerfile": "FROM a:1\nCMD " + "a." * 120 * K},
    "programs in one command": {"Makefile": "a:\n\tpython train.py; " + "python " * 70 * K, "train.py": TRAIN},
    "options of pytest": steps("pytest " + "--ignore a " * 1_400)
    | {f"tests/test_a{n}.py": "".join(f"def test_{m}(): assert x()\n" for m in range(400)) for n in range(50)},
    "tools in one command": steps("docker compose run " * 1_000),
    "secrets in one command": steps("pytest A" + "TOKEN" * 3_800),
    "requirements that include each other": {f"requirements{n}.txt": "".join(f"-r requirements{m}.txt\n" for m in range(60)) for n in range(60)},
    "requirements in one command": {"Dockerfile": "FROM a:1\nRUN pip install " + "-r a.txt " * 28_000, "a.txt": "a==1\n" * 5_000},
    "keys of many parts": {"pyproject.toml": "a." * 250 * K + "a = 1\n"},
    "blanks in a sum of digests": {"sha256sums.txt": "a" * 64 + "  x" + " " * 500 * K + "y\n", "requirements.txt": "\n " * 250 * K},
    "blanks and marks in a heading": {"README.md": "# a" + " " * 60 * K + "# " * 30 * K + "x\n"},
    "sums that are none": {f"d{n}/README.md": "USD 1 per million\n" + (("2 + " * 60 + "( = USD 5 per million\n\n") * 500) for n in range(8)},
    "names of metrics in one key": {"m.json": '{"' + "auc_" * 100 * K + '-": 1, "' + "w_train" * 10 * K + '": 1}', "train.py": TRAIN},
    "calls of one method": {"train.py": TRAIN + "class A:\n" + " def f(self): x.f\n" * 2_200},
    "seeds of seeds": {"train.py": TRAIN + "a = b; b = c; c = d; d = e; e = time()\n" * 600 + "seed(a)\n" * 500},
    "dashes around a word": {f"a{n}.txt": ("token" + "-_." * 300 + "\n") * 500 for n in range(8)},
    "routes of nothing": {"k/a.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: a, image: a:1, "
                                      "livenessProbe: {httpGet: {path: /healthz, port: 1}}}]}}}\n", "a.py": "# healthz " + "get" * 170 * K},
    "an import of nothing": {"a.test.ts": "expect(a)\ntest('a'\nfrom '../" + "serve/" * 80 * K, "Jenkinsfile": "sh" + " " * 500 * K},
}  # fmt: skip
"""Small texts for much work: what would be walked, tried or read once for each of its parts."""


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


@pytest.mark.parametrize("kind", MULTIPLYING)
def test_what_multiplies_costs_bounded_time(kind: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Short to read and long to follow: each name leads to many others, or to itself."""
    for path, text in MULTIPLYING[kind].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    outcome = measured(scan, tmp_path, list(MULTIPLYING[kind]))
    record_property("cost", str(outcome.cost))
    print(kind, outcome.cost)
    assert outcome.error is None
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
