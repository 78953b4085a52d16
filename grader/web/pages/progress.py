"""The stages of a grading and its place in the queue, as pages and API show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from grader.web import policy, seam
from grader.web.models import ResultView, Submission, User
from grader.web.seam import JobState, JobStatus, StageProgress
from grader.web.trouble import UnavailableError

DOWN = "The queue does not answer just now. Nothing is lost; this page goes on asking."
NOBODY = "No worker takes work just now; it starts by itself once one does."


@dataclass(frozen=True)
class LiveView:
    """What the live part shows. `trouble` says what keeps it from moving on."""

    stages: list[StageProgress]
    position: int | None = None
    wait_s: float | None = None
    trouble: str = ""

    @property
    def wait(self) -> str:
        """The expected wait in words that do not promise more than is known."""
        return "" if self.wait_s is None else roughly(self.wait_s)

    @property
    def now(self) -> str:
        """The stages that run, for screen readers: one short line that changes rarely."""
        return ", ".join(stage.stage for stage in self.stages if stage.state == "running")


def roughly(seconds: float) -> str:
    """A duration as people say it."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes} minute{'s' if minutes > 1 else ''}" if minutes < 90 else f"about {round(minutes / 60)} hours"


def live_view(submission: Submission, user: User, session: Mapping[str, Any] | None) -> LiveView:
    """Stages and place in the queue, as this reader may see them. A queue that is down is said, not raised: the rest of the page stands in
    the database."""
    if not submission.job:
        return LiveView([])
    hidden = policy.blind(user, submission.requisition, session)
    try:
        stages = [_shown(stage, hidden or _would_tell(stage, submission, user)) for stage in seam.queue().progress(submission.job)]
        status = seam.queue().status([submission.job]).get(submission.job) if submission.is_open else None
        if status is None or status.state is not JobState.QUEUED:
            return LiveView(stages)
        return LiveView(stages, status.position, status.expected_wait_s, _holdup(status, hidden=hidden))
    except UnavailableError:
        return LiveView([], trouble=DOWN)


def _would_tell(stage: StageProgress, submission: Submission, user: User) -> bool:
    """Whether the note says how well it went to somebody who has not asked for the score, which there is or is still to be."""
    scored = submission.graded or submission.is_open
    return stage.state != "running" and scored and not ResultView.objects.filter(submission=submission, user=user).exists()


def _shown(stage: StageProgress, hidden: bool) -> StageProgress:
    return replace(stage, note="") if hidden else stage


def _holdup(status: JobStatus, *, hidden: bool) -> str:
    """What keeps a job from starting; without the words of whatever met the submission, where these are `hidden`."""
    if status.error:
        again = f", not before {datetime.fromtimestamp(status.not_before, UTC):%H:%M} UTC" if status.not_before else ""
        why = "" if hidden else f" ({status.error})"
        return f"The last try gave nothing through no fault of the candidate{why}. It is tried again by itself{again}."
    health = seam.queue().health()
    reasons = [worker.reason for worker in health.workers if worker.alive and worker.reason and not hidden]
    return "" if health.capacity else f"{NOBODY} {reasons[0]}" if reasons else NOBODY
