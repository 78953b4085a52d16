"""Options that several verbs share, and the settings behind them (environment variables GRADER_*)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from pydantic_settings import BaseSettings, SettingsConfigDict

from grader.schema.causes import Trouble, UsageError


class Settings(BaseSettings):
    """The operator's settings. Command-line options win."""

    model_config = SettingsConfigDict(env_prefix="GRADER_")

    allow_hosts: list[str] = []
    ca_file: Path | None = None
    mode: str = "standard"


Submission = Annotated[str, typer.Argument(metavar="URL|PATH", help="https git URL, or a local folder (with or without .git)", show_default=False)]
Slug = Annotated[str, typer.Option("--challenge", "-c", help="challenge slug; see `grader challenge list`", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="output folder: bundle/, result.json and the reports", show_default=False)]
ModeOption = Annotated[str | None, typer.Option("--mode", "-m", help="how much is exercised: quick, standard (default)")]
Attempt = Annotated[int, typer.Option(min=1, help="attempt number: another one draws other hidden streams")]
AllowHost = Annotated[list[str] | None, typer.Option("--allow-host", help="admit a git host on a non-public address (repeatable)")]
CaFile = Annotated[Path | None, typer.Option("--ca-file", help="CA bundle for the git server", exists=True, dir_okay=False)]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="output folder of an earlier run", show_default=False)]


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM unwind everything in order and end in one line."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        raise Trouble("interrupted", "nothing was left running") from None
    finally:
        signal.signal(signal.SIGTERM, before)


def writable(out: Path) -> Path:
    """The output folder, made; UsageError when it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(f"cannot write to {out} ({error.strerror}): choose another folder with -o") from error
    return out
