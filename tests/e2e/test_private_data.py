"""What is private to a challenge and to its operator is graded from outside: canary strings in it turn up nowhere that a candidate can look."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

import docker
import pytest

from harness.sandbox.owner import OWNER

from .grading import Place, make_place, result_of

pytestmark = pytest.mark.engine


def planted(root: Path, folder: Path) -> tuple[Path, list[str]]:
    """A copy of the challenges with a canary in every private module, as code and as comment."""
    copy = folder / "challenges"
    shutil.copytree(root, copy)
    canaries = []
    for file in sorted((copy / "fraud-scoring" / "private").glob("*.py")):
        canary = f"canary-{uuid.uuid4().hex}"
        with file.open("a", encoding="utf-8") as text:
            text.write(f'\nPLANTED = "{canary}-code"  # {canary}-comment\n')
        canaries.append(canary)
    return copy, canaries


def found_in(pieces: Iterable[bytes], wanted: list[bytes]) -> set[bytes]:
    """Which of the strings the stream holds, also across the ends of its pieces."""
    found: set[bytes] = set()
    rest = b""
    for piece in pieces:
        window = rest + piece
        found |= {string for string in wanted if string in window}
        rest = window[-200:]
    return found


def test_no_canary_reaches_an_image_a_container_a_log_or_a_report(
    engine: docker.DockerClient, challenges_root: Path, good: Path, tmp_path: Path
) -> None:
    root, canaries = planted(challenges_root, tmp_path)
    place: Place = make_place(tmp_path / "place", root)
    canaries.append(place.env["GRADER_OPERATOR_KEY"])
    wanted = [canary.encode() for canary in canaries]
    sound = b"GET /v1/customers/"  # stands in the candidate's own file: the search is not blind
    with place.grading(good, "-m", "brief") as grading:
        grading.until("started", "stress")
        mine = {"label": f"{OWNER}={grading.token}"}
        containers = engine.containers.list(filters=mine)
        images = {container.image.id for container in containers if container.image is not None}
        for container in containers:
            assert found_in([json.dumps(container.attrs).encode(), container.logs()], wanted) == set()
        inside = [found_in(container.export(), [*wanted, sound]) for container in containers]
        made = [json.dumps(engine.api.history(image)).encode() for image in images]
        done = grading.end()
    assert done.code in (0, 4), done.err
    assert len(images) >= 2, "the candidate's and ours"
    assert set().union(*inside) == {sound}
    assert found_in(made, wanted) == set()
    files = [path for path in [*place.out.rglob("*"), *place.temporary.rglob("*")] if path.is_file()]
    assert len(files) > 15
    assert {str(path): found for path in files if (found := found_in([path.read_bytes()], wanted))} == {}
    assert found_in([done.out.encode(), done.err.encode()], wanted) == set()
    assert result_of(place.out).submission.origin == good.name
