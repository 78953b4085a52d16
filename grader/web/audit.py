"""The audit log: who changed what, and who opened what."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from auditlog.registry import auditlog
from auditlog.signals import accessed
from django.db.models import Model

from grader.web import models

KEPT = {
    models.User: ["last_login", "password"],
    models.Requisition: [],
    models.Candidate: [],
    models.Notice: [],
    models.Submission: ["bands", "headline", "waiting_for"],
    models.Decision: [],
    models.Contest: [],
    models.ApiToken: ["last_used", "digest"],
    models.ShareLink: ["last_used", "opened", "digest"],
    models.Tombstone: [],
    models.Webhook: ["salt"],
    Authenticator: ["data", "last_used_at"],
}
"""Model -> fields whose changes are not worth an entry or must not be shown."""


def register() -> None:
    """Called once, when models exist."""
    for model, excluded in KEPT.items():
        if not auditlog.contains(model):
            kept = [field.name for field in model._meta.concrete_fields if field.name not in excluded]
            auditlog.register(model, include_fields=kept, m2m_fields={"members"} if model is models.Requisition else set())


def opened(thing: Model) -> None:
    """Somebody has looked at `thing`; the middleware knows who."""
    accessed.send(sender=type(thing), instance=thing)
