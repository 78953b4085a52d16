"""How large is the image that every new replica must pull?"""

from __future__ import annotations

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import ImageEvidence


def check(image: ImageEvidence, bars: Bars) -> Finding:
    size = image.size_bytes / 1e6
    level = up_to(size, (bars["lean_mb"], "lean"), (bars["fair_mb"], "fair"), beyond="heavy")
    return reached(level, f"the image takes {size:.0f} MB (at most {bars['lean_mb']:g} MB)", measure("image size", size, "MB"))
