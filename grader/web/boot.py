"""Sets Django up in this process. Everything that uses a model calls it first."""

from __future__ import annotations

import os

import django

from grader.web.config import service_settings


def boot(*, make: bool = True) -> None:
    """Idempotent. Raises UsageError when a setting cannot be used. Without `make` neither data folder nor key come to be: for what signs
    nothing."""
    settings = service_settings()
    if make:
        settings.make_key()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grader.web.settings")
    django.setup()
