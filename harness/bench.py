"""What every live stage stands on: the generator, the sandbox, and all requests of the run, fixed before the first is sent."""

from __future__ import annotations

from dataclasses import dataclass

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.challenge import Mode
from harness.drift import experiment
from harness.faults import stage as faults
from harness.faults.stage import RowsOf
from harness.feedback import experiment as feedback
from harness.feedback.plan import Experiment as Feedback
from harness.load.generator import LoadGenerator
from harness.load.supply import rows_needed
from harness.sandbox.topology import Topology
from harness.sandbox.vigil import Vigil
from harness.seeds import Seeds
from harness.telemetry.prometheus.material import Material

PHASES = ("contract", "load", "stress", "drift", "feedback", "faults")
"""Phases with a seed of their own."""

CONTRACT_ROWS = 80
STRESS_ROWS = 8000
"""Different payments for the stress stage, which goes through them as often as it needs, under new ids: no window of 500 sees one twice."""


@dataclass(frozen=True)
class Streams:
    """Every hidden request of the run, fixed before the first is sent. Ids and customers of different phases never overlap."""

    contract: list[Row]
    load: list[Row]
    stress: list[Row]
    drift: experiment.Experiment | None
    feedback: Feedback | None
    faults: RowsOf
    """Drawn anew for each fault, always the same for the same one: all at once they would be a third of the grader's memory."""

    @classmethod
    def draw(cls, challenge: LoadedChallenge, mode: Mode, seeds: Seeds) -> Streams:
        simulator = challenge.simulator()
        return cls(
            contract=simulator.stream(CONTRACT_ROWS, seeds.derive("contract")),
            load=simulator.stream(rows_needed(mode.load, challenge.spec.reality), seeds.derive("load")) if mode.load else [],
            stress=simulator.stream(STRESS_ROWS, seeds.derive("stress")) if mode.stress else [],
            drift=experiment.prepare(challenge, mode.drift, seeds.derive("drift")) if mode.drift else None,
            feedback=feedback.prepare(challenge, mode.feedback, seeds.derive("feedback")),
            faults=lambda fault: simulator.stream(faults.rows_needed(fault), seeds.derive(f"faults:{fault}")),
        )

    @property
    def rows(self) -> list[Row]:
        """Rows whose customers the feature store must know from the start; drift, feedback and faults bring their own."""
        return [*self.contract, *self.load, *self.stress]


@dataclass(frozen=True)
class Bench:
    """What a measurement stands on, entered and ready."""

    generator: LoadGenerator
    topology: Topology
    streams: Streams
    seeds: Seeds
    vigil: Vigil
    material: Material
