"""A submission whose every string attacks whoever reads about it: a repository made of payloads, and evidence with one in every string."""

from __future__ import annotations

import itertools
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from any_result import ATTACKS
from git_server import GitServer, git
from judge import made
from pydantic import BaseModel

import challenges.loader
from grader.schema.bundle import Bundle
from harness.source import dockerfile, probes
from harness.source.clone import obtain

BEACON = "http://127.0.0.1:9/beacon"
SCRIPT = f"<script>document.title='ran';fetch('{BEACON}')</script>"
IMAGE = f'"><img src={BEACON} onerror="document.title=\'ran\'">'
NAMES = (
    "<img src=x onerror=alert(1)>.py", '" onmouseover="alert(1).py', "'-alert(1)-'.yaml", "{{ 7*7 }}.json", "=cmd|' !A0.py", "@SUM(1).py", "+1.py",
    "-1.py", "[x](javascript:alert(1)).md", "![x](http:evil.example).md", "| a | b |.py", "]]><x>.py", "<!-- x -->.py", "`id`.py", "$(id).py",
    "%2e%2e.py", "&lt;b&gt;.py",
)  # fmt: skip
"""All of them names that the clone lets through."""


def repository(server: GitServer) -> str:
    """Its author, its message, its files and what they say."""
    folder = server.root / "work"
    folder.mkdir()
    for path, text in _files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "-A", "-f")
    git(folder, "-c", f"user.name={SCRIPT}", "commit", "--quiet", f"--author={SCRIPT.replace('<', '').replace('>', '')} <x@y.z>", "-m", SCRIPT)
    git(server.root, "clone", "--quiet", "--bare", str(folder), "x")
    return server.url("x")


def _files() -> dict[str, str]:
    everything = "\n".join(ATTACKS)
    quoted = [attack.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\x00", "") for attack in (SCRIPT, IMAGE, *ATTACKS)]
    quoted = ["".join(c for c in text if c.isprintable()) for text in quoted]
    rules = "".join(
        f'- alert: "{q}"\n  expr: "up == 0"\n  labels: {{severity: "{q}"}}\n  annotations: {{summary: "{q}", "{q}": "x"}}\n' for q in quoted
    )
    return {
        "Dockerfile": f"FROM python:3.11-slim AS x\nLABEL a=\"{quoted[0]}\"\nCOPY {NAMES[0].replace(' ', '')} /{SCRIPT}\nUSER {SCRIPT}\n"
        f'EXPOSE 8000\nHEALTHCHECK CMD {SCRIPT}\nCMD ["uvicorn", "{quoted[1]}"]\n',
        "README.md": f"# {SCRIPT}\n{everything}\n", "MODEL_CARD.md": everything, "RUNBOOK.md": everything,
        "COST.md": f"Monthly cost: {IMAGE} 100 USD", "requirements.txt": "".join(f"{q}==1.0\n" for q in quoted),
        "pyproject.toml": f'[project]\nname = "{quoted[0]}"\ndependencies = ["{quoted[1]}"]\n',
        "k8s/deployment.yaml": f'kind: Deployment\nmetadata: {{name: "{quoted[0]}"}}\n'
        f'spec: {{template: {{spec: {{containers: [{{name: "{quoted[1]}", '
        f'image: "{quoted[0]}", resources: {{limits: {{memory: "{quoted[0]}"}}}}}}]}}}}}}\n',
        "ops/rules.yml": "groups:\n- name: x\n  rules:\n" + "".join(f"  {line}\n" for line in rules.splitlines()),
        "ops/dashboard.json": '{"panels": [' + ",".join(f'{{"title": "{q}", "targets": [{{"expr": "{q}"}}]}}' for q in quoted) + "]}",
        ".github/workflows/ci.yml": f'on: push\njobs: {{"{quoted[0]}": {{steps: [{{name: "{quoted[1]}", run: "pytest {quoted[0]}"}}]}}}}\n',
        ".env": f"API_TOKEN={SCRIPT}abcdefghij0123456789\n", "tests/test_x.py": f"def test_x():\n    assert f() == {SCRIPT!r}\n",
        "train.py": f"import joblib\nmodel.fit(x, y)  # {everything.splitlines()[0]}\njoblib.dump(model, {SCRIPT!r})\n",
        **dict.fromkeys(NAMES, everything),
    }  # fmt: skip


OURS = frozenset({"id", "kind", "name", "stage", "moment", "since", "until", "feature", "phase", "target", "window", "source", "version"})
"""Fields whose words are mostly the grader's own: judgement looks things up by them."""


def bundle(server: GitServer, dest: Path, keep: frozenset[str]) -> Bundle:
    """Source and repository as the harness found them in a clone; the rest as a run that went well, with a payload in every string.

    Fields named in `keep` stay, so that there is something to judge.
    """
    challenge = challenges.loader.load("fraud-scoring")
    tree = obtain(repository(server), dest, challenge.spec.limits, allow_hosts=[server.host], ca_file=server.ca_file)
    sound = made.sound()
    attacks = itertools.cycle((SCRIPT, IMAGE, *ATTACKS))
    evidence = {name: spoilt(data, attacks, keep) for name, data in sound.evidence.items()}
    evidence |= {"source": dockerfile.examine(tree), "repository": probes.scan(tree, challenge)}
    failures = {"feedback": made.failure("service_gone", SCRIPT + IMAGE + "\n".join(ATTACKS))}
    assert sound.manifest is not None
    manifest = spoilt(sound.manifest, attacks, keep | {"mode", "challenge"})
    return Bundle(manifest, sound.challenge, evidence, failures, [f"{SCRIPT}{attack}" for attack in ATTACKS])


def spoilt(record: Any, attacks: Iterator[str], keep: frozenset[str]) -> Any:
    """The record with a payload at the end of every string that is not one of a fixed set of words."""

    def spoil(value: Any, kind: Any) -> Any:
        arguments = typing.get_args(kind) if typing.get_origin(kind) in (list, dict, tuple) else ()
        if isinstance(value, BaseModel):
            return spoilt(value, attacks, keep)
        if isinstance(value, list | tuple):
            return type(value)(spoil(item, arguments[0] if arguments else Any) for item in value)
        if isinstance(value, dict):
            return {key: spoil(item, arguments[1] if arguments else Any) for key, item in value.items()}
        return value + next(attacks) if isinstance(value, str) and _free(kind) else value

    fields = {name: field for name, field in type(record).model_fields.items() if name not in keep}
    return record.model_copy(update={name: spoil(getattr(record, name), field.annotation) for name, field in fields.items()})


def _free(kind: Any) -> bool:
    """Any text may stand there."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return any(_free(one) for one in typing.get_args(kind))
    return kind is str or kind is Any
