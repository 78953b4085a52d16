"""Fault experiments: steady state -> inject -> proof -> probe -> undo -> steady state, as an open-loop record."""

from __future__ import annotations

from pydantic import Field

from grader.schema.base import Model
from grader.schema.causes import Failure
from grader.schema.evidence.load import TimeBin


class FaultCase(Model):
    """One input of an input fault, and the answer to it."""

    name: str
    status: int | None
    seconds: float
    error: str | None
    body: str
    alive_after: bool


class FaultRecord(Model):
    """One fault of the catalogue. `injected` is true only with proof; without it nothing here may be judged.

    Times in seconds since the experiment's start (bins use the same clock). `healthy_bins` etc. are not stored: checks read `bins`.
    `liveness` is (t_s, status or 0 for no answer) of polls of the health route throughout.
    """

    id: str
    number: int
    target: str
    injected: bool
    proof: str = Field(description="what was observed that shows the fault was active, or why there is no proof")
    inject_s: float | None
    undo_s: float | None
    end_s: float | None
    bin_s: float
    bins: list[TimeBin]
    liveness: list[tuple[float, int]]
    facts: dict[str, float] = Field(default_factory=dict, description="fault-specific numbers, named and documented in harness/faults")
    cases: list[FaultCase] = Field(default_factory=list)
    disturbed: str | None = Field(default=None, description="what the grader or the host spoilt meanwhile: then only a full pass counts")
    attempts: int = 1
    failure: Failure | None = None


class FaultsEvidence(Model):
    faults: list[FaultRecord]

    def fault(self, id: str) -> FaultRecord | None:
        return next((f for f in self.faults if f.id == id), None)
