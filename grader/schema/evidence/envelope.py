"""The file format of one collector: data, or the failure that explains its absence."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import model_validator

from grader.schema.base import Model
from grader.schema.causes import Failure
from grader.schema.evidence.behaviour import AuditEvidence, BootEvidence, ContractEvidence, LogsEvidence
from grader.schema.evidence.drift import DriftEvidence
from grader.schema.evidence.faults import FaultsEvidence
from grader.schema.evidence.feedback import FeedbackEvidence
from grader.schema.evidence.load import LoadEvidence, StressEvidence
from grader.schema.evidence.metrics import MetricsEvidence
from grader.schema.evidence.prometheus import PrometheusEvidence
from grader.schema.evidence.submission import ImageEvidence, RepositoryEvidence, SandboxEvidence, SourceEvidence

EvidenceModel = (
    SourceEvidence | RepositoryEvidence | ImageEvidence | SandboxEvidence | BootEvidence | ContractEvidence
    | LoadEvidence | StressEvidence | DriftEvidence | PrometheusEvidence | FeedbackEvidence | FaultsEvidence | MetricsEvidence | LogsEvidence
    | AuditEvidence
)  # fmt: skip
"""Anything a check may declare as an input."""

COLLECTORS: dict[str, type[Model]] = {
    "source": SourceEvidence,
    "repository": RepositoryEvidence,
    "image": ImageEvidence,
    "sandbox": SandboxEvidence,
    "boot": BootEvidence,
    "contract": ContractEvidence,
    "load": LoadEvidence,
    "stress": StressEvidence,
    "drift": DriftEvidence,
    "prometheus": PrometheusEvidence,
    "feedback": FeedbackEvidence,
    "faults": FaultsEvidence,
    "metrics": MetricsEvidence,
    "logs": LogsEvidence,
    "audit": AuditEvidence,
}
"""Collector name (and file stem in the bundle) -> model. Checks ask for evidence by model; this table resolves it."""


T = TypeVar("T", bound=Model)


class Envelope(Model, Generic[T]):
    """Exactly one of `data` and `failure`, except that a stage that broke half-way may leave partial data beside its failure."""

    collector: str
    data: T | None = None
    failure: Failure | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Envelope[T]:
        if self.data is None and self.failure is None:
            raise ValueError("an envelope holds data, a failure, or both")
        return self
