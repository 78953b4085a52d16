"""What the harness records and the checks read: facts, never opinions.

One model per collector. A collector's file in the bundle is an `Envelope`: the data, or the failure that explains its absence.
"""

from grader.schema.evidence.behaviour import (
    Artifact,
    ArtifactFacts,
    AuditEvidence,
    BootEvidence,
    ContractEvidence,
    ErrorLines,
    Exchange,
    LogsEvidence,
    PredictionFacts,
    StrangerFacts,
)
from grader.schema.evidence.drift import Alert, DriftEvidence, DriftRun, DriftWindow, ModelQuality
from grader.schema.evidence.envelope import COLLECTORS, Envelope, EvidenceModel
from grader.schema.evidence.faults import Expected, FaultCase, FaultRecord, FaultsEvidence
from grader.schema.evidence.feedback import FeedbackEvidence, FeedbackSegment, GaugeReading, ServedQuality, VersionDocument, VersionSwitch
from grader.schema.evidence.load import (
    BatchEvidence,
    BatchTrial,
    BurstStep,
    Capacity,
    CapacityTrial,
    ControlReading,
    Latency,
    LoadEvidence,
    LoadWindow,
    ResourceSample,
    ResourceUse,
    SlowClients,
    StressEvidence,
    TimeBin,
)
from grader.schema.evidence.manifest import Host, Manifest, RunFacts, StageTiming, Submission
from grader.schema.evidence.metrics import Family, MetricsEvidence, Sample, Scrape, ScrapeCost, SentTruth
from grader.schema.evidence.prometheus import AlertStretch, Panel, PrometheusEvidence, Replay, Rule, RuleFile, Scraping
from grader.schema.evidence.submission import (
    BaseImage,
    DockerfileChoice,
    ImageEvidence,
    IsolationProbe,
    Place,
    Probe,
    RepositoryEvidence,
    SandboxEvidence,
    Sighting,
    SourceEvidence,
)

__all__ = [
    "COLLECTORS", "Alert", "AlertStretch", "Artifact", "ArtifactFacts", "AuditEvidence", "BaseImage", "BatchEvidence", "BatchTrial",
    "BootEvidence", "BurstStep", "Capacity", "CapacityTrial", "ContractEvidence", "ControlReading", "DockerfileChoice", "DriftEvidence",
    "DriftRun", "DriftWindow", "Envelope", "ErrorLines", "EvidenceModel", "Exchange", "Expected", "Family", "FaultCase", "FaultRecord",
    "FaultsEvidence", "FeedbackEvidence", "FeedbackSegment", "GaugeReading", "Host", "ImageEvidence", "IsolationProbe", "Latency",
    "LoadEvidence", "LoadWindow", "LogsEvidence", "Manifest", "MetricsEvidence", "ModelQuality", "Panel", "Place", "PredictionFacts", "Probe",
    "PrometheusEvidence", "Replay", "RepositoryEvidence", "ResourceSample", "ResourceUse", "Rule", "RuleFile", "RunFacts", "Sample",
    "SandboxEvidence", "Scrape", "ScrapeCost", "Scraping", "SentTruth", "ServedQuality", "Sighting", "SlowClients", "SourceEvidence",
    "StageTiming", "StrangerFacts", "StressEvidence", "Submission", "TimeBin", "VersionDocument", "VersionSwitch",
]  # fmt: skip
