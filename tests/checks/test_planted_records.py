"""What is written down beside a model and is not so: stages that lack a dependency, parameters that nothing reads, a card of other data."""

from __future__ import annotations

import pytest

from checks.scanned import levels, put

TRAIN = """
import joblib
import pandas as pd
import yaml
from sklearn.ensemble import GradientBoostingClassifier
from lib.features import encode
params = yaml.safe_load(open("params.yaml"))
df = pd.read_csv("data/train.csv")
if __name__ == "__main__":
    model = GradientBoostingClassifier(random_state=params["seed"], **params["model"]).fit(encode(df), df["label"])
    joblib.dump(model, "model.pkl")
"""
DVC = """
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py, data/raw.csv, lib/features.py]
    outs: [data/train.csv]
  train:
    cmd: python train.py
    deps: [train.py, data/train.csv, lib]
    params: [seed, model]
    outs: [model.pkl]
  evaluate:
    cmd: python evaluate.py
    deps: [evaluate.py, model.pkl]
"""
FILES = {
    "dvc.yaml": DVC,
    "train.py": TRAIN,
    "prepare.py": "import pandas as pd\nfrom lib.features import clean\nclean(pd.read_csv('data/raw.csv')).to_csv('data/train.csv')\n",
    "evaluate.py": "import joblib\nfrom lib.features import encode\nprint(joblib.load('model.pkl').score(encode([]), []))\n",
    "lib/__init__.py": "",
    "lib/features.py": "from lib.log import say\ndef encode(df):\n    say('encode')\n    return df * 2.0\ndef clean(df):\n    return df.dropna()\n",
    "lib/log.py": "def say(text):\n    print(text)\n",
    "params.yaml": "seed: 7\nmodel: {learning_rate: 0.1, max_depth: 3}\n",
    "metrics.json": '{"metrics": {"auc": 0.82}, "params": {"model": {"learning_rate": 0.1, "max_depth": 3}}}',
}


def changed(tmp_path, file: str, before: str, after: str) -> dict[str, str]:
    assert before in FILES[file]
    root = put(tmp_path, FILES | {file: FILES[file].replace(before, after)})
    return levels(root, "pipeline_definition", "experiment_record")


SOUND = {"pipeline_definition": "declared", "experiment_record": "recorded"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[train.py, data/train.csv, lib]", "[data/train.csv, lib]"),
        ("[evaluate.py, model.pkl]", "[model.pkl]"),
        ("[evaluate.py, model.pkl]", "[evaluate.py]"),
        ("params: [seed, model]", "params: [seed]"),
        ("params: [seed, model]", "params: [model.learning_rate, model.max_depth]"),
    ],
)
def test_a_stage_that_lacks_what_it_runs_or_reads_is_told(before, after, tmp_path):
    assert changed(tmp_path, "dvc.yaml", before, after) == SOUND | {"pipeline_definition": "lacking"}


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("dvc.yaml", "seed", "seed"),
        ("dvc.yaml", "data/train.csv, lib]", "data/train.csv, lib/features.py, lib/log.py]"),
        ("dvc.yaml", "data/train.csv, lib]", "data/train.csv, lib/features.py]"),
        ("dvc.yaml", "data/train.csv, lib]", "data, ./lib/]"),
        ("dvc.yaml", "params: [seed, model]", "params: [seed, model.max_depth]"),
        ("dvc.yaml", "params: [seed, model]", "params:\n      - params.yaml:\n"),
        ("dvc.yaml", "    params: [seed, model]\n", ""),
        ("dvc.yaml", "    deps: [evaluate.py, model.pkl]\n", ""),
        ("dvc.yaml", "    deps: [evaluate.py, model.pkl]\n", "    always_changed: true\n    deps: [model.pkl]\n"),
        ("dvc.yaml", "[evaluate.py, model.pkl]", "['${code}/evaluate.py', model.pkl]"),
        ("dvc.yaml", "cmd: python evaluate.py", "cmd: make evaluation"),
        ("dvc.yaml", "cmd: python evaluate.py", "cmd: papermill evaluate.ipynb out.ipynb"),
        ("dvc.yaml", "[train.py, data/train.csv, lib]", "[., data/train.csv]"),
    ],
)
def test_a_stage_that_depends_on_what_it_runs_is_not_blamed(file, before, after, tmp_path):
    assert changed(tmp_path, file, before, after) == SOUND


@pytest.mark.parametrize(
    "deps",
    ["[train.py, data/train.csv, lib/log.py]", "\n      - train.py\n      - data/train.csv:\n          hash: md5\n      - ./lib/log.py"],
)
def test_a_module_that_no_stage_before_it_has_is_told(deps, tmp_path):
    stages = DVC.replace("data/raw.csv, lib/features.py", "data/raw.csv, lib/log.py")
    files = FILES | {"dvc.yaml": stages.replace("[train.py, data/train.csv, lib]", deps)}
    assert levels(put(tmp_path, files), "pipeline_definition") == {"pipeline_definition": "lacking"}


def test_a_training_without_its_table_is_told_where_another_stage_has_it(tmp_path):
    files = FILES | {"dvc.yaml": DVC.replace("data/raw.csv", "data/train.csv").replace("    outs: [data/train.csv]\n", "")}
    files |= {"prepare.py": FILES["prepare.py"].replace("data/raw.csv", "data/train.csv")}
    assert levels(put(tmp_path / "with", files), "pipeline_definition") == {"pipeline_definition": "declared"}
    lacks = files["dvc.yaml"].replace("[train.py, data/train.csv, lib]", "[train.py, lib/features.py, lib/log.py]")
    assert levels(put(tmp_path / "without", files | {"dvc.yaml": lacks}), "pipeline_definition") == {"pipeline_definition": "lacking"}


# ---- parameters that nothing reads


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("train.py", '**params["model"]', "learning_rate=0.3, max_depth=6"),
        ("train.py", '**params["model"]', "max_depth=6"),
        ("train.py", ', **params["model"]', ""),
        ("train.py", 'model = GradientBoostingClassifier(random_state=params["seed"], **params["model"])',
         'model = GradientBoostingClassifier(random_state=params["seed"]).set_params(learning_rate=0.3)'),
        ("params.yaml", "model: {learning_rate: 0.1, max_depth: 3}", "hyperparameters: {learning_rate: 0.1, max_depth: 3}\nmodel: {n_estimators: 5}"),
    ],
)  # fmt: skip
def test_parameters_that_the_training_does_not_read_are_none_of_the_run(file, before, after, tmp_path):
    assert changed(tmp_path, file, before, after)["experiment_record"] == "other"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('**params["model"]', 'learning_rate=params["model"]["learning_rate"], max_depth=6'),
        ('**params["model"]', 'max_depth=6, **params["model"]'),
        ('**params["model"]', "**{key: value for key, value in params.items() if key == MODEL}"),
        ('**params["model"]', "**chosen(params)"),
        ('**params["model"]', "learning_rate=config.model.learning_rate, max_depth=config.model.max_depth"),
        ('**params["model"]', 'max_depth=params.get("model", {}).get("max_depth")'),
        ('**params["model"]', "learning_rate=0.1, max_depth=3"),
        ('**params["model"]', 'verbose=0, **params[sys.argv[1]]'),
        ('params = yaml.safe_load(open("params.yaml"))', 'import hydra\nparams = {"seed": 1, "model": {"max_depth": 6}}'),
    ],
)
def test_parameters_that_may_be_read_are_not_blamed(before, after, tmp_path):
    assert changed(tmp_path, "train.py", before, after)["experiment_record"] == "recorded"


# ---- a card of other data

CARD = """# Model card

## Intended use
Scores card payments before approval, so that a person can look at the doubtful ones in time, and decline the worst of them.

## Data
{data} It was cleaned and checked by the pipeline before every training; names are not among the inputs of the model.

## Limitations
One month of payments from one market; rare countries are hardly seen, and seasons not at all. Retrain it weekly. Risks are discussed below.
"""
MANIFEST = {
    "data/manifest.json": '{"version": "2026-01", "path": "data/train.csv", "rows": 6000, "positives": 378}',
    "models/metrics.json": '{"metrics": {"n": 1500, "auc": 0.82}}',
}


def carded(tmp_path, data: str, **more: str) -> str:
    return levels(put(tmp_path, MANIFEST | {"MODEL_CARD.md": CARD.replace("{data}", data)} | more), "model_card")["model_card"]


@pytest.mark.parametrize(
    "data",
    [
        "`data/train.csv`: 41,000 labelled payments.",
        "Trained on 250k labelled transactions of 2025.",
        "The table `data/train.csv` holds 3,200 rows.",
        "`data/train.csv`, version 2025-08, pinned by its digest.",
        "Read from data/train.csv.\n\n- Version: 2025-08\n- Rows: 6000\n\nNothing else.",
        "Read from data/train.csv.\n\n| what | value |\n|---|---|\n| rows | 41,000 |\n\nNothing else.",
        "`data/train.csv` (12 500 examples, of which 800 are frauds).",
    ],
)
def test_a_card_of_another_table_is_told(data, tmp_path):
    assert carded(tmp_path, data) == "other"


@pytest.mark.parametrize(
    "data",
    [
        "`data/train.csv`, version 2026-01: 6,000 labelled payments.",
        "`data/train.csv`: 6k labelled payments.",
        "`data/train.csv`: 4,500 payments to train on and 1,500 to test with.",
        "`data/train.csv`: 5,622 legitimate transactions and 378 frauds.",
        "Trained on 4,200 labelled payments, after duplicates were dropped.",
        "Drawn from `data/raw.csv` (250,000 payments, version 2025-12), then sampled.",
        "The service sees 250,000 payments per day; the model learned from one month of labelled payments.",
        "Trained on labelled payments; at most 50,000 rows fit into memory.",
        "`data/train.csv`, as of model version 3.1 and later.",
        "Labelled payments of January 2026, from our warehouse.",
        "Data version v2026-01 in `data/train.csv`: six thousand payments.",
    ],
)
def test_a_card_that_may_be_of_these_data_is_not_blamed(data, tmp_path):
    assert carded(tmp_path, data) == "thin" or carded(tmp_path, data) == "complete"


def test_without_a_record_of_the_data_a_card_cannot_be_wrong_about_it(tmp_path):
    record = {"data/manifest.json": '{"sha256": "ab", "checked": true}'}
    assert carded(tmp_path, "`data/train.csv`: 41,000 labelled payments, version 2025-08.", **record) != "other"
