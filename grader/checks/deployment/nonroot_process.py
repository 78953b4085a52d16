"""Which users do the container's processes run as?"""

from __future__ import annotations

from grader.checks.api import Finding, reached, unmeasured
from grader.schema.evidence import BootEvidence


def check(boot: BootEvidence) -> Finding:
    if not boot.uids:
        return unmeasured("no process of the container could be listed")
    root, count = boot.uids.count(0), len(boot.uids)
    users = ", ".join(str(uid) for uid in sorted(set(boot.uids)))
    if not root:
        return reached("nonroot", f"{count} processes, none as root (user ids: {users})")
    return reached("root" if root == count else "mixed", f"{root} of {count} processes run as root (user ids: {users})")
