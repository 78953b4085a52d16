"""Do training and serving share the code that builds the model's input?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb, holds
from grader.checks.api import Finding, unmeasured
from grader.schema.evidence import ContractEvidence, RepositoryEvidence


def check(repository: RepositoryEvidence, contract: ContractEvidence | None) -> Finding:
    if contract is not None and contract.predictions.met and _unread(repository):
        return unmeasured("the service predicts, but the scan reads Python and found none that serves: what the two sides share was not looked at")
    rungs = [("shared", ["shared_preprocessing"])]
    return climb(repository, rungs, none="apart")


def _unread(repository: RepositoryEvidence) -> bool:
    """The scan saw the training and no serving entry: another language serves, and one that it cannot read is not thereby wrong."""
    shared, training = repository.probes.get("shared_preprocessing"), repository.probes.get("training_script")
    return shared is not None and not shared.subject and training is not None and holds(training)
