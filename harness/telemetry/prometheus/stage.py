"""The watch as the live stages use it: begun just before the drift experiment, read after it, ended when nobody needs it any more."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby

from grader.schema.causes import Trouble
from grader.schema.evidence import DriftEvidence, PrometheusEvidence
from harness.client import Client
from harness.sandbox.sidecar import AlertReceiver
from harness.telemetry.prometheus import facts
from harness.telemetry.prometheus.material import Material
from harness.telemetry.prometheus.watcher import Watcher


class Watch:
    """One per run. `begin` never fails: what goes wrong there is raised by `collect`, in a stage of its own, so that drift goes on without."""

    def __init__(self, material: Material, path: str, since: float) -> None:
        self._material, self._path, self._since = material, path, since
        self._stack = ExitStack()
        self._watcher: Watcher | None = None
        self._trouble: Trouble | None = None

    def begin(self, client: Client, alerts: AlertReceiver, cores: Sequence[int]) -> None:
        """Start both processes and return without waiting for them."""
        try:
            self._watcher = self._stack.enter_context(Watcher(self._material, client, self._path, alerts.expect, cores))
        except Trouble as trouble:
            self._trouble = trouble
        except OSError as error:
            self._trouble = Trouble("prometheus_missing", f"could not be started: {error.strerror or error}")

    @property
    def unheard(self) -> str | None:
        """Why the rules of a repository that has some are not evaluated; None where they are, or where there are none."""
        if not any(rules.rules and rules.problem is None for rules in self._material.rules):
            return None
        if self._trouble is not None:
            return str(self._trouble)
        return None if self._watcher is not None and self._watcher.heard else "Prometheus or Alertmanager did not run"

    def collect(self, drift: DriftEvidence | None) -> PrometheusEvidence:
        """Everything seen until now; may be called again while the watch goes on. Raises Trouble."""
        if self._trouble is not None:
            raise self._trouble
        if self._watcher is None:
            raise Trouble("internal_error", "no watch was begun")
        return facts.collect(self._watcher, self._since, stretches(drift) if drift else ())

    def end(self) -> None:
        """End both processes and remove what they wrote."""
        self._watcher = None
        self._stack.close()


def stretches(drift: DriftEvidence) -> list[tuple[float, float]]:
    """(start_s, end_s) of every drift that was streamed."""
    runs = (list(windows) for phase, windows in groupby(drift.windows, key=lambda window: window.phase) if phase == "drifted")
    return [(run[0].start_s, run[-1].end_s) for run in runs if run[-1].end_s > run[0].start_s]
