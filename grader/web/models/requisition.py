"""What a job asks for, fixed before anybody is graded."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse

from grader.web.plain import strange

FROZEN = ("challenge", "mode", "modules", "bars")


class Requisition(models.Model):
    """One opening. `bars` is area -> the band that the job needs; `modules` are the optional areas that matter for it.
    `independent`: whoever decides sees what others have decided only afterwards."""

    title = models.CharField(max_length=120)
    challenge = models.CharField(max_length=64)
    mode = models.CharField(max_length=32, default="standard")
    modules = models.JSONField(default=list, blank=True)
    bars = models.JSONField(default=dict, blank=True)
    blind = models.BooleanField(default=False)
    independent = models.BooleanField(default=False)
    notice_due = models.BooleanField(default=True)
    notice_exemption = models.CharField(max_length=400, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_requisitions")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="requisitions", blank=True)
    created = models.DateTimeField(auto_now_add=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    closed = models.BooleanField(default=False)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("requisition", args=[self.pk])

    @property
    def frozen(self) -> bool:
        """Once somebody has been queued, what is asked and the bars stay as they are."""
        return self.frozen_at is not None

    def clean(self) -> None:
        if found := strange(self.title):
            raise ValidationError({"title": f"The title holds a character that is not seen ({found})."})
        if not self.notice_due and not self.notice_exemption.strip():
            raise ValidationError({"notice_exemption": "Say why no notice is due, since grading then starts at once."})
        if self.pk and self.frozen:
            before = Requisition.objects.get(pk=self.pk)
            moved = [name for name in FROZEN if getattr(before, name) != getattr(self, name)]
            if moved:
                raise ValidationError(
                    f"Somebody has been graded already, so {', '.join(moved)} can no longer change. Open a new requisition instead."
                )
