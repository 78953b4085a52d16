"""Error pages in the service's own look."""

from __future__ import annotations

import errno
import json
import logging
import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from grader.web.results import UnreadableError
from grader.web.trouble import UnavailableError, problem

log = logging.getLogger("grader.web")
DOWN = (UnavailableError, OperationalError, InterfaceError)
"""What a part of the service that does not answer looks like."""
FULL = ("disk is full", "disk I/O", "No space left")
"""What a full disk says: SQLite and the store, SQLite, PostgreSQL and this host."""
PROGRAMS, DOCS = "/api/", "/api/docs"


def is_down(error: BaseException | None) -> bool:
    """Whether this is a part of the service that cannot work just now, and no defect. An upload is written to this host's disk before any
    view sees it, and may find it full."""
    return isinstance(error, DOWN) or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT))


def _page(request: HttpRequest, status: int, title: str, says: str) -> HttpResponse:
    """For programs as JSON, like every other answer that they get."""
    if _of_a_program(request):
        return JsonResponse(problem(says), status=status)
    return render(request, "web/error.html", {"title": title, "says": says}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404, "Not found", "There is no such page, or it is not yours to see.")


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, "Not allowed", str(exception) or "Your role does not allow this.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _page(request, 413, "Too large", "What was sent is too large to be read.")
    return _page(request, 400, "Bad request", "The request could not be read.")


def not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """In place of the framework's bare answer to a method that an address does not have; Allow names those that it has."""
    allowed = response.headers.get("Allow", "")
    says = "A form was sent to where it cannot be read again: go back, and press its button once more."
    if _of_a_program(request):
        says = f"This address takes {allowed or 'other methods'}, not {str(request.method)[:20]}."
    dressed = _page(request, 405, "Not by this way", says)
    dressed.headers["Allow"] = allowed
    return dressed


def too_many(request: HttpRequest) -> HttpResponse:
    """Somebody tries too often: signing in, second factors, new passwords."""
    response = _page(request, 429, "Too many tries", "Wait a few minutes, and try again.")
    response.headers["Retry-After"] = "300"
    return response


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, 403, "Not accepted", "The form was too old, or did not come from this site. Go back, reload the page and send it again.")


def broken(request: HttpRequest) -> HttpResponse:
    """Whatever no view has answered for: a part that is down, met by middleware, or a defect of ours."""
    error = sys.exc_info()[1]
    if error is not None and is_down(error):
        return unavailable(request, error)
    return _plain(request, 500, "The service has a defect; it is in the log. Nothing was half-written.")


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """A part of the service is down. Nothing half-written stays, since writes are transactions. What a driver says goes to the log only:
    it names hosts and users, and the reader may be anybody."""
    log.error("unavailable", extra={"facts": {"path": request.path, "error": f"{type(error).__name__}: {error}"[:300]}})
    part = "queue or the artifact store" if isinstance(error, UnavailableError) else "database"
    says = str(error) if isinstance(error, UnreadableError) else f"The {part} does not answer. Nothing was changed; try again in a moment."
    if isinstance(error, OSError) or any(words in str(error) for words in FULL):
        says = "The disk is full: nothing was changed. An administrator has to free some space."
    response = _plain(request, 503, says)
    response.headers["Retry-After"] = "5"
    return response


def _plain(request: HttpRequest, status: int, says: str) -> HttpResponse:
    """In the shape that the asker reads. Without a request no context processor runs, and none may ask what is down."""
    if _of_a_program(request):
        return JsonResponse(problem(says), status=status)
    return render(None, "web/unavailable.html", {"says": says}, status=status)


def bare(path: str, title: str, says: str) -> tuple[bytes, str]:
    """(body, its type) of an answer to what could not even be made a request, in the shape that an asker of this path reads."""
    if _for_programs(path):
        return json.dumps(problem(says)).encode(), "application/json"
    return render_to_string("web/unavailable.html", {"title": title, "says": says}).encode(), "text/html; charset=utf-8"


def _of_a_program(request: HttpRequest) -> bool:
    return _for_programs(request.path)


def _for_programs(path: str) -> bool:
    return path.startswith(PROGRAMS) and path != DOCS


def ask_an_administrator(request: HttpRequest) -> HttpResponse:
    """Stands where allauth would send mail: this service sends none."""
    return _page(
        request, 200, "Ask an administrator", "This service sends no mail. An administrator gives you a link with which you set a new password."
    )
