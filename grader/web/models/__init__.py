"""The data model. One module per theme; Django wants them all importable from here."""

from grader.web.models.access import ApiToken, Scope, ShareLink
from grader.web.models.append_only import AppendOnlyError
from grader.web.models.candidate import Candidate, Notice
from grader.web.models.contest import Contest
from grader.web.models.decision import OVERALL, Decision, Overall, ResultView, Verdict
from grader.web.models.people import Role, User
from grader.web.models.requisition import Requisition
from grader.web.models.submission import ENDED, LONGEST_ORIGIN, OPEN, UPLOAD, State, Submission
from grader.web.models.tombstone import Tombstone
from grader.web.models.webhook import Delivery, Event, Webhook

__all__ = [
    "ENDED", "LONGEST_ORIGIN", "OPEN", "OVERALL", "UPLOAD", "ApiToken", "AppendOnlyError", "Candidate", "Contest", "Decision", "Delivery", "Event",
    "Notice", "Overall", "Requisition", "ResultView", "Role", "Scope", "ShareLink", "State", "Submission", "Tombstone", "User", "Verdict", "Webhook",
]  # fmt: skip
