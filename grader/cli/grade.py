"""`grader grade URL|PATH --challenge SLUG -o DIR`."""

from __future__ import annotations

import typer

from grader.cli import options
from grader.cli.console import show, watching
from grader.run.exits import exit_code
from grader.run.grade import grade
from grader.run.request import request


def command(
    submission: options.Submission,
    challenge: options.Slug,
    out: options.Out,
    mode: options.ModeOption = None,
    attempt: options.Attempt = 1,
    allow_host: options.AllowHost = None,
    ca_file: options.CaFile = None,
    prices: options.PricesFile = None,
) -> None:
    """Grade a submission: collect evidence, score it, render the report."""
    asked = request(submission, challenge, mode, attempt, allow_host, ca_file, prices)
    options.writable(out)
    with watching() as progress:
        result = grade(asked, out, progress)
    show(result, str(out / "report.html"))
    raise typer.Exit(exit_code(result))
