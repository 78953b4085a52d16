"""Probes of the pipeline and of compliance: each planted defect is seen, and three unlike sound repositories are not blamed for anything."""

from __future__ import annotations

import textwrap

import pytest

from harness.source.probes import scan

DOCKERFILE = 'FROM python:3.11-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCMD ["python", "-m", "svc"]\n'
SERVE = "from fastapi import FastAPI\nfrom svc.features import build\napp = FastAPI()\n@app.post('/predict')\ndef predict(x): return build(x)\n"
FEATURES = "import math\ndef build(x):\n    y = math.log(x['amount'])\n    return [y]\n"
TRAIN = textwrap.dedent("""\
    import joblib
    from svc.features import build
    from svc.table import problems, rows

    def main():
        data = rows()
        found = problems(data)
        if found:
            raise SystemExit(found)
        model = Model(random_state=7).fit([build(row) for row in data])
        joblib.dump(model, 'm')

    if __name__ == '__main__':
        main()
    """)
TABLE = textwrap.dedent("""\
    def rows():
        return []

    def problems(data):
        found = []
        for row in data:
            if row['amount'] < 0 or row['amount'] > 10:
                found.append('amount')
        return found

    def require(data):
        if not data:
            raise ValueError('no rows')
    """)
CI = "on: push\njobs:\n  t:\n    steps:\n      - run: pytest -q\n      - run: docker build .\n"
TESTS = "from svc.__main__ import predict\ndef test_a():\n    assert predict({}) == [1]\ndef test_b():\n    assert predict({}) != [2]\n"
SERVICE = {
    "Dockerfile": DOCKERFILE, "requirements.txt": "a==1\n", "svc/__main__.py": SERVE, "svc/features.py": FEATURES, "svc/table.py": TABLE,
    "train.py": TRAIN, "Makefile": "train:\n\tpython train.py\n", "tests/test_a.py": TESTS, ".github/workflows/ci.yml": CI,
}  # fmt: skip

NOTEBOOKS_BESIDE = {
    "README.md": "# Fraud\nRun `make train`; DB_PASSWORD comes from the vault, e.g. postgres://user:password@localhost/db.\n",
    "Makefile": "check:\n\tcd jobs && python check_data.py\ntrain: check\n\tcd jobs && python fit.py --seed 7\n",
    "jobs/check_data.py": "import pandera as pa\nschema = pa.DataFrameSchema({})\ndef main():\n    schema.validate(read())\n"
    "if __name__ == '__main__':\n    main()\n",
    "jobs/fit.py": "import joblib\nfrom sklearn.pipeline import make_pipeline\n"
    "def main():\n    model = make_pipeline(Scaler(), Model(random_state=7)).fit(read())\n    joblib.dump(model, 'm')\nmain()\n",
    "serve.py": "import flask\nimport joblib\n# /predict\n", "explore.ipynb": '{"cells": ["m.fit(x)", "password = getpass()"]}',
    "tests/test_fit.py": "import pytest\n@pytest.mark.skipif(not gpu(), reason='gpu')\ndef test_a():\n    assert fit() == fit()\n"
    "class TestB:\n    def test_b(self):\n        '''Doc.'''\n        check_same(1)\ndef check_same(x):\n    assert x == run()\n",
}  # fmt: skip
"""No Dockerfile and no CI; the check is a step of its own with a library; preprocessing inside of the saved pipeline."""

MONOREPO = {
    "services/scoring/Dockerfile": 'FROM python:3.11-slim\nRUN pip install -r requirements.txt\nCMD ["uvicorn", "scoring.app:create_app"]\n',
    "services/scoring/requirements.txt": "a==1\n", "services/scoring/scoring/__init__.py": "",
    "services/scoring/scoring/app.py": "from fastapi import FastAPI\nfrom shared.encoding import Encoder\n"
    "def create_app():\n    app = FastAPI()\n    app.post('/predict')(lambda x: Encoder().vector(x))\n    return app\n",
    "shared/encoding.py": "class Encoder:\n    def vector(self, x):\n        return [x['amount'] * 2]\n", "shared/__init__.py": "",
    "training/train.py": "import joblib\nfrom shared import encoding as enc\nfrom training.quality import validate_table as accept\n"
    "def run(data):\n    for step in (accept,):\n        step(data)\n"
    "    joblib.dump(Model(random_state=1).fit([enc.Encoder().vector(r) for r in data]), 'm')\n"
    "if __name__ == '__main__':\n    try:\n        run([])\n    except ValueError as error:\n        print(error)\n",
    "training/quality.py": "def validate_table(data):\n    if any(row['amount'] < 0 for row in data):\n        raise ValueError('amount')\n",
    "training/requirements.txt": "-r ../services/scoring/requirements.txt\nscikit-learn==1.5.2\n",
    "docker-compose.yml": "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: postgres\n"
    "  api:\n    environment:\n      - DB_URL=postgresql://postgres:postgres@db:5432/x\n      - API_TOKEN=${API_TOKEN}\n",
    ".gitlab-ci.yml": "test:\n  script:\n    - PYTHONPATH=. python -m training.train\n    - pytest || exit 1\nbuild:\n"
    "  script: [docker build services/scoring]\n",
    "tests/test_encoding.py": "from shared.encoding import Encoder\nimport unittest\nclass T(unittest.TestCase):\n"
    "    def test_a(self):\n        self.assertEqual(Encoder().vector({'amount': 1}), [2])\n",
}  # fmt: skip
"""Two projects and what they share; a check that is handed over under another name; the whole run in one try; GitLab."""

IN_NODE = {
    "Dockerfile": 'FROM node:22\nCOPY src src\nCMD ["node", "src/main.js"]\n',
    "src/main.js": "// POST /predict\nconst step = ({ mean, scale, levels, fill }) => (v) => ((v ?? fill) - mean) / scale;\n"
    "model.weights.reduce((a, w) => a + w)\n",
    "train.py": "import json\nfrom pathlib import Path\ndef check_rows(rows):\n    assert len(rows) > 10\ndef main():\n    rows = read()\n"
    "    check_rows(rows)\n"
    "    fit_model(rows, seed=3)\n"
    "    Path('model.json').write_text(json.dumps({'weights': [], 'mean': 0, 'scale': 1, 'levels': [], 'fill': 0}))\nmain()\n",
    "model.json": '{"weights": [0.1], "terms": [{"mean": 1.0, "scale": 2.0, "fill": 0, "levels": ["a"]}]}',
    "package.json": '{"scripts": {"test": "node --test"}}', "submission.toml": 'train_command = "python train.py"\n',
    "tests/a.test.js": "test('a', () => { assert.equal(score({}), 1) })\ntest.skip('b', () => { assert.equal(1, x) })\n",
}  # fmt: skip
"""Another language serves: what is shared is the recipe inside of the artifact. The training is started as submission.toml says."""

FOLDED = SERVICE | {
    "train.py": TRAIN.replace("    found = problems(data)\n    if found:\n        raise SystemExit(found)\n", "    assert not problems(data)\n"),
    "tests/test_a.py": "def test_a(mocker):\n    client = mocker.Mock()\n    notify(client)\n    client.post.assert_called_once_with('/x')\n",
}
KEPT = SERVICE | {
    "train.py": TRAIN.replace("    if found:\n        raise SystemExit(found)\n", "    data = [row for row in data if row not in found]\n")
}
"""Rows that do not pass are left out."""

SOUND: list[tuple[str, dict[str, str], list[str]]] = [
    ("service", SERVICE, ["training_command", "shared_preprocessing", "data_validation", "tests_present", "ci_runs_tests", "ci_builds_image",
                          "secrets_absent"]),
    ("asked in the condition", FOLDED, ["data_validation", "tests_present"]),
    ("rows left out", KEPT, ["data_validation"]),
    ("notebooks beside", NOTEBOOKS_BESIDE, ["training_command", "shared_preprocessing", "data_validation", "tests_present", "secrets_absent"]),
    ("monorepo", MONOREPO, ["training_command", "shared_preprocessing", "data_validation", "tests_present", "ci_runs_tests", "ci_builds_image",
                            "secrets_absent", "training_dependencies_pinned"]),
    ("in node", IN_NODE, ["training_command", "shared_preprocessing", "data_validation", "tests_present", "seeds_fixed", "secrets_absent"]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "probes"), [pytest.param(files, probes, id=name) for name, files, probes in SOUND])
def test_sound_repositories_of_other_shapes_are_not_blamed(files: dict[str, str], probes: list[str], make_tree) -> None:
    found = scan(make_tree(files)).probes
    assert {id: found[id].detail for id in probes if not found[id].found} == {}


def changed(path: str, old: str, new: str) -> dict[str, str]:
    assert old in SERVICE[path]
    return SERVICE | {path: SERVICE[path].replace(old, new)}


DEFECTS: list[tuple[str, str, dict[str, str]]] = [
    ("a check that nothing calls", "data_validation", changed("train.py", "found = problems(data)", "found = []")),
    ("an import is no call", "data_validation", SERVICE | {"train.py": TRAIN.replace("found = problems(data)", "found = []"), "svc/table.py": TABLE}),
    ("a check in its own main, which nothing runs", "data_validation", SERVICE | {
        "train.py": TRAIN.replace("found = problems(data)", "found = []"),
        "svc/table.py": TABLE + "def main():\n    if problems(rows()):\n        raise SystemExit(1)\nif __name__ == '__main__':\n    main()\n"}),
    ("an answer that is dropped", "data_validation", changed("train.py", "found = problems(data)", "problems(data)\n    found = []")),
    ("an answer that is only printed", "data_validation", changed("train.py", "raise SystemExit(found)", "print(found)")),
    ("an answer in a name that nobody reads", "data_validation", changed("train.py", "    if found:\n        raise SystemExit(found)\n", "")),
    ("an error that is swallowed", "data_validation", SERVICE | {"train.py": TRAIN.replace("problems, rows", "require, rows").replace(
        "    found = problems(data)\n    if found:\n        raise SystemExit(found)\n",
        "    try:\n        require(data)\n    except ValueError as error:\n        print(error)\n")}),
    ("a library that is imported only", "data_validation", SERVICE | {"train.py": "import pandera\n" + TRAIN.replace("problems(data)", "[]")}),
    ("a shared helper that encodes JSON", "shared_preprocessing", SERVICE | {
        "svc/features.py": "", "svc/wire.py": "import json\ndef encode(value):\n    return json.dumps(value)\n",
        "svc/__main__.py": SERVE.replace("svc.features import build", "svc.wire import encode as build"),
        "train.py": TRAIN.replace("svc.features import build", "svc.wire import encode as build")}),
    ("a shared module that training imports and does not use", "shared_preprocessing", changed("train.py", "[build(row) for row in data]", "data")),
    ("another language without a recipe", "shared_preprocessing", IN_NODE | {"model.json": '{"weights": [0.1]}'}),
    ("a command that names a script that is gone", "training_command", changed("Makefile", "python train.py", "python jobs/train.py")),
    ("a seed that is the clock", "seeds_fixed", changed("train.py", "random_state=7", "random_state=int(time.time())")),
    ("steps that only talk", "pipeline_definition", SERVICE | {
        "dvc.yaml": "stages:\n  a: {cmd: echo prepare}\n  b: {cmd: python train.py}\n", "Makefile": "prepare:\n\t@echo prepare\n"
        "train: prepare\n\tpython train.py\n"}),
    ("tests that are all marked", "tests_present", changed("tests/test_a.py", "def test_a", "import pytest\npytestmark = pytest.mark.skip\n"
     "def test_a")),
    ("tests that skip themselves", "tests_present", SERVICE | {
        "tests/test_a.py": "import pytest\n@pytest.mark.skip(reason='x')\ndef test_a():\n    assert f()\ndef test_b():\n    '''Doc.'''\n"
        "    pytest.skip('later')\n"
        "    assert f()\n@pytest.mark.skipif(True, reason='x')\ndef test_c():\n    assert f()\n"}),
    ("tests in a class that is skipped", "tests_present", SERVICE | {
        "tests/test_a.py": "import unittest\n@unittest.skip('x')\nclass T(unittest.TestCase):\n    def test_a(self):\n"
        "        self.assertEqual(f(), 1)\n"}),
    ("assertions that cannot fail", "tests_present", SERVICE | {
        "tests/test_a.py": "def test_a(x):\n    assert x == x\ndef test_b(x):\n    assert (x == 2, 'message')\ndef test_c(x):\n    assert x or True\n"
        "def test_d(x):\n    assert 'ok'\n"}),
    ("a suite in JavaScript that is skipped", "tests_present", {"tests/a.test.js": "describe.skip('s', () => {\n"
     "test('a', () => { expect(f()) })\n})\n"}),
    ("metrics that are only bars", "artifact_metadata", SERVICE | {
        "model/metadata.json": '{"model_version": "1", "data_sha256": "ab12", "params": {"gates": {"min_auc": 0.7}, "brier": 0.9}, "min_auc": 0.7}'}),
    ("names of metrics without a number", "artifact_metadata", SERVICE | {
        "model/metadata.json": '{"model_version": "1", "data_sha256": "ab12", "metrics": ["auc", "brier"]}'}),
    ("a record of bars", "experiment_tracking", SERVICE | {"thresholds.json": '{"auc": 0.75, "params": {"C": 1}}'}),
    ("lineage with gaps", "lineage_metadata", SERVICE | {
        "model/metadata.json": '{"data_sha256": "TODO", "code_commit": "unknown", "params": {"C": 1}}'}),
    ("a commit of zeros", "lineage_metadata", SERVICE | {
        "model/metadata.json": '{"data_sha256": "ab12", "code_commit": "' + "0" * 40 + '", "params": {"C": 1}}'}),
]  # fmt: skip


@pytest.mark.parametrize(("id", "files"), [pytest.param(id, files, id=name) for name, id, files in DEFECTS])
def test_a_planted_defect_is_seen(id: str, files: dict[str, str], make_tree) -> None:
    probe = scan(make_tree(files)).probes[id]
    assert not probe.found, probe.detail
