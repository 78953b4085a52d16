"""What happens around every request, one small class each."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from auditlog.middleware import AuditlogMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from grader.web import metrics
from grader.web.pages import errors

Handler = Callable[[HttpRequest], HttpResponse]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What is counted by its name. Anybody can make up another, and each would be kept for as long as the process lives."""
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
        method = request.method if request.method in METHODS else "other"
        metrics.REQUESTS.labels(method, route, str(response.status_code)).observe(seconds)
        response.headers["Server-Timing"] = f"app;dur={seconds * 1000:.1f}"
        return response


class Unavailable:
    """A view that met a part of the service that is down gives a page (or JSON) that says so. Middleware that meets it ends in handler500."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._handle(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return errors.unavailable(request, error) if errors.is_down(error) else None


class Dressed:
    """A method that an address does not have is refused in the look, and the shape, of all other errors."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._handle(request)
        return errors.not_allowed(request, response) if response.status_code == 405 else response


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


class Polled:
    """A part of a page that polls after its session has ended does not get the sign-in form swapped into it: the whole page goes there."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._handle(request)
        if request.headers.get("HX-Request") and response.status_code == 302:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return response


class NotKept:
    """Pages about people do not stay in a browser's or proxy's cache."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._handle(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response
