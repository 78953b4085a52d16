"""The style sheet: the report's own, followed by what only the service needs. One place for colours."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from django.http import HttpRequest, HttpResponse

from reports.html import STYLE, environment


@lru_cache(maxsize=1)
def sheet() -> str:
    own = (resources.files("grader.web") / "static" / "web" / "service.css").read_text(encoding="utf-8")
    return environment().get_template(STYLE).render() + own


def css(request: HttpRequest) -> HttpResponse:
    """Kept by browsers; the page names it with the version."""
    return HttpResponse(sheet(), content_type="text/css; charset=utf-8", headers={"Cache-Control": "public, max-age=86400"})
