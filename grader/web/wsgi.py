"""What a WSGI server serves."""

from __future__ import annotations

from grader.web.boot import boot

boot()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django must be set up first

application = get_wsgi_application()
