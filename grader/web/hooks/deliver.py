"""Sends what is due. A message is tried for about a day, ever more rarely; it is claimed before it is sent, so two processes never send at once."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import urllib3
from django.db.models import Q
from django.utils import timezone
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from grader.web.config import service_settings
from grader.web.hooks import guard, sign
from grader.web.models import Delivery, Event, State, Submission, Webhook
from grader.web.trouble import RefusedError

log = logging.getLogger("grader.web.hooks")
TIMEOUT = urllib3.Timeout(connect=3, read=5)
WAITS_S = (10, 60, 300, 1800, 7200, 21_600, 43_200)
CLAIM_S = 60
ANSWER_BYTES = 200
BATCH = 20


def note(submission: Submission, event: Event, state: State) -> None:
    """Put one message per webhook of the requisition into the outbox. Says that something ended, never the score: a person opens it."""
    for hook in Webhook.objects.filter(requisition=submission.requisition_id, active=True):
        message = {
            "event": event.value, "submission": submission.pk, "requisition": submission.requisition_id, "pseudonym": submission.candidate.pseudonym,
            "state": state.value, "attempt": submission.attempt, "url": f"{service_settings().public_url}/submissions/{submission.pk}/",
        }  # fmt: skip
        Delivery.objects.get_or_create(webhook=hook, submission=submission, event=event, defaults={"body": json.dumps(message, sort_keys=True)})


def due() -> None:
    """Send what is due now."""
    now = timezone.now()
    for delivery in Delivery.objects.filter(next_try__lte=now, webhook__active=True).select_related("webhook").order_by("next_try")[:BATCH]:
        claimed = Delivery.objects.filter(Q(pk=delivery.pk), next_try=delivery.next_try).update(next_try=now + timedelta(seconds=CLAIM_S))
        if claimed:
            send(delivery)


def send(delivery: Delivery) -> None:
    """One try, and what came of it. An address is checked anew each time, since names move."""
    answer, well = _post(delivery)
    tries = delivery.tries + 1
    wait = WAITS_S[tries - 1] if tries <= len(WAITS_S) else None
    Delivery.objects.filter(pk=delivery.pk).update(
        tries=tries,
        last_answer=answer[:300],
        delivered=timezone.now() if well else None,
        next_try=None if well or wait is None else timezone.now() + timedelta(seconds=wait),
    )
    log.info("webhook", extra={"facts": {"delivery": delivery.pk, "answer": answer[:100], "delivered": well}})


def _post(delivery: Delivery) -> tuple[str, bool]:
    """(what came back, whether it was taken). Redirects are not followed: they would lead around the guard."""
    body = delivery.body.encode()
    try:
        target = guard.checked(delivery.webhook.url)
        with urllib3.HTTPSConnectionPool(
            target.address, target.port, server_hostname=target.host, assert_hostname=target.host, ca_certs=_trusted(), timeout=TIMEOUT, retries=False
        ) as pool:
            answer = pool.request(
                "POST", target.path, body=body, redirect=False, preload_content=False,
                headers={
                    "Host": target.authority, "Content-Type": "application/json", "User-Agent": "grader-webhook/1",
                    "X-Grader-Event": delivery.event, "X-Grader-Delivery": str(delivery.pk),
                    sign.HEADER: sign.signature(sign.secret(delivery.webhook), int(timezone.now().timestamp()), body),
                },
            )  # fmt: skip
            said = answer.read(ANSWER_BYTES).decode("utf-8", "replace")
            return f"HTTP {answer.status} {' '.join(said.split())}", 200 <= answer.status < 300
    except RefusedError as error:
        return f"refused: {error}", False
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}", False


def _trusted() -> str:
    """The certificates that count; an operator's own authority by GRADER_CA_FILE."""
    return str(service_settings().ca_file or DEFAULT_CA_BUNDLE_PATH)
