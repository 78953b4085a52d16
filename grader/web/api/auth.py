"""API tokens: who calls, and what the token may do."""

from __future__ import annotations

from auditlog.context import auditlog_value
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from grader.web import tokens
from grader.web.models import ApiToken, Scope

TOKEN = "token_"
"""Beginning of the security schemes' names in the OpenAPI document; the scope follows."""
USED_EVERY_S = 60
"""`last_used` is written at most this often, so that polling clients do not write at every call."""


def bearer(request: HttpRequest, scope: Scope) -> ApiToken | None:
    """The usable token of an Authorization header, if it has the scope."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = by_secret(secret.strip()) if kind.lower() == "bearer" else None
    return token if token is not None and scope in token.scopes else None


def by_secret(secret: str) -> ApiToken | None:
    """The token of this secret, unless it has expired, was revoked, or its owner left."""
    token = ApiToken.objects.select_related("user").filter(digest=tokens.digest(secret)).first()
    if token is None or not token.usable or not token.user.is_active:
        return None
    now = timezone.now()
    if token.last_used is None or (now - token.last_used).total_seconds() > USED_EVERY_S:
        ApiToken.objects.filter(pk=token.pk).update(last_used=now)
    return token


class Scoped(HttpBearer):
    """Admits tokens of one scope. The request then carries the token's owner, whose visibility and role hold here as everywhere, and the
    audit log names the owner: its middleware has looked at the request before anybody was known."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = by_secret(token)
        if found is None or self.scope not in found.scopes:
            return None
        request.user = found.user
        auditlog_value.get()["actor"] = found.user
        return found


def scoped(scope: Scope) -> Scoped:
    """Authentication for one scope, with a name of its own in the OpenAPI document."""
    kind: type[Scoped] = type(f"{TOKEN}{scope.value}", (Scoped,), {})
    return kind(scope)
