"""`grader collect URL|PATH --challenge SLUG -o DIR`."""

from __future__ import annotations

from grader.cli import options
from grader.cli.console import watching
from grader.run.layout import BUNDLE
from grader.run.request import request
from harness.collect import collect


def command(
    submission: options.Submission,
    challenge: options.Slug,
    out: options.Out,
    mode: options.ModeOption = None,
    attempt: options.Attempt = 1,
    allow_host: options.AllowHost = None,
    ca_file: options.CaFile = None,
    prices: options.PricesFile = None,
    stages: options.Stages = None,
) -> None:
    """Collect evidence only, without an opinion. `grader score DIR` judges it, here or elsewhere."""
    asked = request(submission, challenge, mode, attempt, allow_host, ca_file, prices, stages)
    options.writable(out)
    with watching() as progress:
        collect(asked, out / BUNDLE, progress)
