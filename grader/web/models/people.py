"""Who works with the service."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    """What a person may do; which requisitions they see is decided by membership (`grader.web.policy`)."""

    RECRUITER = "recruiter", "Recruiter: submits, records notices, shares results"
    INTERVIEWER = "interviewer", "Interviewer: reads reports and decides"
    ADMIN = "admin", "Administrator: sees everything, manages people"


class User(AbstractUser):
    """A person with one role. Made by an administrator, never by signing up."""

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.INTERVIEWER)

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def is_recruiter(self) -> bool:
        """Recruiters, and administrators, who may do all that recruiters do."""
        return self.role in (Role.RECRUITER, Role.ADMIN)

    @property
    def shown(self) -> str:
        return self.get_full_name() or self.username
