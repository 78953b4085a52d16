"""The audit log: who changed what, who opened what, and who signed in, or tried to."""

from __future__ import annotations

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from auditlog.signals import accessed
from django.contrib.auth.signals import user_logged_in
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
    user_logged_in.connect(_signed_in, dispatch_uid="audit")
    authentication_failed.connect(_wrong_code, dispatch_uid="audit")
    for signal in (password_changed, password_reset, password_set):
        signal.connect(_password_set, dispatch_uid="audit")


def opened(thing: Model) -> None:
    """Somebody has looked at `thing`; the middleware knows who."""
    accessed.send(sender=type(thing), instance=thing)


def noted(thing: Model, what: str, after: str, before: str = "", by: models.User | None = None) -> None:
    """An entry for what no saving of `thing` tells: `what` became of it, from `before` to `after`. `by` where the middleware cannot know yet."""
    LogEntry.objects.log_create(thing, action=LogEntry.Action.UPDATE, changes={what: [before, after]}, actor=by)


def refused_password(name: str) -> None:
    """Somebody typed a wrong password for `name`. Of a name that nobody has nothing is kept: it may well be a password."""
    person = models.User.objects.filter(username__iexact=name).first()
    if person is not None:
        noted(person, "signing in", "refused: wrong password, or nobody who may sign in")


def _signed_in(sender: object, user: models.User, **more: object) -> None:
    noted(user, "signing in", "done", by=user)


def _wrong_code(sender: object, user: models.User, **more: object) -> None:
    noted(user, "signing in", "refused: wrong code of the second factor")


def _password_set(sender: object, user: models.User, **more: object) -> None:
    noted(user, "password", "set")
