"""What happens around every request, one small class each."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from auditlog.middleware import AuditlogMiddleware
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from grader.web import metrics
from grader.web.trouble import UnavailableError

log = logging.getLogger("grader.web")
Handler = Callable[[HttpRequest], HttpResponse]
WITHOUT_SECOND_FACTOR = ("/accounts/", "/static/", "/style.css", "/healthz", "/readyz", "/metrics", "/api/", "/c/")


class Measured:
    """Times every request for /metrics, by route and not by path, so that nobody's number or token becomes a label."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begin = time.perf_counter()
        response = self._handle(request)
        seconds = time.perf_counter() - begin
        route = request.resolver_match.view_name or "api" if request.resolver_match else "none"
        metrics.REQUESTS.labels(request.method or "", route, str(response.status_code)).observe(seconds)
        response.headers["Server-Timing"] = f"app;dur={seconds * 1000:.1f}"
        return response


class Unavailable:
    """A part of the service that is down gives a page (or JSON) that says so; nothing half-written stays, since writes are transactions."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._handle(request)
        except (OperationalError, InterfaceError) as error:  # raised outside of a view, by the session for example
            return unavailable(request, error)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, UnavailableError | OperationalError | InterfaceError):
            return unavailable(request, error)
        return None


def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """503 in the shape that the asker reads."""
    log.error("unavailable", extra={"facts": {"path": request.path, "error": f"{type(error).__name__}: {error}"[:300]}})
    says = str(error) if isinstance(error, UnavailableError) else "The database does not answer. Nothing was changed; try again in a moment."
    if "disk is full" in str(error) or "disk I/O" in str(error):
        says = "The disk is full: nothing was changed. An administrator has to free some space."
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": says}, status=503, headers={"Retry-After": "5"})
    # without a request no context processor runs, and none may ask the database that is down
    response = render(None, "web/unavailable.html", {"says": says}, status=503)
    response.headers["Retry-After"] = "5"
    return response


class Audited(AuditlogMiddleware):  # type: ignore[misc]
    """Who is behind the change. The address is the connection's own: a header that anybody can send proves nothing, and the server
    has already put in its place what a trusted proxy said."""

    @staticmethod
    def _get_remote_addr(request: HttpRequest) -> Any:
        return request.META.get("REMOTE_ADDR")


class SecondFactor:
    """Where a second factor is required, a person without one gets no further than setting it up."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        free = request.path.startswith(WITHOUT_SECOND_FACTOR) or not settings.GRADER_MFA_REQUIRED
        if not free and request.user.is_authenticated and not is_mfa_enabled(request.user):
            return redirect("mfa_activate_totp")
        return self._handle(request)


class NotKept:
    """Pages about people do not stay in a browser's or proxy's cache."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._handle(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
