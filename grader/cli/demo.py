"""`grader demo`: see the product without writing a submission."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import challenges.loader
from grader.cli import options
from grader.cli.console import show, watching
from grader.run import score as scoring
from grader.run.exits import exit_code
from grader.run.grade import grade
from grader.run.layout import copy_recorded
from grader.run.request import request

CHALLENGE = "fraud-scoring"
Recorded = Annotated[bool, typer.Option("--recorded", help="no engine: verify, score and render the recorded evidence of the oracle")]


Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="output folder")]


def command(out: Out = Path("out/demo"), mode: options.ModeOption = "quick", recorded: Recorded = False) -> None:
    """Grade the bundled oracle (quick mode), or show its recorded evidence where no engine can be had."""
    options.writable(out)
    folder = challenges.loader.load(CHALLENGE).folder
    if recorded:
        copy_recorded(folder / "recorded" / "oracle-quick", out)
        result = scoring.score(out)
        scoring.render(result, out)
    else:
        asked = request(str(folder / "submissions" / "oracle"), CHALLENGE, mode, 1, None, None)
        with watching() as progress:
            result = grade(asked, out, progress)
    show(result, str(out / "report.html"))
    raise typer.Exit(exit_code(result))
