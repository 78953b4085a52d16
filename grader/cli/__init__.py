"""The `grader` command. Each verb is a module of its own and only the called one is imported, so that `score` never pays for Docker."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Sequence

import typer

from grader.cli.console import fail
from grader.run.exits import Exit
from grader.run.signals import orderly_end
from grader.schema.causes import Trouble, UsageError

VERBS = ("grade", "collect", "score", "render", "explain", "challenge", "check", "repeat", "doctor", "demo")
"""Verb -> module `grader.cli.<verb>`, in the order of `grader --help`. A module gives `command`, or `app` where a verb has verbs of its own."""

SERVICE = {
    "serve": "grader.web.commands.serve", "worker": "grader.jobs.command", "impact": "grader.web.commands.impact",
    "erase": "grader.web.commands.erase", "retain": "grader.web.commands.retain",
    "backup": "grader.web.commands.backup", "restore": "grader.web.commands.restore",
}  # fmt: skip
"""Verbs of the service -> module. They come with the extra [web], which the rest never imports: hence by name only."""

EPILOG = "Exit codes: 0 ok; 1 a gate failed; 2 usage; 3 grader or host trouble; 4 insufficient evidence."


def build(argv: Sequence[str]) -> typer.Typer:
    """The command line with the called verb, or with all of them when help is wanted."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.callback(epilog=EPILOG)
    def _root() -> None:
        """Grade production-ML take-home assignments: build, load, drift and break a submission's container; score what was measured."""

    asked = argv[0] if argv else ""
    for verb in [asked] if asked in VERBS else [] if asked in SERVICE else VERBS:
        module = importlib.import_module(f"grader.cli.{verb}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=verb)
        else:
            app.command(verb, epilog=EPILOG)(module.command)
    for verb in [asked] if asked in SERVICE else [] if asked in VERBS else SERVICE:
        app.command(verb, epilog=EPILOG)(_of_service(verb))
    return app


def _of_service(verb: str) -> Callable[..., None]:
    """A verb of the service, or one that says how to get it where the extra is not installed."""
    try:
        command: Callable[..., None] = importlib.import_module(SERVICE[verb]).command
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("grader", "harness"):
            raise
        missing = error.name

        def command() -> None:
            raise UsageError(f"`grader {verb}` needs the extra [web], of which {missing} is not installed: pip install 'ml-takehome-grader[web]'")

        command.__doc__ = "Not installed: pip install 'ml-takehome-grader[web]'"
    return command


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
