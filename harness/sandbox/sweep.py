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
from harness.sandbox import orphans
from harness.sandbox.engine import ENGINE_ERRORS, translate
from harness.sandbox.helper import Helper
from harness.sandbox.owner import KIND, MARKER, OWNER, RUN, RunRecord, abandoned, labels, owner_token, records
from harness.sandbox.teardown import quietly

BUDGET_S = 30.0
"""A sweep stands at the start of every grading; what does not fit is left to the next one."""
SIDECAR_TAG = "grader-sidecar"
OURS = {"label": RUN}
SWEEP = "sweep"
"""What stands in the place of a run id on the containers of a sweep itself."""

Step = tuple[str, Callable[[], object]]
Mine = Callable[[dict[str, str]], bool]
"""Whether the labels of an engine object say that it is to go."""


def sweep(client: docker.DockerClient, sidecar_image: str | None = None, budget_s: float = BUDGET_S) -> int:
    """How many things were removed. Raises Trouble (engine_lost) when the engine cannot even be asked.

    `sidecar_image` is needed to delete INPUT rules; by default any local image of ours does.
    """
    deadline = time.monotonic() + budget_s
    dead = [record for record in records() if record.abandoned]
    try:
        removed, networks = _remove(client, abandoned, deadline)
        if networks or any(record.bridges for record in dead):
            removed += _rules(client, sidecar_image)
    except ENGINE_ERRORS as error:
        raise translate(error) from error
    return removed + sum(_forget(record) for record in dead)


def remove_run(client: docker.DockerClient, run_id: str, budget_s: float = BUDGET_S) -> int:
    """Remove whatever carries a run's label. The owners of its parts have undone themselves by then; this finds what an interrupt
    between the engine's act and our note of it left, and the run's image. Raises Trouble (engine_lost)."""
    own = owner_token()

    def mine(found: dict[str, str]) -> bool:
        return found.get(RUN) == run_id or (found.get(RUN, SWEEP) == SWEEP and found.get(OWNER) == own)

    try:
        return _remove(client, mine, time.monotonic() + budget_s)[0]
    except ENGINE_ERRORS as error:
        raise translate(error) from error


def _remove(client: docker.DockerClient, mine: Mine, deadline: float) -> tuple[int, int]:
    """(all things removed, networks among what was found). Containers first: they hold the others."""
    removed = _together(list(_containers(client, mine)), deadline)
    networks = list(_networks(client, mine))
    return removed + _together([*networks, *_volumes(client, mine), *_images(client, mine)], deadline), len(networks)


def _together(steps: list[Step], deadline: float) -> int:
    """Run steps side by side; those that would begin after the deadline are skipped."""
    if not steps:
        return 0
    with ThreadPoolExecutor(max_workers=8) as pool:
        done = list(pool.map(lambda step: time.monotonic() < deadline and quietly(*step), steps))
    return sum(done)


def _containers(client: docker.DockerClient, mine: Mine) -> Iterator[Step]:
    for row in client.api.containers(all=True, filters=OURS):
        if mine(row["Labels"]):
            container = Container(attrs={"Id": row["Id"]}, client=client)
            yield f"container {row['Id'][:12]}", partial(container.remove, force=True, v=True)


def _networks(client: docker.DockerClient, mine: Mine) -> Iterator[Step]:
    for row in client.api.networks(filters=OURS):
        if mine(row["Labels"]):
            yield f"network {row['Name']}", partial(_remove_network, client, row["Id"])


def _remove_network(client: docker.DockerClient, id: str) -> None:
    """A build that was cut off may still have its step's container on the network; the engine gives that one no label of ours."""
    for row in client.api.containers(all=True, filters={"network": id}):
        quietly(f"container {row['Id'][:12]}", partial(client.api.remove_container, row["Id"], force=True, v=True))
    client.api.remove_network(id)


def _volumes(client: docker.DockerClient, mine: Mine) -> Iterator[Step]:
    for row in client.api.volumes(filters=OURS)["Volumes"] or []:
        if mine(row["Labels"]):
            yield f"volume {row['Name']}", partial(client.api.remove_volume, row["Name"], force=True)


def _images(client: docker.DockerClient, mine: Mine) -> Iterator[Step]:
    """Candidate images live as long as their run; base and sidecar images, which others use, carry no such label.

    By the owner and not by the run: the engine sets labels one after the other, and a build may be ended in between.
    """
    for row in client.api.images(filters={"label": OWNER}, all=False):
        if mine(row["Labels"]):
            yield f"image {row['Id'][:19]}", partial(client.api.remove_image, row["Id"], force=True)


def _rules(client: docker.DockerClient, sidecar_image: str | None) -> int:
    image = sidecar_image or _any_sidecar_image(client)
    if image is None:
        return 0
    try:
        with Helper(client, image, labels(SWEEP) | {KIND: "helper"}) as helper:
            return helper.sweep_rules() + helper.remove_cgroups()
    except Trouble:  # a rule for an interface that is gone harms nobody; the next sweep tries again
        return 0


def _any_sidecar_image(client: docker.DockerClient) -> str | None:
    found = client.api.images(name=SIDECAR_TAG)
    return str(found[0]["Id"]) if found else None


def _forget(record: RunRecord) -> int:
    """Remove the work folders of a dead run, the processes that work in them, and its record. Folders without our marker are left alone."""
    removed = 0
    for name in record.folders:
        folder = Path(name)
        marker = folder / MARKER
        if folder.is_symlink() or not marker.is_file() or marker.read_text() != record.run_id:
            continue
        removed += orphans.end(folder)
        shutil.rmtree(folder, ignore_errors=True)
        removed += not folder.exists()
    record.path.unlink(missing_ok=True)
    return removed
