"""For whoever watches the service: is the process alive, can it work, how is it doing."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from grader.web import metrics, seam
from grader.web.api.auth import bearer
from grader.web.config import service_settings
from grader.web.models import Scope
from grader.web.trouble import UnavailableError

log = logging.getLogger("grader.web")


def alive(request: HttpRequest) -> JsonResponse:
    """The process answers; asks nothing else, so that a database's outage never restarts it."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """Database with all migrations, artifact store and queue answer; 503 names what does not. Anybody may ask, so a driver's own words,
    which name hosts and users, go to the log only."""
    found = {name: _asked(name, question) for name, question in QUESTIONS.items()}
    return JsonResponse(
        {"ready": not any(found.values()), "parts": {name: says or "ok" for name, says in found.items()}}, status=503 if any(found.values()) else 200
    )


def measured(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for a token of scope `metrics`; on a service that only this machine reaches, for anybody."""
    if not service_settings().on_loopback and bearer(request, Scope.METRICS) is None:
        return HttpResponse("a token of scope metrics is needed\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _database() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return "migrations are missing: run `grader serve --migrate-only`" if missing else ""


def _store() -> str:
    seam.store().answers()
    return ""


def _queue() -> str:
    seam.queue().health()
    return ""


QUESTIONS: dict[str, Callable[[], str]] = {"database": _database, "store": _store, "queue": _queue}
"""Part -> what is wrong with it, in words of ours; "" when nothing is. Raises DatabaseError or UnavailableError when it does not answer."""


def _asked(name: str, question: Callable[[], str]) -> str:
    try:
        return question()
    except (DatabaseError, UnavailableError) as error:
        log.error("not ready", extra={"facts": {"part": name, "error": f"{type(error).__name__}: {error}"[:300]}})
        return f"the {name} does not answer; the log says why"
