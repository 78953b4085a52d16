"""Trainings that flatter their model, and models that are judged by the rows of their training: planted in several spellings, beside sound ones,
through scan and check."""

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
SHA = "45c193b14202af4092dc976504a40d1c8006a8bb94eb96f55fbea4cb6f9c6501"
METADATA = '{"model_version": "2026-01", "data": {"sha256": "' + SHA + '"}, "metrics": {"auc": 0.81}}'
REPOSITORY = {
    "Makefile": "train: check\n\tpython train.py\ncheck:\n\tpython check.py\n",
    "check.py": "import pandas as pd\nif len(pd.read_csv('data/train.csv')) < 100:\n    raise SystemExit(1)\n",
    "models/metadata.json": METADATA,
}
TAIL = """
if __name__ == "__main__":
    main()
"""


def program(body: str) -> str:
    for short, text in SHORT.items():
        body = body.replace(short, text)
    return HEAD + "def main():\n" + textwrap.indent(body, "    ") + TAIL


def trained(tmp_path, body: str, **more: str) -> dict[str, str]:
    return levels(put(tmp_path, REPOSITORY | {"train.py": program(body)} | more), "artifact_metadata", "pipeline_definition")


# ---- metrics on rows that were learned from

SHORT = {
    "<READ>": "df = pd.read_csv(DATA)\nX, y = df.drop(columns=['label']), df['label']",
    "<SPLIT>": "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=7)",
    "<SAVED>": "json.dump({'auc': auc}, open('metrics.json', 'w'))\njoblib.dump(model, 'model.pkl')",
}
"""What most of the programs have in common."""
LEAKS = {
    "scaler first": """
<READ>
X = StandardScaler().fit_transform(X)
<SPLIT>
model = LogisticRegression(C=1).fit(X_train, y_train)
auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
<SAVED>
""",
    "scaler object, transform later": """
<READ>
scaler = StandardScaler()
scaler.fit(X, None)
<SPLIT>
model = LogisticRegression(C=1)
model.fit(scaler.transform(X_train), y_train)
p = model.predict_proba(scaler.transform(X_test))[:, 1]
auc = roc_auc_score(y_test, p)
<SAVED>
""",
    "fitted on all": """
<READ>
<SPLIT>
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
<SAVED>
""",
    "score of all": """
<READ>
<SPLIT>
model = LogisticRegression()
model.fit(X, y)
auc = model.score(X_test, y_test)
<SAVED>
""",
    "put together again": """
<READ>
<SPLIT>
model = LogisticRegression()
model.fit(pd.concat([X_train, X_test]), pd.concat([y_train, y_test]))
auc = model.score(X_test, y_test)
<SAVED>
""",
    "cut by a row": """
df = pd.read_csv(DATA).sort_values('time')
n = int(0.8 * len(df))
train, test = df[:n], df[n:]
model = LogisticRegression().fit(df[['a', 'b']], df['label'])
auc = roc_auc_score(test['label'], model.predict_proba(test[['a', 'b']])[:, 1])
<SAVED>
""",
    "cut by a day": """
df = pd.read_csv(DATA)
df[['a']] = StandardScaler().fit_transform(df[['a']])
train, test = df[df.day < 20], df[df.day >= 20]
model = LogisticRegression().fit(train[['a']], train['label'])
auc = roc_auc_score(test['label'], model.predict_proba(test[['a']])[:, 1])
<SAVED>
""",
    "groups": """
<READ>
X = StandardScaler().fit_transform(X)
train, test = next(GroupShuffleSplit(random_state=3).split(X, y, df['customer']))
model = LogisticRegression().fit(X[train], y[train])
auc = roc_auc_score(y[test], model.predict_proba(X[test])[:, 1])
<SAVED>
""",
    "nothing but the training rows": """
<READ>
<SPLIT>
model = LogisticRegression().fit(X_train, y_train)
auc = roc_auc_score(y_train, model.predict_proba(X_train)[:, 1])
<SAVED>
""",
}
SOUND = {
    "split first": """
<READ>
<SPLIT>
scaler = StandardScaler().fit(X_train)
model = LogisticRegression().fit(scaler.transform(X_train), y_train)
auc = roc_auc_score(y_test, model.predict_proba(scaler.transform(X_test))[:, 1])
<SAVED>
""",
    "refitted on all once measured": """
<READ>
<SPLIT>
model = LogisticRegression().fit(X_train, y_train)
auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
model.fit(X, y)
<SAVED>
""",
    "refitted under the same name and measured again": """
<READ>
<SPLIT>
model = LogisticRegression().fit(X_train, y_train)
auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
model = LogisticRegression().fit(X, y)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]))
<SAVED>
""",
    "both parts measured": """
<READ>
<SPLIT>
model = LogisticRegression().fit(X_train, y_train)
print('train', model.score(X_train, y_train))
auc = model.score(X_test, y_test)
<SAVED>
""",
    "labels encoded first": """
<READ>
y = LabelEncoder().fit_transform(y)
<SPLIT>
model = LogisticRegression().fit(X_train, y_train)
auc = model.score(X_test, y_test)
<SAVED>
""",
    "categories of all": """
<READ>
X = OneHotEncoder().fit_transform(X)
<SPLIT>
model = LogisticRegression().fit(X_train, y_train)
auc = model.score(X_test, y_test)
<SAVED>
""",
    "only where asked": """
<READ>
<SPLIT>
final = '--final' in sys.argv
model = LogisticRegression().fit(X if final else X_train, y if final else y_train)
auc = model.score(X_test, y_test)
<SAVED>
""",
    "a branch for the release": """
<READ>
<SPLIT>
model = LogisticRegression().fit(X_train, y_train)
if '--release' in sys.argv:
    model.fit(X, y)
auc = model.score(X_test, y_test)
<SAVED>
""",
    "folds inside of the training part": """
<READ>
<SPLIT>
X_train = StandardScaler().fit_transform(X_train)
for one, other in KFold(5).split(X_train):
    m = LogisticRegression().fit(X_train[one], y_train[one])
    print(roc_auc_score(y_train[other], m.predict_proba(X_train[other])[:, 1]))
model = LogisticRegression().fit(X_train, y_train)
auc = model.score(X_test, y_test)
<SAVED>
""",
    "a monitor fitted on all": """
<READ>
<SPLIT>
monitor = StandardScaler().fit(X)
model = LogisticRegression().fit(X_train, y_train)
auc = model.score(X_test, y_test)
joblib.dump(monitor, 'reference.pkl')
<SAVED>
""",
    "unknown helper": """
from helpers import parts
<READ>
a, b = parts(X)
model = LogisticRegression().fit(a, y)
auc = model.score(b, y)
<SAVED>
""",
    "another table": """
<READ>
test = pd.read_csv('data/test.csv')
model = LogisticRegression().fit(X, y)
auc = model.score(test.drop(columns=['label']), test['label'])
<SAVED>
""",
    "no split at all": """
<READ>
model = LogisticRegression().fit(X, y)
auc = model.score(X, y)
<SAVED>
""",
    "cross-validated": """
from sklearn.model_selection import cross_val_score
<READ>
<SPLIT>
model = LogisticRegression()
auc = cross_val_score(model, X, y).mean()
model.fit(X, y)
print(model.score(X_test, y_test))
<SAVED>
""",
}


@pytest.mark.parametrize("body", LEAKS.values(), ids=LEAKS)
def test_a_metric_on_rows_that_were_learned_from_flatters(body, tmp_path):
    assert trained(tmp_path, body) == {"artifact_metadata": "flattered", "pipeline_definition": "declared"}


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_a_sound_or_unknown_evaluation_is_not_blamed(body, tmp_path):
    assert trained(tmp_path, body) == {"artifact_metadata": "described", "pipeline_definition": "declared"}


# ---- a model that is judged by the rows of its training

TABLES = """
import joblib
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
"""
PARTS = """
X, y = table().drop(columns=['label']), table()['label']
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)
"""
SHARED = {
    "table.py": "import pandas as pd\ndef table():\n    return pd.read_csv('data/train.csv')\n",
    "train.py": TABLES + "from sklearn.linear_model import LogisticRegression\nfrom table import table\n" + PARTS
    + "model = LogisticRegression().fit(X_train, y_train)\njoblib.dump(model, 'model.pkl')\n",
}
EVALUATED = "all: train evaluate\ntrain: check\n\tpython train.py\ncheck:\n\tpython check.py\nevaluate: train\n\tpython evaluate.py\n"
GATE = "if auc < 0.75:\n    raise SystemExit(1)\n"


@pytest.mark.parametrize(
    ("level", "steps"),
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
def test_a_model_is_judged_by_rows_that_it_has_not_seen(level, steps, tmp_path):
    judge = TABLES + "import sys\nfrom table import table\nmodel = joblib.load('model.pkl')\n" + steps + GATE
    files = REPOSITORY | SHARED | {"evaluate.py": judge, "Makefile": EVALUATED}
    assert levels(put(tmp_path, files), "pipeline_definition") == {"pipeline_definition": level}
