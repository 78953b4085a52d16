"""One repository to grade, from the moment it is handed in to its verdict."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from grader.jobs import Priority
from grader.web.models.candidate import Candidate
from grader.web.models.requisition import Requisition

UPLOAD = "upload:"
"""Beginning of the origin of an uploaded archive; its sha256 follows."""
LONGEST_ORIGIN = 2100


class State(models.TextChoices):
    """Where a submission stands. WAITING is before the queue: a notice is missing, its day has not come, or the queue cannot be reached."""

    WAITING = "waiting", "waiting"
    QUEUED = "queued", "queued"
    RUNNING = "running", "being graded"
    GRADED = "graded", "graded"
    FAILED = "failed", "not graded"
    CANCELLED = "cancelled", "cancelled"


OPEN = (State.WAITING, State.QUEUED, State.RUNNING)
ENDED = (State.GRADED, State.FAILED, State.CANCELLED)


class Submission(models.Model):
    """`bands` is area -> {title, kind, band, low, high, coverage, sufficient}, copied from the result so that lists need not read files."""

    requisition = models.ForeignKey(Requisition, on_delete=models.PROTECT, related_name="submissions")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="submissions")
    origin = models.CharField(max_length=LONGEST_ORIGIN)
    label = models.CharField(max_length=200, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    rescores = models.CharField(max_length=128, blank=True, help_text="the job whose evidence is judged anew; empty: it is measured")
    priority = models.PositiveSmallIntegerField(
        default=Priority.NORMAL.value, choices=[(one.value, one.name.lower()) for one in Priority], help_text="its class in the queue"
    )
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING, db_index=True)
    waiting_for = models.CharField(max_length=300, blank=True)
    job = models.CharField(max_length=128, blank=True, db_index=True)
    ended = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    status = models.CharField(max_length=24, blank=True)
    headline = models.TextField(blank=True)
    bands = models.JSONField(default=dict, blank=True)
    rubric_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-created", "-pk")
        constraints = (models.UniqueConstraint(fields=["requisition", "origin", "attempt"], name="one_attempt_per_origin"),)

    def __str__(self) -> str:
        return f"submission {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("submission", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def can_go_first(self) -> bool:
        """Whether it still waits, and not yet before all others."""
        return self.state in (State.WAITING, State.QUEUED) and self.priority > Priority.HIGH

    @property
    def graded(self) -> bool:
        return self.state == State.GRADED

    @property
    def uploaded(self) -> bool:
        return self.origin.startswith(UPLOAD)

    @property
    def source(self) -> str:
        """The origin as people know it."""
        return self.label or "an uploaded archive" if self.uploaded else self.origin

    @property
    def brief(self) -> str:
        """The same without what every URL begins with."""
        return self.source.removeprefix("https://")
