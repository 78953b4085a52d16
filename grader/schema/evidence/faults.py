"""Fault experiments: steady state -> inject -> proof -> probe -> undo -> steady state, as an open-loop record."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from grader.schema.base import Model
from grader.schema.causes import Failure
from grader.schema.evidence.load import TimeBin

Expected = Literal["refused", "scored", "either"]
"""What the contract says of a request: a 4xx with a reason, a valid prediction, or one of these two."""


class FaultCase(Model):
    """One input of an input fault, and the answer to it. `kind` is what was done to it, whatever the field."""

    name: str
    kind: str
    expected: Expected
    request: str = Field(default="", description="the part of the request that was changed, enough to send it again")
    status: int | None
    seconds: float
    error: str | None
    body: str
    violations: list[str] = Field(default_factory=list, description="of a 2xx: where its body breaks the response schema")
    alive_after: bool

    @model_validator(mode="before")
    @classmethod
    def _told_by_its_name(cls, data: Any) -> Any:
        """Older evidence said in the case's name what was expected."""
        if not isinstance(data, dict) or "name" not in data:
            return data
        name = str(data["name"])
        told = "scored" if name.startswith("valid_") else "either" if name.startswith("either_") else "refused"
        return {"kind": name, "expected": told, **data}


class FaultRecord(Model):
    """One fault of the catalogue. `injected` is true only with proof; without it nothing here may be judged.

    Times in seconds since the experiment's start (bins use the same clock). `healthy_bins` etc. are not stored: checks read `bins`.
    `liveness` is (t_s, status or 0 for no answer) of polls of the health route throughout, `readiness` the same of the ready route.
    """

    id: str
    number: int
    target: str
    expectation: str = Field(default="", description="what a good service does, from the catalogue")
    injected: bool
    proof: str = Field(description="what was observed that shows the fault was active, or why there is no proof")
    inject_s: float | None
    undo_s: float | None
    end_s: float | None
    bin_s: float
    bins: list[TimeBin]
    liveness: list[tuple[float, int]]
    readiness: list[tuple[float, int]] = Field(default_factory=list)
    facts: dict[str, float] = Field(default_factory=dict, description="fault-specific numbers, named and documented in harness/faults")
    cases: list[FaultCase] = Field(default_factory=list)
    disturbed: str | None = Field(default=None, description="what the grader or the host spoilt meanwhile: then only a full pass counts")
    attempts: int = 1
    failure: Failure | None = None


class FaultsEvidence(Model):
    faults: list[FaultRecord]

    def fault(self, id: str) -> FaultRecord | None:
        return next((f for f in self.faults if f.id == id), None)
