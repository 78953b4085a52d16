"""Accounts are made by an administrator; nobody signs up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccounts(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """allauth's account rules with the front door shut."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
