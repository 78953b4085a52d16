"""Does the repository's Dockerfile give an image?"""

from __future__ import annotations

from grader.checks.api import Finding, measure, reached
from grader.schema.evidence import ImageEvidence


def check(image: ImageEvidence) -> Finding:
    if not image.digest:
        return reached("fails", "the build ended without an image")
    cached = ", from cache" if image.cached else ""
    return reached("builds", f"built in {image.seconds:.0f} s{cached}", measure("build time", image.seconds, "s"))
