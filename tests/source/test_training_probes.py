"""What trains, what starts it, in which environment, and what checks its data, in repositories of several shapes."""

from __future__ import annotations

import pytest

from harness.source.probes import scan
from source.test_pipeline_probes import SERVICE, TRAIN

LAYERED = {
    "train.py": "from lib.flow import Flow\ndef main():\n    Flow().run()\nif __name__ == '__main__':\n    main()\n",
    "lib/flow.py": "from lib.trainer import Trainer\nclass Flow:\n    def run(self):\n        Trainer().start()\n",
    "lib/trainer.py": "import joblib\nclass Trainer:\n    def start(self):\n        joblib.dump(Model(random_state=1).fit([]), 'm')\n",
    "Makefile": "train:\n\tpython train.py\n",
}
"""The entry itself fits nothing."""
JOB = {path: text for path, text in LAYERED.items() if path not in ("train.py", "Makefile")} | {
    "jobs/build.py": LAYERED["train.py"],
    "k8s/job.yaml": "kind: Job\nspec: {template: {spec: {containers: [{command: [python, /app/build.py]}]}}}\n",
}
"""Nothing is named for training, and the command stands in a manifest, with the image's paths."""
AIRFLOW = {path: text for path, text in LAYERED.items() if path != "Makefile"} | {
    "dags/nightly.py": "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\nwith DAG('nightly'):\n"
    "    a = BashOperator(task_id='data', bash_command='python fetch.py')\n"
    "    b = BashOperator(task_id='model', bash_command=f'export X={1} && python -m train')\n",
}
PREFECT = {path: text for path, text in LAYERED.items() if path != "Makefile"} | {
    "flows/nightly.py": "from prefect import flow, task\nfrom train import main\n@task\ndef fetch(): ...\n@task\ndef fit():\n    main()\n"
    "@flow\ndef nightly():\n    fetch()\n    fit()\n",
}


@pytest.mark.parametrize(
    ("files", "entry", "started_in"),
    [(LAYERED, "train.py", "Makefile"), (JOB, "jobs/build.py", "k8s/job.yaml"), (AIRFLOW, "train.py", "dags/nightly.py"),
     (PREFECT, "train.py", "flows/nightly.py"),
     (LAYERED | {"Makefile": "", "package.json": '{"scripts": {"train": "python train.py"}}'}, "train.py", "package.json"),
     (LAYERED | {"Makefile": "", "pyproject.toml": '[tool.poe.tasks]\nfit = {cmd = "python train.py"}\n'}, "train.py", "pyproject.toml")],
    ids=["layers", "a job", "airflow", "prefect", "npm", "poe"],
)  # fmt: skip
def test_the_training_and_what_starts_it_are_found(files: dict[str, str], entry: str, started_in: str, make_tree) -> None:
    found = scan(make_tree(files)).probes
    assert entry in [place.file for place in found["training_script"].places]
    assert {place.file for place in found["training_command"].places} == {started_in}, found["training_command"].detail


def test_a_service_that_can_refit_its_model_is_no_training_script(make_tree) -> None:
    files = {path: text for path, text in LAYERED.items() if path.startswith("lib/")} | {
        "app.py": "import uvicorn\nfrom fastapi import FastAPI\nfrom lib.flow import Flow\n# /predict\n"
        "if __name__ == '__main__':\n    uvicorn.run(app)\n"
    }
    assert not scan(make_tree(files)).probes["training_script"].found


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"dvc.yaml": "stages:\n  fit:\n    cmd: python ${train.script}\n", "params.yaml": "train: {script: train.py}\n"}, True),
        ({"dvc.yaml": "vars:\n- name: train\nstages:\n  fit:\n    cmd: python ./${name}.py --rate 3\n"}, True),
        ({"dvc.yaml": "vars: [conf/a.yaml:steps]\nstages:\n  fit:\n    cmd: python ${steps[1]}\n", "conf/a.yaml": "steps: [a.py, train.py]\n"}, True),
        ({"dvc.yaml": "stages:\n  fit:\n    cmd: python ${nobody.told}\n", "params.yaml": "train: {script: train.py}\n"}, False),
        ({"ci.yaml": "stages:\n  fit:\n    cmd: python ${script}\n", "params.yaml": "script: train.py\n"}, False),
        ({"tox.ini": "[testenv:fit]\ncommands =\n    python fetch.py\n    - python train.py\n"}, True),
        ({"tox.ini": "[testenv]\ndescription = python train.py\ncommands = pytest\n"}, False),
        ({"tox.ini": "[[testenv\ncommands = python train.py\n"}, False),
    ],
)
def test_templates_of_dvc_and_environments_of_tox_start_what_they_name(files: dict[str, str], found: bool, make_tree) -> None:
    assert scan(make_tree(LAYERED | {"Makefile": ""} | files)).probes["training_command"].found == found


def test_a_script_that_lies_elsewhere_is_not_started(make_tree) -> None:
    assert not scan(make_tree(LAYERED | {"Makefile": "train:\n\tpython jobs/train.py\n"})).probes["training_command"].found


def test_functions_of_an_entry_that_starts_nothing_are_called_from_elsewhere(make_tree) -> None:
    checks = "def validate_table(rows):\n    if not rows:\n        raise ValueError(rows)\n"
    entry = "import joblib\nfrom lib.table import validate_table\ndef fit(rows):\n    validate_table(rows)\n    joblib.dump(Model().fit(rows), 'm')\n"
    files = {"lib/training.py": entry, "lib/table.py": checks, "pyproject.toml": '[project.scripts]\nfit = "lib.training:fit"\n'}
    found = scan(make_tree(files)).probes
    assert found["data_validation"].found and found["training_command"].found


def test_a_folder_of_features_prepares_them(make_tree) -> None:
    files = {
        "Dockerfile": 'FROM a:1\nCMD ["uvicorn", "api.main:app"]\n', "features/__init__.py": "",
        "api/main.py": "from fastapi import FastAPI\nfrom features.flow import build\napp = FastAPI()\n@app.post('/predict')\n"
        "def p(x): return build(x)\n",
        "features/flow.py": "from features.speed import speed\ndef build(x):\n    return {'speed': speed(x)}\n",
        "features/speed.py": "def speed(x):\n    return x\n",
        "train.py": "import joblib\nfrom features.flow import build\nif __name__ == '__main__':\n    joblib.dump(Model().fit([build(1)]), 'm')\n",
    }  # fmt: skip
    assert scan(make_tree(files)).probes["shared_preprocessing"].found


def test_a_step_may_prepare_the_table_that_the_training_reads(make_tree) -> None:
    files = {
        "Dockerfile": 'FROM a:1\nCMD ["uvicorn", "api:app"]\n', "dvc.yaml": "stages: {a: {cmd: python prepare.py}, b: {cmd: python train.py}}\n",
        "api.py": "from fastapi import FastAPI\nfrom lib.features import build\napp = FastAPI()\n@app.post('/predict')\ndef p(x): return build(x)\n",
        "lib/features.py": "def build(x):\n    return x * 2\n",
        "prepare.py": "import pandas as pd\nfrom lib.features import build\nbuild(pd.read_csv('a')).to_parquet('b')\n",
        "train.py": "import joblib\nif __name__ == '__main__':\n    joblib.dump(Model().fit(read('b')), 'm')\n",
    }  # fmt: skip
    assert scan(make_tree(files)).probes["shared_preprocessing"].found
    apart = files | {"prepare.py": files["prepare.py"].replace("build(pd.read_csv('a'))", "pd.read_csv('a')")}
    assert not scan(make_tree(apart)).probes["shared_preprocessing"].found


# ---- what is no check of the data

UNCHECKED = LAYERED | {"Makefile": "train:\n\tpython train.py\nafter:\n\tpython after.py\nserve:\n\tuvicorn app:app\n"}


@pytest.mark.parametrize(
    "files",
    [
        {"after.py": "def check_drift(x):\n    if x > 1:\n        raise SystemExit(1)\nif __name__ == '__main__':\n    check_drift(2)\n"},
        {"app.py": "from fastapi import FastAPI\nfrom pydantic import BaseModel\nclass X(BaseModel): ...\napp = FastAPI()\n"},
        {"lib/config.py": "from pydantic import Field\nX = Field()\n", "train.py": "from lib.config import X\nprint(X)\n" + LAYERED["train.py"]},
        {"after.py": "from api.schema import X\nprint(X())\n", "api/schema.py": "from pydantic import BaseModel\nclass X(BaseModel): ...\n",
         "api/main.py": "from fastapi import FastAPI\nfrom api.schema import X\n# /predict\n"},
    ],
    ids=["drift", "requests", "settings", "requests behind a step"],
)  # fmt: skip
def test_checks_of_other_things_are_no_checks_of_the_data(files: dict[str, str], make_tree) -> None:
    probe = scan(make_tree(UNCHECKED | files)).probes["data_validation"]
    assert probe.subject and not probe.found, probe.places


# ---- a check that the training gets by without

CHECK = "def validate_table(rows):\n    if not rows:\n        raise ValueError(rows)\nif __name__ == '__main__':\n    validate_table([])\n"
APART = "validate:\n\tpython check.py\ntrain:\n\tpython train.py\n"


@pytest.mark.parametrize(
    ("found", "files"),
    [
        (False, {"Makefile": APART}),
        (False, {"Makefile": APART + "all: train\nlint: validate\n"}),
        (False, {"Makefile": APART, "README.md": "Run `make validate` when in doubt.\nRun `make train`.\n"}),
        (True, {"Makefile": APART + "all: validate train\n"}),
        (True, {"Makefile": APART.replace("train:", "train: validate")}),
        (True, {"Makefile": APART + "all:\n\t$(MAKE) validate\n\t$(MAKE) train\n"}),
        (True, {"Makefile": APART.replace("train:", "train: $(CHECKED)")}),
        (True, {"Makefile": "data/.ok: data.csv\n\tpython check.py\nm.pkl: data/.ok\n\tpython train.py\n"}),
        (True, {"Makefile": APART, "README.md": "    make validate train\n"}),
        (True, {"Makefile": APART, "run.sh": "make validate\nmake train\n"}),
        (True, {"Makefile": APART, ".github/workflows/train.yml": "jobs: {a: {steps: [{run: make validate}, {run: make train}]}}\n"}),
        (True, {"Makefile": APART, "dvc.yaml": "stages: {a: {cmd: python check.py}, b: {cmd: python train.py}}\n"}),
        (True, {"Makefile": "validate:\n\tpython check.py\n", "run.sh": "python train.py\n"}),
        (True, {"Makefile": APART, "package.json": '{"scripts": {"all": "make validate && make train"}}'}),
    ],
)
def test_a_check_stands_on_the_way_to_the_training(found: bool, files: dict[str, str], make_tree) -> None:
    told = {path: text for path, text in LAYERED.items() if path != "Makefile"} | {"check.py": CHECK}
    assert scan(make_tree(told | files)).probes["data_validation"].found == found


# ---- the environment that trains


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"requirements-train.txt": "numpy\nscikit-learn==1.5\n"}, False),
        ({"requirements-train.txt": "numpy==2.1\n"}, True),
        ({"requirements-train.txt": "numpy\n", "requirements-train.lock": "numpy==2.1\n"}, True),
        ({"requirements/train.txt": "numpy>=2\n"}, False),
        ({"training/requirements.txt": "numpy>=2\n"}, False),
        ({"jobs/requirements.txt": "numpy>=2\n", "jobs/train.py": TRAIN}, False),
        ({"jobs/requirements.test.txt": "numpy>=2\n", "jobs/train.py": TRAIN}, None),
        ({"svc/requirements.txt": "numpy>=2\n", "svc/train.py": TRAIN}, None),
        ({"build/model/requirements.txt": "numpy>=2\n"}, None),
        ({"environment.yml": "dependencies: [python=3.11, numpy=1.26.4, jupyter, ipykernel, pre-commit]\n"}, True),
        ({"environment.yml": "dependencies: [python=3.11, numpy, {pip: [pyyaml]}]\n"}, False),
        ({"environment.yml": "dependencies: [python=3.11, numpy=1.26.4, conda-forge::scipy==1.14.0, {pip: [pyyaml==6.0]}]\n"}, True),
        ({"environment.yml": "dependencies: [numpy]\n", "conda-lock.yml": "package: []\n"}, True),
        ({"pyproject.toml": '[project]\nname = "x"\n[project.optional-dependencies]\ntrain = ["numpy>=2"]\n'}, False),
        ({"pyproject.toml": '[project]\nname = "x"\n[project.optional-dependencies]\ntrain = ["numpy>=2"]\n', "uv.lock": "version = 1\n"}, True),
        ({"pyproject.toml": '[dependency-groups]\ntraining = ["numpy==2.1"]\n'}, True),
        ({"pyproject.toml": '[tool.poetry.group.train.dependencies]\nnumpy = "^2.1"\n'}, False),
        ({"pyproject.toml": '[tool.poetry.group.train.dependencies]\nnumpy = "2.1.0"\nx = {version = "1.2", extras = ["a"]}\n'}, True),
        ({"pyproject.toml": '[tool.poetry.group.train.dependencies]\nnumpy = "^2.1"\n', "poetry.lock": "[[package]]\n"}, True),
        ({"pyproject.toml": '[project.optional-dependencies]\ndev = ["pytest"]\ntests = ["x"]\n'}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_what_training_alone_needs_is_pinned_too(files: dict[str, str], found: bool | None, make_tree) -> None:
    probe = scan(make_tree(SERVICE | files)).probes["training_dependencies_pinned"]
    assert (probe.found if probe.subject else None) is found, probe.detail


# ---- submission.toml


@pytest.mark.parametrize("command", ["python jobs.py", "make model", "python -m jobs --fast"])
def test_the_training_is_what_the_candidate_says_starts_it(command: str, make_tree) -> None:
    library = TRAIN.replace("if __name__ == '__main__':\n    main()\n", "")
    files = {path: text for path, text in SERVICE.items() if path not in ("train.py", "Makefile")}
    files |= {"lib/build.py": library, "jobs.py": "from lib import build\nbuild.main()\n", "Makefile": "model:\n\tpython jobs.py\n"}
    found = scan(make_tree(files | {"submission.toml": f'train_command = "{command}"\n'})).probes
    probes = ("training_script", "training_command", "data_validation", "shared_preprocessing", "seeds_fixed")
    assert {id: found[id].detail for id in probes if not found[id].found} == {}
    assert [place.file for place in found["training_script"].places] == ["jobs.py"]


def test_a_command_that_trains_nothing_is_not_believed(make_tree) -> None:
    files = SERVICE | {"hello.py": "print('trained')\n", "submission.toml": 'train_command = "python hello.py"\n'}
    assert [place.file for place in scan(make_tree(files)).probes["training_script"].places] == ["train.py"]


@pytest.mark.parametrize(
    "makefile",
    [
        "data:  ## fetch\n\tpython fetch.py\ntrain: data   ## raw data to artifact\n\tpython train.py\n",
        "model.bin: data.csv | build\n\tpython train.py\ndata.csv:\n\tpython fetch.py\n",
        "$(MODEL): $(DATA)\n\tpython train.py\n$(DATA):\n\tpython fetch.py\n",
    ],
    ids=["comments", "order only", "variables"],
)
def test_rules_are_read_as_people_write_them(makefile: str, make_tree) -> None:
    assert scan(make_tree(LAYERED | {"Makefile": makefile, "fetch.py": "get()\n"})).probes["pipeline_definition"].value == 2
