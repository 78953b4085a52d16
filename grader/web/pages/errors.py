"""Error pages in the service's own look."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def _page(request: HttpRequest, status: int, title: str, says: str) -> HttpResponse:
    return render(request, "web/error.html", {"title": title, "says": says}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404, "Not found", "There is no such page, or it is not yours to see.")


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, "Not allowed", str(exception) or "Your role does not allow this.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400, "Bad request", "The request could not be read. If you uploaded something, it was too large.")


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, 403, "Not accepted", "The form was too old, or did not come from this site. Go back, reload the page and send it again.")


def broken(request: HttpRequest) -> HttpResponse:
    """Without context processors: whatever broke may break them too."""
    return render(None, "web/unavailable.html", {"says": "The service has a defect; it is in the log. Nothing was half-written."}, status=500)


def ask_an_administrator(request: HttpRequest) -> HttpResponse:
    """Stands where allauth would send mail: this service sends none."""
    return _page(
        request, 200, "Ask an administrator", "This service sends no mail. An administrator gives you a link with which you set a new password."
    )
