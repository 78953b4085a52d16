"""`grader serve`: pages, API, the keeper and, unless told otherwise, a worker, in one command."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Annotated

import typer
from django.core.management import call_command
from django.db import DatabaseError, connection

from grader.schema.causes import UsageError
from grader.web import companion
from grader.web.boot import boot
from grader.web.config import ServiceSettings, service_settings

JOIN_S = 10.0


def command(
    host: Annotated[str | None, typer.Option(help="address to listen on (GRADER_HOST)")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port to listen on (GRADER_PORT); 0 takes a free one")] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="also grade on this machine")] = True,
    migrate_only: Annotated[bool, typer.Option("--migrate-only", help="bring the database up to date and end")] = False,
) -> None:
    """Serve the recruiters' pages and the API. Needs nothing else: SQLite and artifacts stand in GRADER_DATA_DIR."""
    for name, given in (("GRADER_HOST", host), ("GRADER_PORT", port)):
        if given is not None:
            os.environ[name] = str(given)
    settings = service_settings()
    if not settings.reachable_safely:
        raise UsageError(f"GRADER_HOST={settings.host} opens the service to others: name GRADER_PUBLIC_URL too, the https address that people type")
    boot()
    _migrate()
    if migrate_only:
        return
    first_admin()
    _warm()
    with _threads(), companion.worker() if worker else nullcontext():
        _serve(settings)


def _migrate() -> None:
    """Statements of a migration may take longer than those of a page."""
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET statement_timeout = 0")
        call_command("migrate", interactive=False, verbosity=0)
        connection.close()
    except DatabaseError as error:
        raise UsageError(
            f"the database cannot be used ({' '.join(str(error).split())[:200]}): look at GRADER_DATABASE_URL or GRADER_DATA_DIR"
        ) from error


def first_admin() -> None:
    """Where nobody is, the console makes the first administrator: asked for on a terminal, else drawn and shown once."""
    from grader.web.models import Role, User

    if User.objects.exists():
        return
    name, password, drawn = "admin", secrets.token_urlsafe(12), True
    if sys.stdin.isatty() and sys.stdout.isatty():
        typer.echo("Nobody can sign in yet. Make the first administrator.")
        name = typer.prompt("User name", default="admin")
        password, drawn = _asked_password(name), False
    User.objects.create_user(name, password=password, role=Role.ADMIN)
    if drawn:
        typer.echo(f"First administrator: {name}  password: {password}  (shown once; change it under your name)")


def _asked_password(name: str) -> str:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from grader.web.models import User

    while True:
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        try:
            validate_password(password, User(username=name))
        except ValidationError as error:
            typer.echo(" ".join(error.messages))
        else:
            return password


def _warm() -> None:
    """Read what every page needs before the first one is asked for."""
    from grader.web import catalogue

    catalogue.all_challenges()
    catalogue.areas()


@contextmanager
def _threads() -> Iterator[None]:
    """The keeper, which holds rows and queue in step, the courier of webhooks, and the sweeper of what nobody's request has left."""
    from grader.web import keeper, sweeper
    from grader.web.hooks import deliver

    stop = threading.Event()
    runs = {"keeper": keeper.run, "courier": deliver.run, "sweeper": sweeper.run}
    threads = [threading.Thread(target=run, args=(stop,), name=name, daemon=True) for name, run in runs.items()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(JOIN_S)


def _serve(settings: ServiceSettings) -> None:
    """Until a signal comes; a second one leaves at once."""
    from grader.web.server import Server
    from grader.web.wsgi import application

    try:
        server = Server(application, settings)
    except OSError as error:
        raise UsageError(f"cannot listen on {settings.host}:{settings.port} ({error.strerror}): choose another with --port") from error

    def asked(number: int, frame: FrameType | None) -> None:
        if server.ending:
            raise SystemExit(0)
        server.end()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, asked)
    here = f"http://{settings.host}:{server.port}/"
    typer.echo(f"Take-home grader: {settings.public_url}/, listening on {here}" if settings.public_url else f"Take-home grader: {here}")
    sys.stdout.flush()
    server.run()
