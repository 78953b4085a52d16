"""Options that several verbs share, and the settings behind them (environment variables GRADER_*)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import DirectoryPath, FilePath, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from challenges.loader import ROOT
from grader.schema.causes import UsageError


class Settings(BaseSettings):
    """The operator's settings. Command-line options win.

    `allow_hosts` is separated by commas; `challenges_root` lets the author of a challenge grade with one that is not installed; `prices` is
    a price table instead of the challenge's.
    """

    model_config = SettingsConfigDict(env_prefix="GRADER_")

    allow_hosts: str = ""
    ca_file: FilePath | None = None
    mode: str = "standard"
    challenges_root: DirectoryPath = ROOT
    prices: FilePath | None = None


def settings() -> Settings:
    """The settings of this environment. UsageError names the variable that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"GRADER_{str(first['loc'][0]).upper()}={first['input']}: {first['msg']}") from None


Submission = Annotated[str, typer.Argument(metavar="URL|PATH", help="https git URL, or a local folder (with or without .git)", show_default=False)]
Slug = Annotated[str, typer.Option("--challenge", "-c", help="challenge slug; see `grader challenge list`", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="output folder: bundle/, result.json and the reports", show_default=False)]
ModeOption = Annotated[str | None, typer.Option("--mode", "-m", help="how much is exercised: quick, standard (default)")]
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
