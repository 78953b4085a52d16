"""Which users do the container's processes run as, here and where the manifests put it?"""

from __future__ import annotations

from grader.checks.analysis.manifests import raised
from grader.checks.api import Finding, reached, unmeasured
from grader.schema.evidence import BootEvidence, RepositoryEvidence


def check(boot: BootEvidence, repository: RepositoryEvidence) -> Finding:
    if not boot.uids:
        return unmeasured("no process of the container could be listed")
    root, count = boot.uids.count(0), len(boot.uids)
    users = ", ".join(str(uid) for uid in sorted(set(boot.uids)))
    if root == count:
        return reached("root", f"{root} of {count} processes run as root (user ids: {users})")
    if given := raised(repository):
        seen = f"{given.text} runs the container as root (runAsUser: 0); by its image's own user it would not (user ids: {users})"
        return reached("raised", seen, places=[given.place])
    if root:
        return reached("mixed", f"{root} of {count} processes run as root (user ids: {users})")
    return reached("nonroot", f"none of {count} process{'' if count == 1 else 'es'} runs as root (user ids: {users})")
