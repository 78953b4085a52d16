"""The `grader` command. Each verb is a module of its own and is imported only when it is called, so that `score` never pays for Docker."""

from __future__ import annotations

import importlib
import sys

import click
import typer
import typer.main
from typer.core import TyperGroup

from grader.cli.console import fail
from grader.run.exits import Exit
from grader.schema.causes import Trouble, UsageError

VERBS = {
    "grade": "grade",
    "collect": "collect",
    "score": "score",
    "render": "render",
    "explain": "explain",
    "challenge": "challenge",
    "doctor": "doctor",
    "demo": "demo",
}
"""Verb -> module below grader.cli, in the order of `grader --help`."""


class Verbs(TyperGroup):
    """A command group that imports a verb's module when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return typer.main.get_command(importlib.import_module(f"grader.cli.{VERBS[cmd_name]}").app)


app = typer.Typer(cls=Verbs, no_args_is_help=True, add_completion=False, help="Grade production-ML take-home assignments.")


@app.callback()
def _root() -> None:
    """Grade production-ML take-home assignments: build, load, drift and break a submission's container, and score what was measured."""


def main() -> None:
    """Entry point. Every foreseen trouble ends in one line and the documented exit code; a traceback is a defect of ours."""
    try:
        app()
    except UsageError as error:
        fail(str(error))
        sys.exit(Exit.USAGE)
    except Trouble as error:
        fail(str(error))
        sys.exit(Exit.TROUBLE)
    except KeyboardInterrupt:
        fail("stopped; nothing was left running")
        sys.exit(Exit.TROUBLE)
