"""`grader worker`: grades what is in the queue, on this host's container engine."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from grader.jobs.logs import log_to_stderr
from grader.jobs.seam import Queue
from grader.jobs.settings import job_settings
from grader.jobs.worker import run_worker
from grader.run.exits import Exit

Check = Annotated[bool, typer.Option("--check", help="do not work; end with 0 when at least one worker of this queue is alive and takes work")]


def command(check: Check = False) -> None:
    """Grade what is in the queue until SIGTERM, then finish what is under way.

    Settings: GRADER_DATA_DIR, GRADER_DATABASE_URL (PostgreSQL for a fleet), GRADER_STORE_URL (file:///... or s3://...), GRADER_WORKER_JOBS,
    GRADER_DRAIN_S. Start one worker per measurement slot of a host; each names itself.
    """
    settings = job_settings()
    if not check:
        log_to_stderr(logging.INFO)
        run_worker(settings)
        return
    workers = Queue(settings).health().workers
    if not any(worker.alive and worker.state == "ready" for worker in workers):
        said = "; ".join(f"{worker.name} {worker.state if worker.alive else 'is silent'} {worker.reason}".strip() for worker in workers)
        typer.echo(f"grader: no worker takes work: {said or 'none has ever started'}", err=True)
        raise typer.Exit(Exit.TROUBLE)
