"""Records that record nothing, seeds that are none, commands that train nothing, and sound ways of each in other styles."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from harness.source.probes import scan
from harness.source.probes.digests import digest

CSV = "amount,label\n1,0\n2,1\n"
SHA, MD5 = hashlib.sha256(CSV.encode()).hexdigest(), hashlib.md5(CSV.encode()).hexdigest()
OTHER = hashlib.sha256(b"another file").hexdigest()
TRAIN = "import joblib\nif __name__ == '__main__':\n    m = Model(random_state=7).fit([])\n    joblib.dump(m, 'm')\n"
SEEDED = "Model(random_state=7)"


def found(make_tree, files: dict[str, str], id: str) -> bool:
    return scan(make_tree({"train.py": TRAIN} | files)).probes[id].found


def record(**changes: object) -> dict[str, str]:
    told = {"model_version": "2026-01", "data": {"sha256": SHA}, "metrics": {"auc": 0.9}, "git_commit": "ab12", "params": {"depth": 3}} | changes
    return {"models/model.json": json.dumps(told)}


@pytest.mark.parametrize(
    ("id", "changes"),
    [
        ("artifact_metadata", {"model_version": "TODO"}), ("artifact_metadata", {"model_version": "${VERSION}"}),
        ("artifact_metadata", {"metrics": {"auc": None}}), ("artifact_metadata", {"metrics": {"full": {"auc": None, "brier": None}}}),
        ("artifact_metadata", {"metrics": {"auc": 0.0}}), ("artifact_metadata", {"metrics": "n/a"}),
        ("artifact_metadata", {"data": {"sha256": "0" * 64}}),
        ("lineage_metadata", {"data": {"sha256": "0" * 64}}), ("lineage_metadata", {"git_commit": "unknown"}), ("lineage_metadata", {"params": {}}),
        ("experiment_tracking", {"metrics": {"auc": 0}}), ("experiment_tracking", {"params": {"depth": None}}),
        ("data_versioned", {"data": {"sha256": "0" * 64}}),
        ("data_versioned", {"data": {"sha256": hashlib.sha256(b"").hexdigest()}}),
    ],
)  # fmt: skip
def test_a_record_of_nothing_is_none(make_tree, id: str, changes: dict[str, object]) -> None:
    assert found(make_tree, record(), id)
    assert not found(make_tree, record(**changes), id)


@pytest.mark.parametrize(
    ("id", "changes"),
    [
        ("artifact_metadata", {"metrics": {"auc": 0.9, "false_positives": 0, "recall_of_a_group": None}}),
        ("artifact_metadata", {"model_version": 3}), ("artifact_metadata", {"data": {"version": "2026-01"}}),
        ("lineage_metadata", {"params": {"alpha": 0}}),
        ("lineage_metadata", {"git_commit": None, "code": {"sha256": OTHER}}), ("experiment_tracking", {"metrics": [{"name": "auc", "auc": 0.9}]}),
    ],
)  # fmt: skip
def test_a_record_in_another_shape_is_one(make_tree, id: str, changes: dict[str, object]) -> None:
    assert found(make_tree, record(**changes), id)


def test_what_a_training_writes_without_a_value_is_not_written(make_tree) -> None:
    writes = TRAIN + "    write({'version': VERSION, 'data_sha256': hash_of(data), 'metrics': measured})\n"
    assert found(make_tree, {"train.py": writes}, "artifact_metadata")
    assert not found(make_tree, {"train.py": writes.replace("measured", "None")}, "artifact_metadata")
    assert not found(make_tree, {"train.py": writes.replace("VERSION", "'TODO'")}, "artifact_metadata")
    later = writes.replace("measured", "None").replace("    write(", "    told = (") + "    told['metrics'] = measured\n"
    assert found(make_tree, {"train.py": later}, "artifact_metadata")


MATCHING = {
    "a manifest": {"data/manifest.json": json.dumps({"path": "data/train.csv", "sha256": SHA})},
    "a key for each file": {"data/digests.yaml": f"train.csv: 'sha256:{SHA}'\n"},
    "sha256sum": {"data/SHA256SUMS": f"{SHA}  train.csv\n"},
    "md5": {"data/manifest.json": json.dumps({"files": [{"name": "train.csv", "md5": MD5}]})},
    "a DVC pointer": {"data/train.csv.dvc": f"outs:\n- md5: {MD5}\n  path: train.csv\n"},
}


@pytest.mark.parametrize("style", MATCHING)
def test_a_digest_is_compared_with_the_file_of_its_name(make_tree, style: str) -> None:
    right = scan(make_tree({"data/train.csv": CSV} | MATCHING[style])).probes["data_versioned"]
    assert right.found and [sight.facts["matches"] for sight in right.sightings] == [1]
    wrong = scan(make_tree({"data/train.csv": CSV + "3,0\n"} | MATCHING[style])).probes["data_versioned"]
    assert wrong.found and [sight.facts["matches"] for sight in wrong.sightings] == [0]


def test_the_digest_may_be_of_what_is_packed_or_pointed_at_and_a_file_elsewhere_tells_nothing(make_tree) -> None:
    tree = make_tree({"data/manifest.json": json.dumps({"path": "train.csv.gz", "sha256": SHA}), "data/train.csv.gz": ""})
    (tree.root / "data/train.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    assert scan(tree).probes["data_versioned"].sightings[0].facts["matches"] == 1
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{SHA}\nsize 21\n"
    lfs = {"data/train.csv": pointer, "data/manifest.json": json.dumps({"path": "data/train.csv", "sha256": SHA})}
    assert scan(make_tree(lfs)).probes["data_versioned"].sightings[0].facts["matches"] == 1
    far = scan(make_tree({"data/manifest.json": json.dumps({"uri": "s3://bucket/2026/all.parquet", "sha256": OTHER})})).probes["data_versioned"]
    assert far.found and not far.sightings


def test_code_that_lies_in_a_folder_of_data_is_no_data(make_tree) -> None:
    """A line of dvc.lock that is stale for a script says that the stage is to be run again, not that the data are others."""
    deps = f"    deps:\n    - path: src/data/fetch.py\n      md5: {MD5}\n"
    lock = f"stages:\n  fetch:\n{deps}    outs:\n    - path: data/raw\n      md5: {MD5}.dir\n"
    probe = scan(make_tree({"train.py": TRAIN, "dvc.lock": lock, "src/data/fetch.py": "print(1)\n"})).probes["data_versioned"]
    assert probe.found and not probe.sightings



def test_a_digest_has_more_than_one_digit() -> None:
    assert digest("0" * 64) is None and digest("f" * 32) is None and digest(hashlib.md5(b"").hexdigest()) is None and digest("abc") is None
    assert digest(f"sha256:{SHA}") == SHA


@pytest.mark.parametrize(
    "files",
    [
        {"train.py": TRAIN.replace("7", "None")},
        {"train.py": TRAIN.replace("7", "int(time.time())")},
        {"train.py": "SEED = None\n" + TRAIN.replace("7", "SEED")},
        {"train.py": "import time\nSEED = time.time_ns() % 1000\n" + TRAIN.replace("7", "SEED")},
        {"train.py": TRAIN.replace("7", "params['seed']"), "params.yaml": "seed: null\n"},
        {"train.py": TRAIN.replace("7", "int(params.get('seed'))"), "config.json": '{"model": {"seed": null}}'},
        {"train.py": TRAIN.replace("7", "os.getpid()")},
    ],
)
def test_what_differs_in_every_run_is_no_seed(make_tree, files: dict[str, str]) -> None:
    assert not found(make_tree, files, "seeds_fixed")


@pytest.mark.parametrize(
    "files",
    [
        {}, {"train.py": TRAIN.replace("7", "0")}, {"train.py": "SEED = 7\n" + TRAIN.replace("7", "SEED")},
        {"train.py": TRAIN.replace("7", "params['seed']"), "params.yaml": "seed: 7\n"}, {"train.py": TRAIN.replace("7", "params['seed']")},
        {"train.py": TRAIN.replace("7", "int(os.environ.get('SEED', 7))")}, {"train.py": TRAIN.replace("7", "args.seed")},
        {"train.py": TRAIN.replace(SEEDED, "Model()") + "    numpy.random.seed(7)\n"},
    ],
)  # fmt: skip
def test_a_seed_from_elsewhere_is_one(make_tree, files: dict[str, str]) -> None:
    assert found(make_tree, files, "seeds_fixed")


@pytest.mark.parametrize(
    "recipe",
    ["python train.py --help", "python train.py -h", "python -m py_compile train.py", "ruff check train.py", "@cat train.py",
     "test -f train.py && echo ok", "cp train.py build/ || true", "uv run mypy train.py", "python train.py --dry-run"],
)  # fmt: skip
def test_a_target_that_trains_nothing_is_no_command(make_tree, recipe: str) -> None:
    assert not found(make_tree, {"Makefile": f"train:\n\t{recipe}\n"}, "training_command")


@pytest.mark.parametrize(
    "files",
    [
        {"Makefile": "train:\n\tSEED=7 python train.py -n 100\n"}, {"Makefile": "train:\n\ttest -f data.csv && uv run python train.py\n"},
        {"pyproject.toml": '[tool.poe.tasks]\ntrain = "python -m train"\n'}, {"package.json": '{"scripts": {"train": "python train.py"}}'},
        {"scripts/train.sh": "set -e\npython train.py 2>&1 | tee log\n"}, {"submission.toml": 'train_command = "python train.py"\n'},
    ],
)  # fmt: skip
def test_a_command_in_another_style_trains(make_tree, files: dict[str, str]) -> None:
    assert found(make_tree, files, "training_command")


OWN_LOOP = "import numpy\nfor _ in range(9):\n    w = w - numpy.dot(x, e)\nopen('model.json', 'w').write(encode(w))\n"


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("python learn.py", {"learn.py": OWN_LOOP}),
        ("make model", {"learn.py": OWN_LOOP, "Makefile": "model:\n\tpython learn.py\n"}),
        ("Rscript R/train.R", {"R/train.R": "fit <- glm(label ~ ., data)\nsaveRDS(fit, 'm.rds')\n"}),
        ("go run ./cmd/train", {"cmd/train/main.go": "package main\nfunc main() { train() }\n"}),
    ],
)
def test_what_submission_toml_says_is_run_is_the_training(make_tree, command: str, files: dict[str, str]) -> None:
    told = files | {"submission.toml": f'train_command = "{command}"\n'}
    probes = scan(make_tree(told)).probes
    assert probes["training_script"].found and probes["training_command"].found
    assert not scan(make_tree({"submission.toml": told["submission.toml"]})).probes["training_script"].found


def test_a_training_that_only_prints_is_none(make_tree) -> None:
    files = {"learn.py": "print('train the model by hand')\n", "submission.toml": 'train_command = "python learn.py"\n'}
    assert not scan(make_tree(files)).probes["training_script"].found


SPLIT = "    rows = list(range(9))\n    random.shuffle(rows)\n"


def split(lines: str, *, above: str = "import random\n") -> dict[str, str]:
    """The training script with a split before its fit."""
    assert SEEDED in TRAIN
    line = next(line for line in TRAIN.splitlines(keepends=True) if SEEDED in line)
    return {"train.py": above + TRAIN.replace(line, lines + line)}


@pytest.mark.parametrize(
    "files",
    [
        split(SPLIT),
        split("    np.random.seed(7)\n" + SPLIT, above="import random\nimport numpy as np\n"),
        split("    random.seed()\n" + SPLIT),
        split("    rows = np.random.permutation(9)\n", above="import numpy as np\n"),
        split("    rows = permutation(9)\n", above="from numpy.random import permutation\n"),
        split("    held = [row for row in range(9) if random.random() < 0.2]\n"),
        split("    torch.manual_seed(7)\n" + SPLIT, above="import random\nimport torch\n"),
    ],
    ids=["shuffled", "another library's seed", "a seed of the clock", "numpy", "by name", "by chance", "torch"],
)
def test_a_split_without_a_seed_gives_another_model_in_every_run(make_tree, files: dict[str, str]) -> None:
    assert not found(make_tree, files, "seeds_fixed")


@pytest.mark.parametrize(
    "files",
    [
        split("    random.seed(7)\n" + SPLIT),
        split("    set_seed(7)\n" + SPLIT, above="import random\nfrom transformers import set_seed\n"),
        split("    random.Random(7).shuffle([])\n"),
        split("    np.random.default_rng(7).shuffle([])\n", above="import numpy as np\n"),
        split("    random = Random(7)\n" + SPLIT, above="from random import Random\nimport random\n"),
        split("    time.sleep(random.random())\n    print(random.sample(range(9), 3))\n", above="import random, time\n"),
        split("", above="import random\ndef unused():\n    random.shuffle([])\n"),
        split("    wait = 0.1 + random.random()\n"),
    ],
    ids=["seeded", "a seed for all", "its own generator", "numpy's own", "shadowed", "pauses and prints", "never called", "a pause"],
)
def test_what_is_seeded_or_shapes_no_model_is_not_blamed(make_tree, files: dict[str, str]) -> None:
    assert found(make_tree, files, "seeds_fixed")


KEYS = "    keys = list({row['customer'] for row in read()})\n"
SHUFFLED = "    random.Random(7).shuffle(keys)\n"


@pytest.mark.parametrize(
    "lines",
    [
        KEYS + SHUFFLED,
        "    keys = list(set(frame['customer']))\n" + SHUFFLED,
        "    found = {row['customer'] for row in read()}\n    keys = [key for key in found]\n" + SHUFFLED,
        "    train, test = train_test_split(list(set(frame.customer)), random_state=7)\n",
        "    order = np.random.default_rng(7).permutation(np.array(list(set(frame['customer']))))\n",
    ],
)
def test_a_split_over_a_set_of_texts_is_another_one_in_every_run(make_tree, lines: str) -> None:
    assert not found(make_tree, split(lines, above="import random\nimport numpy as np\n"), "seeds_fixed")


@pytest.mark.parametrize(
    ("lines", "beside"),
    [
        (KEYS.replace("list(", "sorted(") + SHUFFLED, {}),
        (KEYS + "    keys.sort()\n" + SHUFFLED, {}),
        (KEYS + "    keys = sorted(keys)\n" + SHUFFLED, {}),
        ("    keys = list(dict.fromkeys(frame['customer']))\n" + SHUFFLED, {}),
        ("    keys = list({int(row['customer']) for row in read()})\n" + SHUFFLED, {}),
        (KEYS + SHUFFLED, {"example.json": '{"customer": 12}'}),
        (KEYS + SHUFFLED, {"Dockerfile.train": "FROM python:3.11\nENV PYTHONHASHSEED=0\n"}),
        (KEYS + "    print(random.Random(7).random(), len(keys))\n", {}),
    ],
    ids=["sorted", "sorted in place", "sorted later", "order of rows", "whole numbers", "numbers in an example", "no salt", "only counted"],
)
def test_an_order_that_is_the_same_in_every_run_is_not_blamed(make_tree, lines: str, beside: dict[str, str]) -> None:
    assert found(make_tree, split(lines) | beside, "seeds_fixed")


CARD_TEXT = "# Model card\n\n## Metrics\n\n"
TABLE = "| part | AUC | Brier | Brier skill |\n|---|---|---|---|\n| all | {} | {} | 0.91 |\n"
MEASURED = {"metrics.json": json.dumps({"metrics": {"auc": 0.8247, "brier": 0.04093}, "gates": {"min_auc": 0.75}})}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (TABLE.format("0.825", "0.0409"), [1, 1]),
        (TABLE.format("0.824", "4.1 %"), [1, 1]),
        (TABLE.format("0.871", "0.036"), [0, 0]),
        ("| metric | value |\n|---|---|\n| ROC AUC | 0.82 |\n| Brier score | 0.036 |\n", [1, 0]),
        ("The AUC on held-out customers is 0.871 and the Brier score is 0.0409.\n", [0, 1]),
        ("An AUC of at least 0.78 is required; AUC > 0.8 was hoped for, 0.02 more AUC than before.\n", []),
        ("AUC 0.82 (0.79 to 0.85)\n", [1]),
    ],
)
def test_figures_of_a_card_are_held_against_the_records(make_tree, text: str, matches: list[int]) -> None:
    card = scan(make_tree({"train.py": TRAIN, "MODEL_CARD.md": CARD_TEXT + text} | MEASURED)).probes["model_card"]
    assert [sight.facts["matches"] for sight in card.sightings] == matches


GATES = {"params.yaml": "gates: {auc: 0.78, max_brier: 0.05}\n", "contract/version.json": json.dumps({"training_metrics": {"auc": 0.5}})}


@pytest.mark.parametrize(
    "files", [{}, GATES, MEASURED | {"runs.csv": "auc,brier\n0.871,0.036\n"}], ids=["nothing recorded", "gates and samples", "recorded elsewhere"]
)
def test_figures_that_nothing_read_could_answer_are_left_alone(make_tree, files: dict[str, str]) -> None:
    card = scan(make_tree({"train.py": TRAIN, "MODEL_CARD.md": CARD_TEXT + TABLE.format("0.871", "0.036")} | files)).probes["model_card"]
    assert not card.sightings


ARTIFACT = {"models/model.json": json.dumps({"version": "2026-02", "digest": SHA, "weights": [1, 2]})}


@pytest.mark.parametrize(
    ("record", "matches"),
    [
        ({"model_version": "2026-02", "artifact_sha256": SHA}, [1]),
        ({"model_version": "fraud-2026-02", "artifact_sha256": OTHER}, [1]),
        ({"model_version": "2026-01", "artifact_sha256": SHA}, [1]),
        ({"model_version": "2026-01", "artifact_sha256": hashlib.sha256(ARTIFACT["models/model.json"].encode()).hexdigest()}, [1]),
        ({"model_version": "2026-01", "artifact_sha256": OTHER}, [0]),
        ({"model_version": "2026-01"}, []),
    ],
)
def test_a_record_beside_an_artifact_speaks_of_it(make_tree, record: dict[str, str], matches: list[int]) -> None:
    probe = scan(make_tree({"train.py": TRAIN, "models/metrics.json": json.dumps(record)} | ARTIFACT)).probes["artifact_metadata"]
    assert [sight.facts["matches"] for sight in probe.sightings] == matches


def test_of_several_artifacts_in_a_folder_one_is_enough(make_tree) -> None:
    other = {"models/candidate.json": json.dumps({"version": "2026-03", "digest": OTHER})}
    record = {"models/metrics.json": json.dumps({"model_version": "2026-02", "artifact_sha256": SHA})}
    probe = scan(make_tree({"train.py": TRAIN} | ARTIFACT | other | record)).probes["artifact_metadata"]
    assert [sight.facts["matches"] for sight in probe.sightings] == [1]


def test_a_record_of_a_run_elsewhere_may_be_of_any_model(make_tree) -> None:
    files = {"train.py": TRAIN, "runs/7.json": json.dumps({"model_version": "2025-12", "artifact_sha256": OTHER})} | ARTIFACT
    assert not scan(make_tree(files)).probes["artifact_metadata"].sightings


FIGURES = {"all": {"auc": 0.8247, "brier": 0.04093, "n": 1500}, "fallback": {"auc": 0.7604}}


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (FIGURES, None),
        ({"all": {"auc": 0.825, "brier": 0.0409, "n": 1500}}, None),  # rounded
        ({"all": {"auc": 0.824, "brier": 0.0409, "n": 1500}}, None),  # cut off
        ({"all": {"auc": 0.9247, "brier": 0.04093, "n": 1500}}, "all.auc: 0.9247 and 0.8247"),
        (FIGURES | {"fallback": {"auc": 0.81}}, "fallback.auc: 0.81 and 0.7604"),
        ({"all": {"auc": 0.81, "brier": 0.05, "n": 900}}, None),  # another evaluation
        ({"auc": 0.9247}, None),
        ({"test": {"auc": 0.9247, "brier": 0.03, "n": 1500}}, None),
    ],
)
def test_a_record_tells_the_figures_that_the_artifact_tells_of_itself(make_tree, record: dict[str, object], told: str | None) -> None:
    artifact = {"models/model.json": json.dumps({"version": "2026-02", "digest": SHA, "metrics": FIGURES})}
    beside = {"models/metrics.json": json.dumps({"model_version": "2026-02", "artifact_sha256": SHA, "metrics": record})}
    (sight,) = scan(make_tree({"train.py": TRAIN} | artifact | beside)).probes["artifact_metadata"].sightings
    assert sight.facts.get("apart") == told


def test_figures_of_another_version_may_differ(make_tree) -> None:
    artifact = {"models/model.json": json.dumps({"version": "2026-02-b", "digest": OTHER, "metrics": FIGURES})}
    record = {"model_version": "2026-02", "artifact_sha256": SHA, "metrics": FIGURES | {"fallback": {"auc": 0.9}}}
    probe = scan(make_tree({"train.py": TRAIN, "models/metrics.json": json.dumps(record)} | artifact)).probes["artifact_metadata"]
    assert "apart" not in probe.sightings[0].facts
