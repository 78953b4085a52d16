"""Attack 28 without an engine: which images a Dockerfile may name, in any spelling, and what an image may have the build on top of it do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from grader.schema.causes import Trouble
from grader.schema.evidence import DockerfileChoice
from harness.image import build as building
from harness.image.bases import ensure_bases, own_frontend, refuse_hidden
from harness.sandbox import owner
from harness.source.instructions import parse
from harness.source.tree import SourceTree

from .builds import limits

THEIRS = "sha256:" + "ab" * 32
KEY = "cd" * 16


class Image:
    def __init__(self, id: str, tags: list[str], labels: dict[str, str], triggers: list[str]) -> None:
        self.id, self.tags, self.labels = id, tags, labels
        self.attrs = {"Config": {"OnBuild": triggers}}


class Engine:
    """Holds python:3.11, another submission's image, the grader's own and one that brings triggers; nothing can be pulled."""

    def __init__(self, *triggers: str) -> None:
        plain = Image("sha256:1", ["python:3.11"], {}, [])
        theirs = Image(THEIRS, [f"grader-candidate:{KEY}"], {owner.RUN: "run"}, [])
        ours = Image("sha256:2", ["grader-sidecar:1"], {}, [])
        self.held = {"python:3.11": plain, "sha256:1": plain, THEIRS: theirs, THEIRS[7:19]: theirs, "retagged": theirs, "sha256:2": ours}
        self.held |= {"library/triggers": (made := Image("sha256:3", ["library/triggers:latest"], {}, list(triggers))), "sha256:3": made}
        self.images = self.api = self
        self.pulled: list[str] = []

    def get(self, name: str) -> Image:
        if name not in self.held:
            raise ImageNotFound("not here")
        return self.held[name]

    def version(self) -> dict[str, str]:
        return {"Os": "linux", "Arch": "amd64"}

    def pull(self, reference: str, **_: Any) -> list[dict[str, str]]:
        self.pulled.append(reference)
        return [{"error": "not to be had"}]


REFUSED = {
    "by its id": f"FROM {THEIRS}\n",
    "by a short id": f"FROM {THEIRS[7:19]}\n",
    "by another tag": "FROM retagged\n",
    "ours by its id": "FROM sha256:2\n",
    "in full": f"FROM docker.io/library/grader-candidate:{KEY}\n",
    "nearly in full": f"FROM library/grader-candidate:{KEY}\n",
    "as its own alias": "FROM retagged AS retagged\n",
    "as the alias of a later stage": "FROM retagged\nFROM python:3.11 AS retagged\n",
    "by a variable": "ARG A=retagged\nFROM $A\n",
    "by a variable without a value": "ARG A\nFROM retagged$A\n",
    "by the platform": "ARG A=retagged\nFROM ${TARGETARCH:+$A}\n",
    "by the platform's absence": "FROM retagged$TARGETVARIANT\n",
    "copied from": "FROM python:3.11\nCOPY --from=retagged / /x\n",
    "copied from, quoted": 'FROM python:3.11\nCOPY --from="retag"ged / /x\n',
    "copied from, its stage's own name": "FROM python:3.11 AS retagged\nCOPY --from=retagged / /x\n",
    "copied from, second of two": "FROM python:3.11\nCOPY --from=python:3.11 --from=retagged / /x\n",
    "copied from by a variable": "FROM python:3.11\nARG A=retagged\nCOPY --from=$A / /x\n",
    "mounted": "FROM python:3.11\nRUN --mount=type=bind,from=retagged,target=/x ls\n",
    "mounted, first of two": "FROM python:3.11\nRUN --mount=from=retagged,target=/x --mount=type=tmpfs,target=/y ls\n",
    "mounted, quoted": 'FROM python:3.11\nRUN --mount=type=bind,\\"from=retagged\\",target=/x ls\n',
    "mounted, the flag quoted": 'FROM python:3.11\nRUN --mo"unt"="FROM=retagged,target=/x y" ls\n',
    "mounted, in two lines": "FROM python:3.11\nRUN --mount=type=bind,from=retag\\\nged,target=/x ls\n",
    "mounted by a trigger": "FROM python:3.11 AS base\nONBUILD RUN --mount=from=retagged,target=/x ls\nFROM base\n",
    "copied by a trigger": "FROM python:3.11 AS base\nONBUILD COPY --from=retagged / /x\nFROM base\n",
}


@pytest.mark.parametrize("what", REFUSED)
def test_no_spelling_of_an_image_that_is_no_base_is_taken(what: str) -> None:
    engine: Any = Engine()
    with pytest.raises(Trouble, match=r"of another submission|variable") as caught:
        ensure_bases(engine, parse(REFUSED[what]))
    assert caught.value.cause == "build_failed" and engine.pulled == []


HIDDEN = {
    "in what looks like a heredoc": 'RUN echo "x <<A"\nFROM retagged\nA\n',
    "copied in what looks like a heredoc": 'RUN echo "x <<A"\nCOPY --from=retagged / /x\nA\n',
    "in what looks like a continuation": "RUN echo \\\\\nFROM retagged\n",
    "by the platform flag": 'RUN echo "x <<A"\nFROM --platform="linux /amd64" retag"ged" AS x\nA\n',
}


@pytest.mark.parametrize("what", HIDDEN)
def test_an_image_that_only_another_reading_names_is_refused_too(what: str) -> None:
    engine: Any = Engine()
    text = f"FROM python:3.11\n{HIDDEN[what]}"
    with pytest.raises(Trouble, match="of another submission"):
        refuse_hidden(engine, text, parse(text))


def test_text_of_a_heredoc_may_look_like_an_instruction() -> None:
    engine: Any = Engine()
    text = "FROM python:3.11\nRUN psql <<SQL\nSELECT a\nFROM users\nSQL\nRUN copy --from=x\n"
    refuse_hidden(engine, text, parse(text))


def test_names_without_end_are_not_asked_for() -> None:
    engine: Any = Engine()
    text = "".join(f"FROM a{n}\n" for n in range(501))
    with pytest.raises(Trouble, match="more than 500 images"):
        refuse_hidden(engine, text, parse(text))


TRIGGERS = [
    "COPY --from=retagged / /x", "RUN --mount=type=bind,from=retagged,target=/x ls", "RUN --mount=type=cache,target=/c ls",
    "RUN \\\n --mount=type=ca\\\nche,target=/c ls", 'RUN --mount=type="cache",target=/c ls',
    f"COPY --from=docker.io/library/grader-candidate:{KEY} / /x",
]  # fmt: skip


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_an_image_cannot_bring_what_a_dockerfile_may_not_say(trigger: str) -> None:
    engine: Any = Engine("RUN echo fine", trigger)
    with pytest.raises(Trouble, match=r"of another submission|mounts a cache") as caught:
        ensure_bases(engine, parse("FROM library/triggers\n"))
    assert caught.value.cause == "build_failed"


TAKEN = {
    "FROM python:3.11\nFROM scratch\n": ["sha256:1"],
    "FROM python:3.11 AS retagged\nFROM retagged\nCOPY --from=retagged / /x\nCOPY --from=0 / /y\n": ["sha256:1"],
    "FROM python:3.11 AS a\nRUN --mount=from=a,target=/x ls\nFROM a\nRUN --mount=from=a,target=/x --mount=type=secret,id=b ls\n": ["sha256:1"],
    "FROM library/triggers\nCOPY --from=python:3.11 / /x\n": ["sha256:3", "sha256:1"],
    "ARG V=3.11\nFROM --platform=$BUILDPLATFORM python:$V\n": ["sha256:1"],
    "FROM python-$TARGETARCH:3\n": [],
}


@pytest.mark.parametrize("text", TAKEN)
def test_what_anybody_may_name_is_taken(text: str) -> None:
    engine: Any = Engine("RUN echo fine", "COPY --from=python:3.11 / /x")
    assert ensure_bases(engine, parse(text)) == TAKEN[text] and engine.pulled == []


def test_what_is_not_here_is_pulled_and_what_has_our_name_is_not() -> None:
    engine: Any = Engine()
    with pytest.raises(Trouble, match="not to be had"):
        ensure_bases(engine, parse("FROM node:22 AS node:22\n"))
    with pytest.raises(Trouble, match="of another submission"):
        ensure_bases(engine, parse("FROM docker.io/library/grader-tools\n"))
    assert engine.pulled == ["node:22"]


@pytest.mark.parametrize(("name", "kept"), [
    ("docker/dockerfile:1", True), ("docker.io/docker/dockerfile:1", True), ("docker/dockerfile:2", False), ("python:3.11", False),
    ("retagged", False), ("docker/dockerfile:1 x", False), ("evil/docker/dockerfile:1", False),
])  # fmt: skip
def test_only_dockers_own_frontend_is_kept_and_only_where_it_is_here(name: str, kept: bool) -> None:
    engine: Any = Engine()
    engine.held |= dict.fromkeys(["docker/dockerfile:1", "docker.io/docker/dockerfile:1", "evil/docker/dockerfile:1"], engine.held["python:3.11"])
    assert own_frontend(engine, parse(f"# syntax={name}\nFROM python:3.11\n")) == (name if kept else "")


def test_a_frontend_that_a_from_brings_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is asked for before the bases are: what is here after that may be the candidate's choice."""
    engine: Any = Engine()
    order: list[str] = []
    monkeypatch.setattr(building, "own_frontend", lambda *_: order.append("frontend") or "")
    monkeypatch.setattr(building, "ensure_bases", lambda *_: (order.append("bases"), 1 / 0))
    (tmp_path / "Dockerfile").write_text("# syntax=docker/dockerfile:2\nFROM docker/dockerfile:2\n")
    tree = SourceTree(root=tmp_path, kind="folder", commit=None, tree="0", files=1, bytes=1, uncommitted=None, paths=["Dockerfile"])
    with pytest.raises(ZeroDivisionError):
        building.build(engine, tree, DockerfileChoice(path="Dockerfile", context=".", why=""), limits(), {}, tmp_path / "log")
    assert order == ["frontend", "bases"]
