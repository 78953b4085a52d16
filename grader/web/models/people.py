"""Who works with the service."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    """What a person may do: recruiters hand in, record notices and share; interviewers read and decide; administrators also manage people.
    Which requisitions they see is decided by membership (`grader.web.policy`)."""

    RECRUITER = "recruiter", "Recruiter"
    INTERVIEWER = "interviewer", "Interviewer"
    ADMIN = "admin", "Administrator"


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
