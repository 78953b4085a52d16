"""Options that several verbs share."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from grader.schema.causes import UsageError

Submission = Annotated[str, typer.Argument(metavar="URL|PATH", help="https git URL, or a local folder (with or without .git)", show_default=False)]
Slug = Annotated[str, typer.Option("--challenge", "-c", help="challenge slug; see `grader challenge list`", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="output folder: bundle/, result.json and the reports", show_default=False)]
ModeOption = Annotated[str | None, typer.Option("--mode", "-m", help="how much is exercised: quick (for practice), standard (usual), full")]
Attempt = Annotated[int, typer.Option(min=1, help="attempt number: another one draws other hidden streams")]
AllowHost = Annotated[list[str] | None, typer.Option("--allow-host", help="admit a git host on a non-public address (repeatable)")]
CaFile = Annotated[Path | None, typer.Option("--ca-file", help="CA bundle for the git server", exists=True, dir_okay=False)]
PricesFile = Annotated[Path | None, typer.Option("--prices", metavar="FILE", help="price table, as challenges/prices.toml", show_default=False)]
Stages = Annotated[
    str | None,
    typer.Option("--stages", help="only these stimuli, e.g. load:steady,fault:pause; for authors, gives no score that counts"),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="output folder of an earlier run", show_default=False)]


def writable(out: Path) -> Path:
    """The output folder, made; UsageError when it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            return out
    except OSError as error:
        raise UsageError(f"cannot write to {out} ({error.strerror}): choose another folder with -o") from error
