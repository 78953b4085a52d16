"""Training data in the image: planted in several ways, and images that have a use for what they hold, through scan and check."""

from __future__ import annotations

import pytest

from checks.scanned import levels, put

APP = (
    "from fastapi import FastAPI\nimport json\nfrom pathlib import Path\napp = FastAPI()\nMODEL = json.loads(Path('models/m.json').read_text())\n"
    "DATA_DIR = Path('/data')\n@app.post('/predict')\ndef predict(x): return {'data': MODEL['data']['version']}\n"
)
TRAIN = (
    "import joblib\nimport pandas as pd\nfrom sklearn.linear_model import LogisticRegression\ndef main():\n    rows = pd.read_csv('data/train.csv')\n"
    "    joblib.dump(LogisticRegression(random_state=7).fit(rows, rows.y), 'models/m.json')\nif __name__ == '__main__':\n    main()\n"
)
HEAD = (
    "FROM python:3.11-slim AS build\nCOPY requirements.lock .\nRUN pip install -r requirements.lock\n"
    "FROM python:3.11-slim\nCOPY --from=build /opt /opt\n"
)
TAIL = 'CMD ["python", "-m", "svc"]\n'
COPIES = "COPY svc svc\nCOPY models models\n"
LOCK = "anyio==4.4.0\nfastapi==0.111.0\npydantic==2.7.0\nstarlette==0.37.2\nuvicorn==0.30.0\n"
FILES = {
    "svc/__main__.py": APP, "jobs/train.py": TRAIN, "models/m.json": '{"data": {"version": "data/train.csv"}}', "data/train.csv": "y\n1\n",
    "requirements.lock": LOCK, ".dockerignore": "*.ipynb\n.git\n", "Makefile": "train:\n\tpython -m jobs.train\n", "README.md": "# Scoring\n",
}  # fmt: skip


def image(copies: str = COPIES, **changed: str) -> dict[str, str]:
    return FILES | {"Dockerfile": HEAD + copies + TAIL} | changed


SHIPPED = COPIES + "COPY data data\n"
PLANTED = {
    "by its folder": image(SHIPPED),
    "with others": image("COPY svc models data /srv/\n"),
    "in exec form": image('COPY svc svc\nCOPY ["models", "data/", "/srv/"]\n'),
    "by its name": image(COPIES + "ADD --chown=1000 data/train.csv /srv/data/train.csv\n"),
    "by a pattern": image(COPIES + "COPY data/*.csv ./\n"),
    "the whole context": image("COPY . .\n"),
    "let in again": image("COPY . .\n", **{".dockerignore": "*\n!svc\n!models\n!data\n"}),
    "with the training, that cannot run there": image(SHIPPED + "COPY jobs jobs\n"),
    "a table of another kind": image(SHIPPED, **{
        "data/train.csv": "", "data/history.parquet": "x",
        "jobs/train.py": TRAIN.replace("read_csv('data/train.csv", "read_parquet('data/history.parquet")}),
    "named in the pipeline": image(SHIPPED, **{
        "jobs/train.py": TRAIN.replace("'data/train.csv'", "PATH"),
        "data/rows-2024.csv.gz": "x", "dvc.yaml": "stages: {t: {deps: [data/rows-2024.csv.gz]}}\n"}),
    "in a context of its own": {f"api/{path}": text for path, text in image(SHIPPED).items()},
}  # fmt: skip


@pytest.mark.parametrize("style", PLANTED)
def test_training_data_that_nothing_in_the_image_reads_is_noticed(tmp_path, style):
    assert levels(put(tmp_path, PLANTED[style]), "build_context") == {"build_context": "laden"}


def served(old: str, new: str) -> dict[str, str]:
    assert old in APP
    return image(SHIPPED, **{"svc/__main__.py": APP.replace(old, new)})


USE = "DATA_DIR = Path('/data')\n"
SOUND = {
    "nothing but what serves": image(),
    "the whole context without data": image("COPY . .\n", **{".dockerignore": ".git\ndata\n"}),
    "data in the first stage": FILES | {"Dockerfile": HEAD.replace("RUN", "COPY data data\nRUN") + COPIES + TAIL},
    "a reference that drift is held against": served(USE, "REFERENCE = Path('data/train.csv')\n"),
    "all tables of a folder": served(USE, "TABLES = Path('data').glob('*.csv')\n"),
    "a folder with a name": served(USE, "import os\nTABLES = os.path.join(os.path.dirname(__file__), 'data')\n"),
    "a folder as a default": served(USE, "class Settings:\n    folder: str = 'data'\n"),
    "settings name it": image(SHIPPED, **{"config/svc.yaml": "reference: data/train.csv\n"}),
    "the environment names it": image(SHIPPED + "ENV REFERENCE=data/train.csv\n"),
    "trained in the build": image(SHIPPED + "COPY jobs jobs\nRUN python jobs/train.py --rows data/train.csv\n"),
    "a start script that trains": image(SHIPPED).copy() | {
        "Dockerfile": HEAD + SHIPPED + 'COPY start.sh .\nCMD ["sh", "start.sh"]\n',
        "start.sh": "python -m jobs.train data/train.csv\nexec python -m svc\n"},
    "one image for both": image(SHIPPED + "COPY jobs jobs\n", **{"requirements.lock": LOCK + "joblib==1\npandas==2.2.0\nscikit-learn==1.5.0\n"}),
    "one image for both, named packages": image(**{"requirements.txt": "fastapi\nmlflow\n", "requirements.lock": ""}) | {
       "Dockerfile": HEAD.replace(".lock", ".txt") + SHIPPED + "COPY jobs jobs\n" + TAIL},
    "it trains while it serves": served("import json\n", "import json\nfrom jobs.train import main\n"),
    "it starts the training": served(USE, "import subprocess\ndef retrain(): subprocess.run(['python', '-m', 'jobs.train'])\n"),
    "samples for a smoke test": image(COPIES + "COPY data/sample.csv .\n", **{"data/sample.csv": "x"}),
    "another language serves": image(SHIPPED) | {
        "Dockerfile": HEAD + SHIPPED + 'CMD ["node", "main.js"]\n', "svc/__main__.py": "", "main.js": "// /predict"},
    "a lookup that nobody trains on": image(COPIES + "COPY data/countries.csv .\n", **{"data/countries.csv": "x"}),
}  # fmt: skip


@pytest.mark.parametrize("style", SOUND)
def test_an_image_that_may_read_what_it_holds_is_not_blamed(tmp_path, style):
    assert levels(put(tmp_path, SOUND[style]), "build_context") == {"build_context": "tidy"}
