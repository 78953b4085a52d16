"""Sets Django up in this process. Everything that uses a model calls it first."""

from __future__ import annotations

import os

import django


def boot() -> None:
    """Idempotent. Raises UsageError when a setting cannot be used."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grader.web.settings")
    django.setup()
