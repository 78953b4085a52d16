"""Keys to the service that are not a password: API tokens and the candidate's link. Only digests are kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from grader.web.models.submission import Submission


class Scope(models.TextChoices):
    """What a token may do, within what its owner may do."""

    READ = "read", "Read submissions and results"
    SUBMIT = "submit", "Hand in, cancel and grade again"
    DECIDE = "decide", "Record decisions"
    MANAGE = "manage", "Create requisitions and record notices"
    METRICS = "metrics", "Read the service's own metrics"


class Expiring(models.Model):
    """A secret known by its sha256 only."""

    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    revoked = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ("-created",)

    @property
    def usable(self) -> bool:
        return self.revoked is None and self.expires > timezone.now()


class ApiToken(Expiring):
    """A program's key. `hint` is its beginning, so that its owner can tell two apart."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    hint = models.CharField(max_length=12)
    scopes = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.hint}… {self.name}"


class ShareLink(Expiring):
    """The candidate's way to their own copy of the report."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="links")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"link {self.pk} to submission {self.submission_id}"
