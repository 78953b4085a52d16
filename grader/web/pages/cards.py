"""The areas of a result in bands, for the pages."""

from __future__ import annotations

from dataclasses import dataclass

from grader.web import results
from grader.web.models import Submission

LEADING = 3
"""Core areas that stand out: what the product is asked to score first."""


@dataclass(frozen=True)
class AreaCard:
    """`measured` is in percent; `against` says how the band stands to `bar`; `matters` is False for a module that the job did not name."""

    id: str
    title: str
    band: str
    measured: int
    against: str
    bar: str
    lead: bool
    matters: bool


def area_cards(submission: Submission) -> list[AreaCard]:
    """Areas in bands, the three that lead first; modules that the job did not name stand back."""
    asked = submission.requisition
    bands = results.bar_percents(asked)
    ordered = sorted(submission.bands.items(), key=lambda item: item[1]["order"])
    core_seen = 0
    cards = []
    for id, area in ordered:
        core = area["kind"] == "core"
        core_seen += core
        sufficient = area["band"] if area["sufficient"] else "not enough evidence"
        matters = core or not asked.modules or id in asked.modules
        against = results.against(area, bands.get(id))
        lead = core and core_seen <= LEADING
        cards.append(AreaCard(id, area["title"], sufficient, area["coverage"] // 100, against, asked.bars.get(id, ""), lead, matters))
    return cards
