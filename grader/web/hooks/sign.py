"""The signature of a webhook: HMAC-SHA256 over time and body, so that a copy cannot be replayed later."""

from __future__ import annotations

import hashlib
import hmac

from grader.web import tokens
from grader.web.models import Webhook

HEADER = "X-Grader-Signature"


def secret(hook: Webhook) -> str:
    """What the receiver is given once, to verify with."""
    return "whsec_" + tokens.derived("webhook", hook.salt)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """`t=<unix seconds>,v1=<hex>`; the signed text is `<t>.<body>`."""
    code = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={code}"
