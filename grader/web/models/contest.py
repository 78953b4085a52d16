"""What a candidate says against a check."""

from __future__ import annotations

from django.db import models

from grader.web.models.access import ShareLink
from grader.web.models.append_only import AppendOnly
from grader.web.models.submission import Submission


class Contest(AppendOnly):
    """Sent by the holder of a link; a person answers it by a decision."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="contests")
    link = models.ForeignKey(ShareLink, on_delete=models.PROTECT, related_name="contests")
    check_id = models.CharField(max_length=64)
    says = models.TextField(max_length=4000)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created", "pk")
