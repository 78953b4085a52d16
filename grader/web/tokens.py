"""Secrets that the service hands out. Only their digests are kept, so the database gives nobody a key."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.conf import settings

API_PREFIX = "grd_"


def draw(prefix: str = "") -> str:
    """A fresh secret of 256 bits, safe in a URL."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derived(purpose: str, salt: str) -> str:
    """A secret that can be worked out again from the service's key."""
    return hmac.new(settings.SECRET_KEY.encode(), f"{purpose}:{salt}".encode(), hashlib.sha256).hexdigest()
