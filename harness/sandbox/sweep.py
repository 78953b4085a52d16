"""Remove what killed gradings left behind: containers, networks, volumes, temporary images, INPUT rules, work folders.

Only what carries our labels (or lies in our state folder and holds our marker) and whose owner is certainly dead. Several sweeps may
run at once, beside live gradings: what another one removes meanwhile counts as removed.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import docker
from docker.models.containers import Container

from grader.schema.causes import Trouble
from harness.sandbox.container import ENGINE_ERRORS
from harness.sandbox.engine import translate
from harness.sandbox.helper import Helper
from harness.sandbox.owner import BRIDGE, KIND, MARKER, RUN, TEMPORARY, RunRecord, abandoned, labels, records
from harness.sandbox.teardown import quietly

BUDGET_S = 30.0
"""A sweep stands at the start of every grading; what does not fit is left to the next one."""
SIDECAR_TAG = "grader-sidecar"
OURS = {"label": RUN}

Step = tuple[str, Callable[[], object]]


def sweep(client: docker.DockerClient, sidecar_image: str | None = None, budget_s: float = BUDGET_S) -> int:
    """How many things were removed. Raises Trouble (engine_lost) when the engine cannot even be asked.

    `sidecar_image` is needed to delete INPUT rules; by default any local image of ours does.
    """
    deadline = time.monotonic() + budget_s
    dead = [record for record in records() if record.abandoned]
    try:
        containers = list(_containers(client))
        networks = list(_networks(client))
        bridges = any(record.bridges for record in dead) or bool(networks)
        removed = _together(containers, deadline)
        removed += _together([step for step, _ in networks] + list(_volumes(client)) + list(_images(client)), deadline)
        if bridges:
            removed += _rules(client, sidecar_image)
    except ENGINE_ERRORS as error:
        raise translate(error) from error
    return removed + sum(_forget(record) for record in dead)


def _together(steps: list[Step], deadline: float) -> int:
    """Run steps side by side; those that would begin after the deadline are skipped."""
    if not steps:
        return 0
    with ThreadPoolExecutor(max_workers=8) as pool:
        done = list(pool.map(lambda step: time.monotonic() < deadline and quietly(*step), steps))
    return sum(done)


def _containers(client: docker.DockerClient) -> Iterator[Step]:
    for row in client.api.containers(all=True, filters=OURS):
        if abandoned(row["Labels"]):
            container = Container(attrs={"Id": row["Id"]}, client=client)
            yield f"container {row['Id'][:12]}", partial(container.remove, force=True, v=True)


def _networks(client: docker.DockerClient) -> Iterator[tuple[Step, str]]:
    for row in client.api.networks(filters=OURS):
        if abandoned(row["Labels"]):
            yield (f"network {row['Name']}", partial(client.api.remove_network, row["Id"])), row["Labels"].get(BRIDGE, "")


def _volumes(client: docker.DockerClient) -> Iterator[Step]:
    for row in client.api.volumes(filters=OURS)["Volumes"] or []:
        if abandoned(row["Labels"]):
            yield f"volume {row['Name']}", partial(client.api.remove_volume, row["Name"], force=True)


def _images(client: docker.DockerClient) -> Iterator[Step]:
    """Candidate images live as long as their run; base and sidecar images, which others use, carry no such label."""
    for row in client.api.images(filters={"label": [RUN, TEMPORARY]}, all=False):
        if abandoned(row["Labels"]):
            yield f"image {row['Id'][:19]}", partial(client.api.remove_image, row["Id"], force=True)


def _rules(client: docker.DockerClient, sidecar_image: str | None) -> int:
    image = sidecar_image or _any_sidecar_image(client)
    if image is None:
        return 0
    try:
        with Helper(client, image, labels("sweep") | {KIND: "helper"}) as helper:
            return helper.sweep_rules()
    except Trouble:  # a rule for an interface that is gone harms nobody; the next sweep tries again
        return 0


def _any_sidecar_image(client: docker.DockerClient) -> str | None:
    found = client.api.images(name=SIDECAR_TAG)
    return str(found[0]["Id"]) if found else None


def _forget(record: RunRecord) -> int:
    """Remove the work folders of a dead run and its record. Folders without our marker are left alone."""
    removed = 0
    for name in record.folders:
        folder = Path(name)
        marker = folder / MARKER
        if folder.is_symlink() or not marker.is_file() or marker.read_text() != record.run_id:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        removed += not folder.exists()
    record.path.unlink(missing_ok=True)
    return removed
