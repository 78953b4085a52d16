"""Watches our own ground: engine, network, sidecars. Asked before and after every live stage, so that our trouble is never read as the candidate's.

A killed engine, a deleted network or a dead sidecar looks from the load generator like a service that stopped answering. Sidecars never
restart by themselves, so one that is gone or younger than before was stopped or restarted by someone else.
"""

from __future__ import annotations

from typing import Any

import docker
from docker.errors import NotFound

from grader.schema.causes import Trouble
from harness.sandbox.container import Candidate
from harness.sandbox.engine import ENGINE_ERRORS, translate
from harness.sandbox.heartbeat import PING_S, answers
from harness.sandbox.owner import KIND, RUN

OURS = ("sidecar", "helper")
"""Kinds of containers that live as long as the run."""


class Vigil:
    """Remembers how our containers looked at the start; `verify` raises Trouble when the ground has moved.

    `trouble` is what the last look found, None when all of ours stood.
    """

    def __init__(self, client: docker.DockerClient, run_id: str, network: str) -> None:
        self._client, self._run_id, self._network = client, run_id, network
        self._sidecars = self._standing()
        self.trouble: Trouble | None = None

    def verify(self, candidate: Candidate | None = None) -> None:
        """Raises Trouble(engine_lost | network_lost | sidecar_down); returns when all of ours stands and the candidate is attached."""
        self.trouble = self._trouble(candidate)
        if self.trouble is not None:
            raise self.trouble

    def _trouble(self, candidate: Candidate | None) -> Trouble | None:
        if not answers(self._client):
            return Trouble("engine_lost", f"it does not answer within {PING_S:g} s")
        try:
            return self._network_trouble(candidate) or self._sidecar_trouble()
        except NotFound as error:
            return Trouble("engine_lost", f"a container of this run was removed by someone else: {error.explanation}")
        except ENGINE_ERRORS as error:
            trouble = translate(error)
            return trouble if trouble.cause != "internal_error" else Trouble("engine_lost", trouble.detail)

    def _network_trouble(self, candidate: Candidate | None) -> Trouble | None:
        if not self._client.api.networks(names=[self._network]):
            return Trouble("network_lost", "someone else removed it")
        # Asked of the container, not of the network: that one lists only what runs, and a candidate may just be restarting.
        if candidate is not None and self._network not in self._client.api.inspect_container(candidate.id)["NetworkSettings"]["Networks"]:
            return Trouble("network_lost", "the candidate's container was taken off it by someone else")
        return None

    def _sidecar_trouble(self) -> Trouble | None:
        standing = self._standing()
        moved = [name for name, state in self._sidecars.items() if standing.get(name) != state]
        if not moved:
            return None
        if len(moved) == len(self._sidecars):
            return Trouble("engine_lost", "all of our own containers were stopped or restarted")
        return Trouble("sidecar_down", f"{', '.join(sorted(moved))} was stopped or restarted by someone else")

    def _standing(self) -> dict[str, tuple[object, ...]]:
        """Container name -> its id, when it was started (nothing when it does not run) and its networks."""
        ours = self._client.api.containers(all=True, filters={"label": f"{RUN}={self._run_id}"})
        found = [self._client.api.inspect_container(row["Id"]) for row in ours if row["Labels"].get(KIND) in OURS]
        return {one["Name"].lstrip("/"): (one["Id"], _started(one["State"]), *sorted(one["NetworkSettings"]["Networks"])) for one in found}


def _started(state: dict[str, Any]) -> str:
    return str(state["StartedAt"]) if state["Running"] else ""
