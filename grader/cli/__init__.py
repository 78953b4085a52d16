"""The `grader` command. Each verb is a module of its own and only the called one is imported, so that `score` never pays for Docker."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence

import typer

from grader.cli.console import fail
from grader.cli.signals import orderly_end
from grader.run.exits import Exit
from grader.schema.causes import Trouble, UsageError

VERBS = ("grade", "collect", "score", "render", "explain", "challenge", "check", "repeat", "doctor", "demo")
"""Verb -> module `grader.cli.<verb>`, in the order of `grader --help`. A module gives `command`, or `app` where a verb has verbs of its own."""

EPILOG = "Exit codes: 0 ok; 1 a gate failed; 2 usage; 3 grader or host trouble; 4 insufficient evidence."


def build(argv: Sequence[str]) -> typer.Typer:
    """The command line with the called verb, or with all of them when help is wanted."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.callback(epilog=EPILOG)
    def _root() -> None:
        """Grade production-ML take-home assignments: build, load, drift and break a submission's container; score what was measured."""

    for verb in [argv[0]] if argv and argv[0] in VERBS else VERBS:
        module = importlib.import_module(f"grader.cli.{verb}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=verb)
        else:
            app.command(verb, epilog=EPILOG)(module.command)
    return app


def main() -> None:
    """Entry point. Every foreseen trouble ends in one line and the documented exit code; a traceback is a defect of ours."""
    try:
        with orderly_end():
            build(sys.argv[1:])(prog_name="grader")
    except UsageError as error:
        fail(str(error))
        sys.exit(Exit.USAGE)
    except Trouble as error:
        fail(str(error))
        sys.exit(Exit.TROUBLE)
    except BrokenPipeError:  # whoever read our output has gone, as `grader ... | head` does
        sys.stderr.close()
        sys.exit(Exit.TROUBLE)
    except Exception as error:  # noqa: BLE001 - never code 1, which says something about the submission
        traceback.print_exc()
        fail(str(Trouble("internal_error", f"{type(error).__name__}: {error}")))
        sys.exit(Exit.TROUBLE)
