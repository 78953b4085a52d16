"""Is there a model card, with the sections that an auditor asks for?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence, bars: Bars) -> Finding:
    card = repository.probes.get("model_card")
    if card is None:
        return unmeasured("the repository scan did not look for a model card")
    sections = card.value or 0
    if not (card.subject and sections):
        return reached("none", f"no model card{': ' + card.detail if card.detail else ''}")
    # The scan says `found` from three sections on; this ladder goes by their number.
    level = at_least(sections, (bars["complete"], "complete"), (bars["thin"], "thin"), below="none")
    return reached(level, f"a model card with {sections:.0f} of 4 sections", measure("sections", sections, "sections"), places=card.places)
