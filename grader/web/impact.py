"""Selection by pseudonym, for joining with demographics that are held elsewhere: who was assessed, what people decided, and nothing that
says who it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from grader.web.models import OVERALL, Candidate, Decision, Requisition, Submission

COLUMNS = ("requisition", "pseudonym", "handed_in", "state", "attempts", "decision", "decided_on", "score_seen", "selected")
SELECTED = {"advance": "yes", "decline": "no"}


def rows(requisition: Requisition | None = None) -> Iterator[dict[str, str]]:
    """One row per candidate, by pseudonym. `selected` is yes, no, or empty while nobody has decided or a person said hold."""
    people = Candidate.objects.order_by("requisition_id", "pseudonym").select_related("requisition")
    for person in people.filter(requisition=requisition) if requisition else people:
        submissions = list(Submission.objects.filter(candidate=person).order_by("pk"))
        decision = Decision.objects.filter(submission__candidate=person, area=OVERALL).order_by("created", "pk").last()
        yield {
            "requisition": str(person.requisition_id),
            "pseudonym": person.pseudonym,
            "handed_in": submissions[0].created.date().isoformat() if submissions else "",
            "state": submissions[-1].state if submissions else "",
            "attempts": str(len(submissions)),
            "decision": decision.verdict if decision else "",
            "decided_on": decision.created.date().isoformat() if decision else "",
            "score_seen": ("yes" if decision.score_seen else "no") if decision else "",
            "selected": SELECTED.get(decision.verdict, "") if decision else "",
        }


def export(requisition: Requisition | None = None) -> str:
    """The same as CSV. Every cell is the service's own word, a number or a date, so no cell can be a formula."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(requisition))
    return out.getvalue()
