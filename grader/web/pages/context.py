"""What every page knows."""

from __future__ import annotations

from django.http import HttpRequest

from grader import __version__


def everywhere(request: HttpRequest) -> dict[str, object]:
    """`version` also breaks caches of the style sheet; `blind_view` says whether the reader chose not to see names."""
    session = getattr(request, "session", {})
    return {"version": __version__, "blind_view": bool(session.get("blind"))}
