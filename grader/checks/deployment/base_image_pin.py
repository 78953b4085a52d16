"""Does every FROM line say which base it means?"""

from __future__ import annotations

from grader.checks.api import Finding, reached, unmeasured
from grader.schema.evidence import ImageEvidence


def check(image: ImageEvidence) -> Finding:
    bases = [base for base in image.base_images if base.pin != "stage"]
    if not bases:
        return unmeasured("no FROM line was read")
    floating = [base.reference for base in bases if base.pin == "floating"]
    if floating:
        return reached("floating", f"{len(floating)} of {len(bases)} base images float: {', '.join(floating)}")
    return reached("pinned", f"{len(bases)} base images, each pinned: " + ", ".join(f"{b.reference} (by {b.pin})" for b in bases))
