"""What the verbs share that look into a service from the console: it has to be there, and what does not answer is said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from grader.jobs.model import UnavailableError
from grader.schema.causes import Trouble, UsageError
from grader.web.boot import boot
from grader.web.config import service_settings


@contextmanager
def console() -> Iterator[None]:
    """Django set up for the block, on a service that exists; nothing is made that was not there.

    UsageError where there is none, or its tables are of another version. Trouble("service_down") when database, queue or store do not answer,
    now or in the block: transactions leave nothing half-written, and what artifacts were removed by then are removed.
    """
    settings = service_settings()
    if not settings.database_url and not (settings.folder / "service.sqlite3").is_file():
        raise UsageError(f"there is no service in {settings.folder}: look at GRADER_DATA_DIR and GRADER_DATABASE_URL")
    boot(make=False)
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise UsageError("the service's tables are missing or of an older version: run `grader serve --migrate-only`")
        yield
    except DatabaseError as error:
        raise Trouble("service_down", f"the database: {' '.join(str(error).split())[:300]}") from error
    except UnavailableError as error:
        raise Trouble("service_down", str(error)) from error
