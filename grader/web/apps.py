"""The one Django application of the service."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Label `web`: table names and the user model depend on it."""

    name = "grader.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Everything that people do is kept in the audit log from the first request on."""
        from grader.web import audit  # models exist only now

        audit.register()
