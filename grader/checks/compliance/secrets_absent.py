"""Are there credentials in the repository?"""

from __future__ import annotations

from grader.checks.api import Finding, reached, unmeasured
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    probe = repository.probes.get("secrets_absent")
    if probe is None:
        return unmeasured("the repository scan did not look for credentials")
    if probe.subject and probe.found:
        return reached("clean", probe.detail or "no credentials in the repository's text files")
    return reached("secrets", probe.detail or "there is no text file to look at", places=probe.places)
