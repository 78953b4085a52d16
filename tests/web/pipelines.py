"""A grading that takes seconds and no engine: three stages, then the oracle's recorded evidence, judged."""

from __future__ import annotations

import time
from pathlib import Path

from grader.jobs import Job
from grader.run import score as scoring
from grader.run.layout import copy_recorded
from grader.schema.causes import UsageError
from harness.progress import Progress

RECORDED = Path(__file__).parents[2] / "challenges/fraud-scoring/recorded/oracle-quick"


def recorded(job: Job, out: Path, progress: Progress) -> None:
    """Every URL that names `nothing` is no repository; every other one is the oracle."""
    if "nothing" in job.origin:
        raise UsageError(f"{job.origin}: no git repository answers there")
    for stage in ("source", "image", "load"):
        progress.started(stage)
        progress.note(stage, "as recorded")
        time.sleep(2.5 if stage == "load" else 0.5)  # longer than the page's polling
        progress.finished(stage, 0.5, None)
    copy_recorded(RECORDED, out)
    result = scoring.score(out)
    scoring.render(result, out)


def fine() -> str:
    """Nothing is missing on this host."""
    return ""
