"""Who is assessed, and what they were told before."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models

from grader.web.models.append_only import AppendOnly
from grader.web.models.requisition import Requisition

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without the letters and digits that people mix up when they read a pseudonym aloud."""


def draw_pseudonym() -> str:
    """`C-` and six characters: 7.3e8 of them, and unique in the database."""
    return "C-" + "".join(secrets.choice(ALPHABET) for _ in range(6))


class Candidate(models.Model):
    """A person under one requisition. The pseudonym is what blind views and exports show."""

    requisition = models.ForeignKey(Requisition, on_delete=models.PROTECT, related_name="candidates")
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    reference = models.CharField(max_length=80, blank=True)
    pseudonym = models.CharField(max_length=12, unique=True, default=draw_pseudonym)
    legal_hold = models.CharField(max_length=400, blank=True, help_text="why these data must be kept; empty: no hold")
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def shown(self) -> str:
        """For eyes that may know who it is."""
        return self.name or self.reference or self.pseudonym


class Notice(AppendOnly):
    """That a candidate was told: which text, when, and the earliest day on which they may be assessed."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="notices")
    version = models.CharField(max_length=40)
    sent_at = models.DateTimeField()
    earliest_assessment = models.DateField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created", "-pk")
