"""Attack 57: an ADD that the engine would fetch over the host's own network is refused, in every spelling, before the engine hears of it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest
from attacks import catalogue

from grader.schema.causes import Culprit, Trouble
from grader.schema.challenge import Limits
from grader.schema.evidence import DockerfileChoice
from harness.image.build import build
from harness.source.remote_add import MOST_LINES, remote_adds

from .conftest import MakeTree

KNOWN = catalogue.load()
URL = "http://127.0.0.1:8000/x"

REFUSED = [
    f"ADD {URL} /x", f"add {URL} /x", f"ADD\t{URL} /x", "ADD HTTPS://example.org/x /x", "ADD ftp://10.0.0.1/x /x", "ADD git@10.0.0.1:a/b /x",
    "ADD deploy@10.0.0.1:a/b.git /x", "ADD git://10.0.0.1/a.git /x", "ADD ssh://git@10.0.0.1/a /x", f"ADD a.py {URL} /x/",
    f"ADD --chown=1:1 --checksum=sha256:00 {URL} /x", f'ADD ["{URL}", "/x"]', 'ADD ["\\u0068ttp://127.0.0.1/x", "/x"] more',
    f'ADD "{URL}" /x', 'ADD h""ttp://127.0.0.1/x /x', "ADD h\\ttp://127.0.0.1/x /x", f"ONBUILD ADD {URL} /x", f"onbuild  add {URL} /x",
    f"ADD \\\n  # a comment\n\n  {URL} \\\n  /x", f"AD\\\nD {URL} /x", f"ONBUILD \\\nADD {URL} /x", f"# escape=`\nADD `\n {URL} /x",
    f'RUN echo "x <<EOF "\nADD {URL} /x\nRUN echo \\\nEOF', f"RUN <<'A\\'\nls\nA\\\nADD {URL} /x", f"ADD {URL} /x\r", f"  ADD {URL} /x",
    "ADD $U /x", "ARG U=local\nADD ${U} /x", "ADD ${U:-local}/x /x", "ADD ht$U /x", "ADD http:/$U /x", "ADD a@b:/$U /x", 'ADD ["$U", "/x"]',
    "ADD " + "\\\n" * MOST_LINES + f"{URL} /x",
]  # fmt: skip
ALLOWED = [
    "ADD . /app", "ADD requirements.txt app/ /srv/", "ADD model.tar.gz /", 'ADD ["a b", "/x"]', "ADD --chown=1:1 a $HOME/x", "ADD ./$MODEL /m",
    "ADD models/${MODEL:-a}.json /m", f"COPY $U /x\nRUN curl -fsS {URL} -o /x", f"# ADD {URL} /x", f"RUN echo ADD {URL} /x", f"LABEL from={URL}",
    f"ADDX {URL} /x", "ADD a@2.0/file:1 /x", "ADD github.com/a/b /x", "COPY --from=ghcr.io/a/b:1 /x /x",
]  # fmt: skip


@pytest.mark.parametrize("lines", REFUSED)
def test_no_spelling_of_a_remote_add_reaches_the_engine(lines: str, make_tree: MakeTree, limits: Limits, tmp_path: Path) -> None:
    tree = make_tree({"Dockerfile": f"FROM python:3.11-slim\n{lines}\nCMD [\"a\"]\n"})
    choice = DockerfileChoice(path="Dockerfile", context=".", why="test")
    with pytest.raises(Trouble) as caught:
        build(cast(docker.DockerClient, None), tree, choice, limits, {}, tmp_path / "log")
    assert caught.value.culprit is Culprit.CANDIDATE
    assert re.search(KNOWN.attacks[57].message, f"{caught.value.cause}: {caught.value.detail}") and "RUN step" in str(caught.value)


@pytest.mark.parametrize("lines", ALLOWED)
def test_what_comes_out_of_the_context_is_added(lines: str) -> None:
    assert list(remote_adds(f"FROM python:3.11-slim\n{lines}\n")) == []


def test_the_line_and_the_source_are_named() -> None:
    assert list(remote_adds(f"FROM a:1\n\nADD \\\n a.py {URL} /x\n")) == [(3, URL)]


def test_a_base_image_cannot_bring_one_along(make_tree: MakeTree, limits: Limits, tmp_path: Path) -> None:
    image = SimpleNamespace(id="sha256:" + "a" * 64, labels={}, tags=[], attrs={"Config": {"OnBuild": ["RUN ls", f"ADD {URL} /x"]}})
    client: Any = SimpleNamespace(images=SimpleNamespace(get=lambda _: image))
    choice = DockerfileChoice(path="Dockerfile", context=".", why="test")
    with pytest.raises(Trouble, match="ONBUILD of evil:1") as caught:
        build(client, make_tree({"Dockerfile": "FROM evil:1\n"}), choice, limits, {}, tmp_path / "log")
    assert caught.value.cause == "remote_add"


@pytest.mark.parametrize("line", ["ADD \\\n", "A\\\n", "\\\n", "ADD a b\n", "ONBUILD\\\n"])
def test_a_hostile_file_costs_linear_time(line: str) -> None:
    began = time.process_time()
    next(remote_adds(line * ((1 << 20) // len(line))), None)
    assert time.process_time() - began < 10
