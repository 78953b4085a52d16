"""One whole grading: evidence first, then judgement on the evidence alone."""

from __future__ import annotations

from pathlib import Path

from grader.run import score as scoring
from grader.run.layout import BUNDLE
from grader.schema.result import Result
from harness.collect import Request, collect
from harness.progress import Progress


def grade(request: Request, out: Path, progress: Progress) -> Result:
    """Collect into DIR/bundle, score it, render it. Raises UsageError or Trouble only where not even a report can be given."""
    out.mkdir(parents=True, exist_ok=True)
    collect(request, out / BUNDLE, progress)
    result = scoring.score(out)
    scoring.render(result, out)
    return result
