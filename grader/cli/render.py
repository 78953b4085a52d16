"""`grader render DIR`."""

from __future__ import annotations

from grader.cli import options
from grader.run import score as run


def command(out: options.Folder) -> None:
    """Render the reports of an existing result.json."""
    for path in run.render(run.load(out), out):
        print(path)
