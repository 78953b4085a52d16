"""How the running container behaved outside of load, drift and faults: boot, contract, logs, audit trail."""

from __future__ import annotations

from pydantic import Field

from grader.schema.base import Model


class BootEvidence(Model):
    """From `docker start` to the first valid prediction. Times in seconds since the start; None for 'never seen'."""

    port: int
    listening_ports: list[int]
    first_health_s: float | None
    first_ready_s: float | None
    first_prediction_s: float | None
    ready_before_prediction: int = Field(description="polls where the ready route said 200 but a prediction right after it failed")
    health_status: int | None
    ready_status: int | None
    uids: list[int] = Field(description="user ids of the container's processes")
    processes: list[str]
    idle_memory_bytes: int | None
    exit_code: int | None
    log_tail: str


class Exchange(Model):
    """One request to the candidate and what came back. `body` is a capped, stripped excerpt. `error` is the transport's, if any."""

    name: str
    method: str
    path: str
    status: int | None
    seconds: float
    error: str | None = None
    content_type: str = ""
    body: str = ""
    violations: list[str] = Field(default_factory=list, description="where the answer breaks the contract's schema")


BETTER_THAN_CHANCE = 0.25
"""Least rank correlation of scores with the truth, over sixty requests. Chance alone reaches it once in forty times."""


class PredictionFacts(Model):
    """The precondition of every behaviour check, as counts over valid requests from the hidden stream."""

    sent: int
    valid: int = Field(description="2xx and conforming to the response schema")
    distinct_scores: int
    echoes_id: int = Field(description="answers that carry the id of their request")
    degraded: int
    first_violation: str = ""
    rank_correlation: float | None = Field(default=None, description="Spearman, of the scores with the hidden true probabilities; None for too few")
    contrary: int | None = Field(default=None, description="unflagged answers whose decision does not fit the order of scores; None: not looked at")

    @property
    def input_dependent(self) -> bool:
        """At least one in five answers of a varied stream must differ; a constant or two-valued answer is no prediction."""
        return self.distinct_scores >= max(3, self.valid // 5)

    @property
    def informed(self) -> bool:
        """The scores rank requests better than chance: a hash of the request depends on the input too."""
        return self.rank_correlation is None or self.rank_correlation >= BETTER_THAN_CHANCE

    @property
    def met(self) -> bool:
        """Nine in ten answers valid, and scores that depend on the input and tell more than chance."""
        return self.sent > 0 and self.valid * 10 >= self.sent * 9 and self.input_dependent and self.informed


class Artifact(Model):
    """A file of the candidate's container that may be a model."""

    path: str
    bytes: int
    sha256: str
    states: list[str] = Field(default_factory=list, description="stated digests that stand inside of it: its own, of all but that line")


class ArtifactFacts(Model):
    """Model digests that the version route states, beside the digests of the files that the container holds."""

    stated: dict[str, str] = Field(description="key in the version document -> sha256, or the first 12 or more digits of one")
    files: list[Artifact]
    complete: bool = Field(description="every place looked at was read to its end: a digest not found there is nowhere there")


ENOUGH_INPUTS = 8
"""Fewer inputs say nothing about who asks."""
APART_INPUTS = 4
"""So many inputs answered otherwise in every one of their rounds are no chance: a service that shares its requests between two models by id
does that to one input in 128, and to four of twelve once in half a million gradings. One that is honest to strangers about a third of all
inputs does it to eight."""


class StrangerFacts(Model):
    """The same inputs asked as the load asks and as other clients do, in turns and with new ids (harness/strangers.py)."""

    asked: int = Field(description="inputs that both sides asked")
    steady: int = Field(description="inputs that can tell: those of `alike` and `apart`")
    alike: int = Field(description="inputs that both sides got the same answer to, the first time")
    apart: int = Field(default=0, description="inputs answered to us in every round, to them otherwise, and to one side one and the same")
    example: str = Field(description="the first difference; empty without any")

    @property
    def told_apart(self) -> bool:
        """Too many inputs got another answer, or none, whenever somebody else asked."""
        return self.asked >= ENOUGH_INPUTS and self.apart >= APART_INPUTS


class ContractEvidence(Model):
    """Probes of every route of the contract."""

    predictions: PredictionFacts
    exchanges: list[Exchange]
    model_versions: list[str] = Field(description="distinct versions seen in prediction answers")
    artifacts: ArtifactFacts | None = Field(default=None, description="None where the files could not be looked at")
    strangers: StrangerFacts | None = Field(default=None, description="None where no valid answer was there to compare with")

    def exchange(self, name: str) -> Exchange | None:
        return next((e for e in self.exchanges if e.name == name), None)


class ErrorLines(Model):
    """Log lines at level warning or above, or of an answer from 400 up, from the first wrong request to the last fault. Counts only."""

    wrong_requests: int = Field(description="requests that had to be refused in that time; faults came on top")
    explained: int = Field(description="JSON lines that name a cause")
    bare: int = Field(description="JSON lines and prose that name none")
    prose: int = Field(description="plain lines that name one; a stack trace counts once")

    def plus(self, later: ErrorLines) -> ErrorLines:
        """Of two stretches one after the other."""
        return ErrorLines(**{name: getattr(self, name) + getattr(later, name) for name in ErrorLines.model_fields})


class LogsEvidence(Model):
    """Container log facts. Sample lines are stripped and capped; nothing in them is read as a verdict."""

    lines: int
    bytes: int
    json_lines: int
    with_request_id: int
    with_model_version: int
    canaries_sent: int = Field(description="distinct personal values that were in requests")
    canaries_found: int = Field(description="how many of them stand in the logs")
    sample: list[str]
    with_level: int | None = Field(default=None, description="JSON lines that carry a level")
    trace_lines: int = Field(default=0, description="plain lines that belong to stack traces")
    errors: ErrorLines | None = Field(default=None, description="None where the log could not be read after the faults")


class AuditEvidence(Model):
    """The audit trail as read from the data volume after the predictions in question were answered."""

    exists: bool
    lines: int
    parsed: int
    predictions_sent: int = Field(description="successful predictions that should each have an entry")
    predictions_found: int
    duplicates: int
    with_fields: dict[str, int] = Field(description="audit field -> entries that carry it, over entries of our predictions")
    scores_agree: int = Field(description="entries whose score, version and degraded flag equal what the answer said")
    digests: int | None = Field(default=None, description="distinct input digests among the entries of our predictions")
    times_off: int | None = Field(default=None, description="entries whose time is certainly not that of their answer")
    fallbacks_sent: int | None = Field(default=None, description="answers that said degraded while a dependency was broken; None: not looked at")
    fallbacks_found: int = Field(default=0, description="those of them that have an entry")
    fallbacks_agree: int = Field(default=0, description="entries of them that say the same score, version and degraded flag")
    malformed_sample: str = ""
    canaries_found: int | None = Field(default=None, description="personal values of our requests in the file; None: it was not read for them")
