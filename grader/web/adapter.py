"""Accounts are made by an administrator; nobody signs up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from grader.web import audit


class ClosedAccounts(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """allauth's account rules with the front door shut."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        audit.refused_password(str(credentials.get("username", "")))
