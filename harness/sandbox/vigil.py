"""Watches our own ground: engine, network, sidecars. Asked after every live stage, so that our trouble is never read as the candidate's.

A killed engine, a deleted network or a dead sidecar looks from the load generator like a service that stopped answering. Sidecars never
restart by themselves, so a sidecar that is gone or younger than before means that the engine was restarted under us.
"""

from __future__ import annotations

import docker
from docker.errors import NotFound

from grader.schema.causes import Trouble
from harness.sandbox.container import ENGINE_ERRORS, Candidate
from harness.sandbox.engine import translate
from harness.sandbox.owner import KIND, RUN


class Vigil:
    """Remembers how our containers looked at the start; `verify` raises Trouble when the ground has moved."""

    def __init__(self, client: docker.DockerClient, run_id: str, network: str) -> None:
        self._client, self._run_id, self._network = client, run_id, network
        self._sidecars = self._standing()

    def verify(self, candidate: Candidate | None = None) -> None:
        """Raises Trouble(engine_lost | network_lost); returns when all of ours stands and the candidate, if it runs, is attached."""
        try:
            standing = self._standing()
            attached = self._client.networks.get(self._network).attrs.get("Containers") or {}
            running = candidate is not None and candidate.state().running
        except NotFound as error:
            raise Trouble("network_lost", "the run's network is gone") from error
        except ENGINE_ERRORS as error:
            trouble = translate(error)
            raise (trouble if trouble.cause != "internal_error" else Trouble("engine_lost", str(error))) from error
        if standing != self._sidecars:
            raise Trouble("engine_lost", "our own containers were stopped or restarted by someone else")
        if candidate is not None and running and candidate.id not in attached:
            raise Trouble("network_lost", "the candidate's container was taken off the run's network by someone else")

    def _standing(self) -> dict[str, str]:
        """Container id -> when it was started; empty text when it does not run."""
        ours = self._client.api.containers(all=True, quiet=True, filters={"label": [f"{RUN}={self._run_id}", f"{KIND}=sidecar"]})
        states = {found["Id"]: self._client.api.inspect_container(found["Id"])["State"] for found in ours}
        return {id: state["StartedAt"] if state["Running"] else "" for id, state in states.items()}
