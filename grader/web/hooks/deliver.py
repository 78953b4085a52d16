"""Sends what is due. A message is tried for about a day, ever more rarely; it is claimed before it is sent, so two processes never send at once."""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime, timedelta
from http.client import HTTPException

from django.db import DatabaseError, close_old_connections
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from grader.web.config import service_settings
from grader.web.hooks import guard, sign
from grader.web.hooks.post import post
from grader.web.models import Delivery, Event, State, Submission, Webhook
from grader.web.trouble import RefusedError

log = logging.getLogger("grader.web.hooks")
EVERY_S = 1.0
WAITS_S = (10, 60, 300, 1800, 7200, 21_600, 43_200)
CLAIM_S = 60
"""Longer than any send: the name server's answer, connecting, the receiver's answer, and then the wait for the database."""
BATCH = 200


def note(submission: Submission, event: Event, state: State) -> None:
    """Put one message per webhook of the requisition into the outbox. Says that something ended, never the score: a person opens it."""
    for hook in Webhook.objects.filter(requisition=submission.requisition_id, active=True):
        message = {
            "event": event.value, "submission": submission.pk, "requisition": submission.requisition_id, "pseudonym": submission.candidate.pseudonym,
            "state": state.value, "attempt": submission.attempt, "url": f"{service_settings().public_url}/submissions/{submission.pk}/",
        }  # fmt: skip
        Delivery.objects.get_or_create(webhook=hook, submission=submission, event=event, defaults={"body": json.dumps(message, sort_keys=True)})


def run(stop: threading.Event) -> None:
    """Deliver until `stop` is set. A thread of its own: receivers that are slow hold up nobody's grading."""
    while not stop.wait(EVERY_S):
        close_old_connections()
        try:
            due()
        except DatabaseError as error:
            log.warning("deliveries were cut short", extra={"facts": {"error": str(error)[:300]}})
        except Exception:
            log.exception("deliveries failed")
    close_old_connections()


def due() -> None:
    """Send what is due now, the oldest message of each webhook: one receiver that is slow, or has a day's messages waiting, does not use up
    a pass."""
    for delivery in _oldest(timezone.now()):
        claim = timezone.now() + timedelta(seconds=CLAIM_S)  # from now, since those before it took their time
        if Delivery.objects.filter(pk=delivery.pk, next_try=delivery.next_try).update(next_try=claim):
            delivery.next_try = claim
            send(delivery)


def _oldest(now: datetime) -> QuerySet[Delivery]:
    waiting = Delivery.objects.filter(webhook=OuterRef("pk"), next_try__lte=now).order_by("next_try", "pk").values("pk")[:1]
    firsts = Webhook.objects.filter(active=True).annotate(first=Subquery(waiting)).exclude(first=None).values("first")
    return Delivery.objects.filter(pk__in=firsts).select_related("webhook").order_by("next_try")[:BATCH]


def send(delivery: Delivery) -> None:
    """One try, and what came of it, unless it is somebody else's by now: claimed anew, or its webhook was dropped. An address is checked
    anew each time, since names move."""
    answer, well = _post(delivery)
    tries = delivery.tries + 1
    wait = WAITS_S[tries - 1] if tries <= len(WAITS_S) else None
    Delivery.objects.filter(pk=delivery.pk, next_try=delivery.next_try).update(
        tries=tries,
        last_answer=answer[:300],
        delivered=timezone.now() if well else None,
        next_try=None if well or wait is None else timezone.now() + timedelta(seconds=wait),
    )
    log.info("webhook", extra={"facts": {"delivery": delivery.pk, "answer": answer[:100], "delivered": well}})


def _post(delivery: Delivery) -> tuple[str, bool]:
    """(what came back, whether it was taken)."""
    body = delivery.body.encode()
    headers = {
        "Content-Type": "application/json", "User-Agent": "grader-webhook/1", "X-Grader-Event": delivery.event, "X-Grader-Delivery": str(delivery.pk),
        sign.HEADER: sign.signature(sign.secret(delivery.webhook), int(timezone.now().timestamp()), body),
    }  # fmt: skip
    try:
        status = post(guard.checked(delivery.webhook.url), body, headers)
    except RefusedError as error:
        return f"refused: {error}", False
    except (HTTPException, OSError) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}", False
    return f"HTTP {status}", 200 <= status < 300
