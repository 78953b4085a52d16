"""What people decided, and whether they had seen the score by then."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from grader.web.models.append_only import AppendOnly
from grader.web.models.submission import Submission

OVERALL = "overall"


class Verdict(models.TextChoices):
    """About one area."""

    STRONG = "strong", "Strong for this job"
    MEETS = "meets", "Meets what this job needs"
    BELOW = "below", "Below what this job needs"
    UNSURE = "unsure", "Cannot say yet"


class Overall(models.TextChoices):
    """About the person's next step. Nothing here happens by itself: a person acts on it."""

    ADVANCE = "advance", "Invite to the next step"
    HOLD = "hold", "Hold: more is needed"
    DECLINE = "decline", "Do not go on"


class Decision(AppendOnly):
    """One judgement by one named person. The latest per author and area counts; the earlier ones stay beside it."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="decisions")
    area = models.CharField(max_length=32)
    verdict = models.CharField(max_length=16)
    reason = models.TextField(max_length=4000)
    score_seen = models.BooleanField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created", "pk")

    @property
    def says(self) -> str:
        words = dict(Overall.choices if self.area == OVERALL else Verdict.choices)
        return str(words.get(self.verdict, self.verdict))


class ResultView(models.Model):
    """That a person has seen a submission's score, and when first."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="views")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    first = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["submission", "user"], name="one_first_view"),)
