"""Who is told when something ends."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

from grader.web.models.requisition import Requisition
from grader.web.models.submission import Submission


class Event(models.TextChoices):
    GRADED = "submission.graded", "A submission was graded"
    FAILED = "submission.failed", "A submission could not be graded"


def draw_salt() -> str:
    return secrets.token_hex(16)


class Webhook(models.Model):
    """An address that is called for one requisition. Its secret is derived from the service's key and `salt`, never stored."""

    requisition = models.ForeignKey(Requisition, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=2048)
    salt = models.CharField(max_length=32, default=draw_salt)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("created",)

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class Delivery(models.Model):
    """One message to one address; exactly one per webhook, submission and event."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="+")
    event = models.CharField(max_length=32, choices=Event.choices)
    body = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
    tries = models.PositiveIntegerField(default=0)
    next_try = models.DateTimeField(default=timezone.now, null=True, blank=True, db_index=True)
    delivered = models.DateTimeField(null=True, blank=True)
    last_answer = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-created", "-pk")
        constraints = (models.UniqueConstraint(fields=["webhook", "submission", "event"], name="told_once"),)
