"""Decisions of people: kept with author, reason and time, and with whether the author had seen the score."""

from __future__ import annotations

from django.db import transaction

from grader.web import catalogue
from grader.web.models import OVERALL, Decision, Overall, ResultView, Submission, User, Verdict
from grader.web.presence import present
from grader.web.trouble import RefusedError


def visible(user: User, submission: Submission) -> tuple[list[Decision], int]:
    """(the decisions that `user` may read now, oldest first; how many of others are held back).

    Where the requisition asks for independent decisions, others' come to sight with one's own. Recruiters, who may have none to give, see them
    once they have seen the score, or where there is none.
    """
    made = list(submission.decisions.select_related("author"))
    own = [one for one in made if one.author_id == user.pk]
    if not submission.requisition.independent or own:
        return made, 0
    if user.is_recruiter and (not submission.graded or ResultView.objects.filter(submission=submission, user=user).exists()):
        return made, 0
    return own, len(made)


def decide(user: User, submission: Submission, area: str, verdict: str, reason: str) -> Decision:
    """Add one decision. RefusedError for an unknown area or verdict, or a reason that says nothing; Http404 when it was erased meanwhile."""
    known = catalogue.areas()
    if area != OVERALL and area not in known:
        raise RefusedError(f"There is no area {area!r}: choose one of {', '.join([*known, OVERALL])}.", field="area")
    words = Overall.values if area == OVERALL else Verdict.values
    if verdict not in words:
        raise RefusedError(f"{verdict!r} is no judgement about {area}: choose one of {', '.join(words)}.", field="verdict")
    if len(reason.strip()) < 10 or len(reason) > 4000:
        raise RefusedError("A reason has 10 to 4000 characters.", field="reason")
    with transaction.atomic():
        present(submission.candidate_id)
        seen = ResultView.objects.filter(submission=submission, user=user).exists()
        return Decision.objects.create(submission=submission, area=area, verdict=verdict, reason=reason.strip(), score_seen=seen, author=user)
