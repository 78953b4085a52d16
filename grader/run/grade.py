"""One whole grading: evidence first, then judgement on the evidence alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from grader.run import score as scoring
from grader.run.layout import BUNDLE, CANDIDATES, RESULT, forget
from grader.schema.result import Result
from harness.collect import Request, collect
from harness.progress import Progress
from reports import RENDERERS


def grade(
    request: Request, out: Path, progress: Progress, *, authors: Path | None = None, view: Callable[[Result], Result] | None = None
) -> Result:
    """Collect into DIR/bundle (and the commit's authors into a file of their own, if one is named), score it, render it.

    Raises UsageError or Trouble only where not even a report can be given; what an earlier grading left in DIR is untouched then. With a `view`
    that copy is all that is written beside the bundle.
    """
    collect(request, out / BUNDLE, progress, authors=authors)
    forget(out, [RESULT, *RENDERERS, *(f"{CANDIDATES}/{name}" for name in RENDERERS)])
    result = scoring.score(out) if view is None else scoring.save(view(scoring.score(out)), out)
    scoring.render(result, out)
    return result
