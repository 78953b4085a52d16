"""What stays of a candidate whose data were erased: that there was one, and why they are gone."""

from __future__ import annotations

from django.db import models

from grader.web.models.append_only import AppendOnly
from grader.web.models.requisition import Requisition


class Tombstone(AppendOnly):
    """`by` is a user name or `retention`. The pseudonym stays, so that a record held elsewhere can be closed too."""

    requisition = models.ForeignKey(Requisition, on_delete=models.PROTECT, related_name="tombstones")
    pseudonym = models.CharField(max_length=12, unique=True)
    submissions = models.PositiveIntegerField()
    reason = models.CharField(max_length=400)
    by = models.CharField(max_length=150)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created", "pk")
