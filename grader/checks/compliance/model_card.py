"""Is there a model card, with the sections that an auditor asks for?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import Probe, RepositoryEvidence, Sighting


def check(repository: RepositoryEvidence, bars: Bars) -> Finding:
    card = repository.probes.get("model_card")
    if card is None:
        return unmeasured("the repository scan did not look for a model card")
    sections = card.value or 0
    if not (card.subject and sections):
        return reached("none", card.detail or "no model card")
    # The scan says `found` from three sections on; this ladder goes by their number.
    level = at_least(sections, (bars["complete"], "complete"), (bars["thin"], "thin"), below="none")
    if level != "none" and (wrong := _of_another(card)):
        return reached("other", f"it says {', '.join(wrong)}, and no committed record has such a value", places=card.places)
    return reached(level, f"a model card with {sections:.0f} of 4 sections", measure("sections", sections, "sections"), places=card.places)


def _of_another(card: Probe) -> list[str]:
    """For each metric of which nothing that the card says is recorded, the first thing that it says. One that is recorded vouches for the rest:
    a card may well know more than the records, by country or by channel."""
    told: dict[str | float, list[Sighting]] = {}
    for sight in card.sightings:
        told.setdefault(sight.facts.get("metric", ""), []).append(sight)
    return [said[0].text for said in told.values() if all(sight.facts.get("matches") == 0 for sight in said)]
