"""Trainings that flatter their model, and gates that no model fails: planted in several spellings, beside sound ones, through scan and check."""

from __future__ import annotations

import textwrap

import pytest

from checks.scanned import levels, put

HEAD = """
import json
import sys
import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupShuffleSplit, KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler
DATA = "data/train.csv"
"""
METADATA = '{"model_version": "2026-01", "data": {"sha256": "45c193b14202af4092dc976504a40d1c8006a8bb94eb96f55fbea4cb6f9c6501"}, "metrics": {"auc": 0.81}}'
REPOSITORY = {
    "Makefile": "train: check\n\tpython train.py\ncheck:\n\tpython check.py\n",
    "check.py": "import pandas as pd\nif len(pd.read_csv('data/train.csv')) < 100:\n    raise SystemExit(1)\n",
    "models/metadata.json": METADATA,
}
TAIL = """
if __name__ == "__main__":
    main()
"""


def trained(tmp_path, body: str, **more: str) -> dict[str, str]:
    program = HEAD + "def main():\n" + textwrap.indent(textwrap.dedent(body), "    ") + TAIL
    return levels(put(tmp_path, REPOSITORY | {"train.py": program} | more), "artifact_metadata", "pipeline_definition")


# ---- metrics on rows that were learned from

READ = "df = pd.read_csv(DATA)\nX, y = df.drop(columns=['label']), df['label']\n"
SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=7)\n"
SAVED = "\njson.dump({'auc': auc}, open('metrics.json', 'w'))\njoblib.dump(model, 'model.pkl')\n"
LEAKS = {
    "scaler first": READ + "X = StandardScaler().fit_transform(X)\n" + SPLIT
    + "model = LogisticRegression(C=1).fit(X_train, y_train)\nauc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])" + SAVED,
    "scaler object, transform later": READ + "scaler = StandardScaler()\nscaler.fit(X, None)\n" + SPLIT
    + "model = LogisticRegression(C=1)\nmodel.fit(scaler.transform(X_train), y_train)\n"
    "p = model.predict_proba(scaler.transform(X_test))[:, 1]\nauc = roc_auc_score(y_test, p)" + SAVED,
    "fitted on all": READ + SPLIT + "model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)\n"
    "auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])" + SAVED,
    "score of all": READ + SPLIT + "model = LogisticRegression()\nmodel.fit(X, y)\nauc = model.score(X_test, y_test)" + SAVED,
    "put together again": READ + SPLIT + "model = LogisticRegression()\n"
    "model.fit(pd.concat([X_train, X_test]), pd.concat([y_train, y_test]))\nauc = model.score(X_test, y_test)" + SAVED,
    "cut by a row": "df = pd.read_csv(DATA).sort_values('time')\nn = int(0.8 * len(df))\ntrain, test = df[:n], df[n:]\n"
    "model = LogisticRegression().fit(df[['a', 'b']], df['label'])\n"
    "auc = roc_auc_score(test['label'], model.predict_proba(test[['a', 'b']])[:, 1])" + SAVED,
    "cut by a day": "df = pd.read_csv(DATA)\ndf[['a']] = StandardScaler().fit_transform(df[['a']])\n"
    "train, test = df[df.day < 20], df[df.day >= 20]\nmodel = LogisticRegression().fit(train[['a']], train['label'])\n"
    "auc = roc_auc_score(test['label'], model.predict_proba(test[['a']])[:, 1])" + SAVED,
    "groups": READ + "X = StandardScaler().fit_transform(X)\n"
    "train, test = next(GroupShuffleSplit(random_state=3).split(X, y, df['customer']))\n"
    "model = LogisticRegression().fit(X[train], y[train])\nauc = roc_auc_score(y[test], model.predict_proba(X[test])[:, 1])" + SAVED,
    "nothing but the training rows": READ + SPLIT
    + "model = LogisticRegression().fit(X_train, y_train)\nauc = roc_auc_score(y_train, model.predict_proba(X_train)[:, 1])" + SAVED,
}  # fmt: skip
SOUND = {
    "split first": READ + SPLIT + "scaler = StandardScaler().fit(X_train)\nmodel = LogisticRegression().fit(scaler.transform(X_train), y_train)\n"
    "auc = roc_auc_score(y_test, model.predict_proba(scaler.transform(X_test))[:, 1])" + SAVED,
    "refitted on all once measured": READ + SPLIT + "model = LogisticRegression().fit(X_train, y_train)\n"
    "auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])\nmodel.fit(X, y)" + SAVED,
    "refitted under the same name and measured again": READ + SPLIT + "model = LogisticRegression().fit(X_train, y_train)\n"
    "auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])\nmodel = LogisticRegression().fit(X, y)\n"
    "print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]))" + SAVED,
    "both parts measured": READ + SPLIT + "model = LogisticRegression().fit(X_train, y_train)\n"
    "print('train', model.score(X_train, y_train))\nauc = model.score(X_test, y_test)" + SAVED,
    "labels encoded first": READ + "y = LabelEncoder().fit_transform(y)\n" + SPLIT
    + "model = LogisticRegression().fit(X_train, y_train)\nauc = model.score(X_test, y_test)" + SAVED,
    "categories of all": READ + "X = OneHotEncoder().fit_transform(X)\n" + SPLIT
    + "model = LogisticRegression().fit(X_train, y_train)\nauc = model.score(X_test, y_test)" + SAVED,
    "only where asked": READ + SPLIT + "final = '--final' in sys.argv\nmodel = LogisticRegression().fit(X if final else X_train, y if final else y_train)\n"
    "auc = model.score(X_test, y_test)" + SAVED,
    "a branch for the release": READ + SPLIT + "model = LogisticRegression().fit(X_train, y_train)\nif '--release' in sys.argv:\n    model.fit(X, y)\n"
    "auc = model.score(X_test, y_test)" + SAVED,
    "folds inside of the training part": READ + SPLIT + "X_train = StandardScaler().fit_transform(X_train)\n"
    "for one, other in KFold(5).split(X_train):\n    m = LogisticRegression().fit(X_train[one], y_train[one])\n"
    "    print(roc_auc_score(y_train[other], m.predict_proba(X_train[other])[:, 1]))\n"
    "model = LogisticRegression().fit(X_train, y_train)\nauc = model.score(X_test, y_test)" + SAVED,
    "a monitor fitted on all": READ + SPLIT + "monitor = StandardScaler().fit(X)\nmodel = LogisticRegression().fit(X_train, y_train)\n"
    "auc = model.score(X_test, y_test)\njoblib.dump(monitor, 'reference.pkl')" + SAVED,
    "unknown helper": "from helpers import parts\n" + READ + "a, b = parts(X)\nmodel = LogisticRegression().fit(a, y)\nauc = model.score(b, y)" + SAVED,
    "another table": READ + "test = pd.read_csv('data/test.csv')\nmodel = LogisticRegression().fit(X, y)\n"
    "auc = model.score(test.drop(columns=['label']), test['label'])" + SAVED,
    "no split at all": READ + "model = LogisticRegression().fit(X, y)\nauc = model.score(X, y)" + SAVED,
    "cross-validated": "from sklearn.model_selection import cross_val_score\n" + READ + SPLIT
    + "model = LogisticRegression()\nauc = cross_val_score(model, X, y).mean()\nmodel.fit(X, y)\nprint(model.score(X_test, y_test))" + SAVED,
}  # fmt: skip


@pytest.mark.parametrize("body", LEAKS.values(), ids=LEAKS)
def test_a_metric_on_rows_that_were_learned_from_flatters(body, tmp_path):
    assert trained(tmp_path, body) == {"artifact_metadata": "flattered", "pipeline_definition": "declared"}


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_a_sound_or_unknown_evaluation_is_not_blamed(body, tmp_path):
    assert trained(tmp_path, body) == {"artifact_metadata": "described", "pipeline_definition": "declared"}


# ---- gates that no model fails

JUDGE = """
import json
import logging
import sys
import joblib
import yaml
from sklearn.metrics import roc_auc_score
log = logging.getLogger()
PARAMS = yaml.safe_load(open("params.yaml"))


def measured():
    return json.load(open("models/metrics.json"))
"""
WITH_GATE = {
    "Makefile": "all: train evaluate\ntrain: check\n\tpython train.py\ncheck:\n\tpython check.py\nevaluate: train\n\tpython evaluate.py\n",
    "params.yaml": "gates: {min_auc: 0.75}\n",
}


def judged(tmp_path, body: str, **more: str) -> str:
    program = HEAD + "def main():\n" + textwrap.indent(SOUND["split first"], "    ") + TAIL
    files = REPOSITORY | WITH_GATE | {"train.py": program, "evaluate.py": JUDGE + textwrap.dedent(body)} | more
    return levels(put(tmp_path, files), "pipeline_definition")["pipeline_definition"]


MAIN = "if __name__ == '__main__':\n    "
TOOTHLESS = {
    "logs": "def main():\n    auc = measured()['auc']\n    if auc < PARAMS['gates']['min_auc']:\n        log.error('too low: %s', auc)\n" + MAIN + "main()\n",
    "logs, else passes": "def main():\n    auc = measured()['auc']\n    if auc >= PARAMS['gates']['min_auc']:\n        print('passed')\n    else:\n"
    "        print('refused', file=sys.stderr)\n" + MAIN + "main()\n",
    "exits 0": "MIN_AUC = 0.75\ndef main():\n    metrics = measured()\n    if metrics['roc_auc'] < MIN_AUC:\n        print('refused')\n        sys.exit(0)\n"
    "    print('fine')\n" + MAIN + "main()\n",
    "its value is dropped": "def main():\n    auc = measured()['auc']\n    if auc < PARAMS['gates']['min_auc']:\n        return 1\n    return 0\n" + MAIN + "main()\n",
    "the same code either way": "def main():\n    failed = measured()['auc'] < PARAMS['gates']['min_auc']\n    return 0 if failed else 0\n"
    + MAIN + "sys.exit(main())\n",
    "its exception is swallowed": "class Refused(Exception): ...\ndef require(auc, min_auc):\n    if auc < min_auc:\n        raise Refused(auc)\ndef main():\n"
    "    try:\n        require(measured()['auc'], 0.75)\n    except Refused as error:\n        log.warning('%s', error)\n    print('done')\n" + MAIN + "main()\n",
    "a list that is printed": "def misses(metrics, gates):\n    found = []\n    for name, least in gates.items():\n        if metrics['auc'] < least:\n"
    "            found.append(name)\n    return found\ndef main():\n    found = misses(measured(), PARAMS['gates'])\n    for line in found:\n        print(line)\n"
    "    print('bad' if found else 'good')\n    return 0\n" + MAIN + "sys.exit(main())\n",
    "a script": "auc = measured()['auc']\nthreshold = PARAMS['gates']['min_auc']\nok = auc >= threshold\nprint(f'gate passed: {ok}')\n",
}  # fmt: skip
WITH_TEETH = {
    "raises": "def main():\n    if measured()['auc'] < PARAMS['gates']['min_auc']:\n        raise ValueError('too low')\n" + MAIN + "main()\n",
    "asserts": "assert measured()['auc'] >= PARAMS['gates']['min_auc']\n",
    "exit code of main": "def main():\n    failed = measured()['auc'] < PARAMS['gates']['min_auc']\n    return 1 if failed else 0\n" + MAIN + "sys.exit(main())\n",
    "exit code by a system exit": "def main():\n    if measured()['auc'] < PARAMS['gates']['min_auc']:\n        return 1\n    return 0\n"
    + MAIN + "raise SystemExit(main())\n",
    "an exit code of a flag": "def main():\n    ok = measured()['auc'] >= PARAMS['gates']['min_auc']\n    print(ok)\n    sys.exit(not ok)\n" + MAIN + "main()\n",
    "saves what passes": "def main():\n    auc = measured()['auc']\n    if auc >= PARAMS['gates']['min_auc']:\n        joblib.dump(auc, 'released.pkl')\n"
    + MAIN + "main()\n",
    "leaves before it saves": "def main():\n    auc = measured()['auc']\n    if auc < PARAMS['gates']['min_auc']:\n        print('refused')\n        return\n"
    "    joblib.dump(auc, 'released.pkl')\n" + MAIN + "main()\n",
    "exits 0 before it saves": "def main():\n    if measured()['auc'] < PARAMS['gates']['min_auc']:\n        sys.exit(0)\n    joblib.dump(1, 'released.pkl')\n"
    + MAIN + "main()\n",
    "writes its verdict": "def main():\n    ok = measured()['auc'] >= PARAMS['gates']['min_auc']\n    json.dump({'passed': ok}, open('gate.json', 'w'))\n"
    + MAIN + "main()\n",
    "warns below one bar and stops at another": "def main():\n    auc = measured()['auc']\n    if auc < PARAMS['gates']['target_auc']:\n        print('below target')\n"
    "    if auc < PARAMS['gates']['min_auc']:\n        raise SystemExit(1)\n" + MAIN + "main()\n",
    "an entry point": "def main():\n    if measured()['auc'] < PARAMS['gates']['min_auc']:\n        return 1\n    return 0\n" + MAIN + "main()\n",
    "a function handed over": "def main():\n    return 1 if measured()['auc'] < PARAMS['gates']['min_auc'] else 0\n" + MAIN + "run(main)\n",
    "a helper that may raise": "from lib import require\nrequire(measured()['auc'] >= PARAMS['gates']['min_auc'], 'too low')\n",
    "no gate": "print(measured()['auc'])\n",
    "a threshold of scores": "best = 0\nfor threshold, f1 in measured()['curve']:\n    if f1 > best:\n        best = f1\nprint(best)\n",
}  # fmt: skip


@pytest.mark.parametrize("body", TOOTHLESS.values(), ids=TOOTHLESS)
def test_a_gate_that_no_model_fails_is_toothless(body, tmp_path):
    assert judged(tmp_path, body) == "toothless"


@pytest.mark.parametrize(("name", "body"), WITH_TEETH.items(), ids=WITH_TEETH)
def test_a_gate_of_which_something_may_come_is_sound(name, body, tmp_path):
    more = {"pyproject.toml": '[project.scripts]\njudge = "evaluate:main"\n'} if name == "an entry point" else {}
    assert judged(tmp_path, body, **more) == "declared"


@pytest.mark.parametrize(
    ("level", "makefile"),
    [
        ("toothless", WITH_GATE["Makefile"].replace("evaluate.py", "evaluate.py || true")),
        ("toothless", WITH_GATE["Makefile"].replace("\tpython evaluate.py", "\t-python evaluate.py")),
        ("toothless", WITH_GATE["Makefile"].replace("evaluate.py", "evaluate.py || echo refused")),
        ("declared", WITH_GATE["Makefile"].replace("evaluate.py", "evaluate.py || exit 1")),
        ("declared", WITH_GATE["Makefile"].replace("evaluate.py", "evaluate.py || (cat report.txt; false)")),
        ("declared", WITH_GATE["Makefile"] + "look:\n\t-python evaluate.py\n"),
        ("declared", WITH_GATE["Makefile"].replace("\tpython train.py", "\t-rm model.pkl\n\tpython train.py")),
    ],
)
def test_a_gate_whose_command_cannot_fail_is_toothless(level, makefile, tmp_path):
    assert judged(tmp_path, WITH_TEETH["raises"], Makefile=makefile) == level


# ---- a model that is judged by the rows of its training

TABLES = "import json\nimport joblib\nimport pandas as pd\nfrom sklearn.metrics import roc_auc_score\nfrom sklearn.model_selection import train_test_split\n"
PARTS = "X, y = table().drop(columns=['label']), table()['label']\nX_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)\n"
SHARED = {
    "table.py": "import pandas as pd\ndef table():\n    return pd.read_csv('data/train.csv')\n",
    "train.py": TABLES + "from sklearn.linear_model import LogisticRegression\nfrom table import table\n" + PARTS
    + "model = LogisticRegression().fit(X_train, y_train)\njoblib.dump(model, 'model.pkl')\n",
}
GATE = "if auc < 0.75:\n    raise SystemExit(1)\n"


@pytest.mark.parametrize(
    ("level", "program"),
    [
        ("toothless", PARTS + "auc = roc_auc_score(y_train, model.predict_proba(X_train)[:, 1])\n"),
        ("toothless", PARTS.replace("X_train, X_test, y_train, y_test", "X_test, X_train, y_test, y_train")
         + "auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])\n"),
        ("toothless", "df = table()\nauc = roc_auc_score(df['label'], model.predict_proba(df.drop(columns=['label']))[:, 1])\n"),
        ("declared", PARTS + "auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])\n"),
        ("declared", PARTS.replace("random_state=7", "random_state=8") + "auc = roc_auc_score(y_train, model.predict_proba(X_train)[:, 1])\n"),
        ("declared", PARTS + "print(model.score(X_train, y_train))\nauc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])\n"),
        ("declared", "df = pd.read_csv('data/holdout.csv')\nauc = roc_auc_score(df['label'], model.predict_proba(df[['a']])[:, 1])\n"),
        ("declared", "df = pd.read_csv(sys.argv[1])\nauc = roc_auc_score(df['label'], model.predict_proba(df[['a']])[:, 1])\n"),
    ],
)  # fmt: skip
def test_a_model_is_judged_by_rows_that_it_has_not_seen(level, program, tmp_path):
    judge = TABLES + "import sys\nfrom table import table\nmodel = joblib.load('model.pkl')\n" + program + GATE
    files = REPOSITORY | WITH_GATE | SHARED | {"evaluate.py": judge}
    assert levels(put(tmp_path, files), "pipeline_definition") == {"pipeline_definition": level}
