"""What validating a challenge found: the references' scores and, for every mutant, which checks noticed. Written as validation.json."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.schema.base import SCHEMA_VERSION, Model
from grader.schema.evidence import Host

Kind = Literal["oracle", "alternate", "null", "mutant"]


class ReferenceScore(Model):
    """One reference submission against its bar. `low` and `high` are basis points of the headline."""

    id: str
    kind: Kind
    mode: str
    low: int
    high: int
    status: str
    gates_failed: list[str]
    lost: dict[str, str] = Field(description="checks below full credit -> what was observed")
    bar: str
    met: bool
    seconds: float


class MutantVerdict(Model):
    """One mutant. Killed: every named check lost credit, its gate (if any) failed, nothing else moved."""

    id: str
    title: str
    area: str
    stages: list[str]
    flips: list[str] = Field(description="checks that must notice")
    missed: list[str] = Field(description="of those: that kept their credit")
    unmeasured: dict[str, str] = Field(description="of those: that were not measured -> why; not missed, and not noticed")
    also: list[str] = Field(description="allowed followers that did lose credit")
    collateral: dict[str, str] = Field(description="other checks that lost credit -> what was observed")
    gates_failed: list[str]
    gate_missed: str | None = Field(description="the gate that should have failed and did not")
    cost_bp: dict[str, int] = Field(description="mode -> what the defect costs there; the rest as the oracle's")
    killed: bool
    seconds: float
    trouble: str | None = Field(default=None, description="why there is no result; the verdict is then open")

    @property
    def clean(self) -> bool:
        return not self.collateral


class Missing(Model):
    """What a validation could not look at, since the challenge lacks it."""

    checks_without_mutant: list[str]
    areas_short_of_mutants: dict[str, int]
    promises: list[str] = Field(description="findings of the promises' lint")
    references: list[str]

    @property
    def any(self) -> bool:
        return bool(self.checks_without_mutant or self.areas_short_of_mutants or self.promises or self.references)


class Validation(Model):
    """The whole validation of one challenge."""

    schema_version: int = SCHEMA_VERSION
    challenge: str
    challenge_digest: str
    rubric_digest: str
    grader_version: str
    measuring_digest: str = Field(description="of the code that took the evidence; the scan of files, checks, rubric and reports are not in it")
    scanning_digest: str = Field(description="of the code that read the submissions' files")
    created: str
    host: Host | None
    references: list[ReferenceScore]
    mutants: list[MutantVerdict]
    missing: Missing
    seconds: float = Field(description="of running; what came from the cache counts with the seconds that it took then")

    @property
    def decided(self) -> list[MutantVerdict]:
        return [mutant for mutant in self.mutants if mutant.trouble is None]

    @property
    def kill_share(self) -> float:
        """Killed of all mutants, open ones included: an experiment that did not happen shows nothing."""
        return sum(m.killed for m in self.mutants) / len(self.mutants) if self.mutants else 0.0
