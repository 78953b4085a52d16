"""What a challenge lacks for its validation to mean something. Read from files alone; nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grader.schema.challenge import Challenge
from grader.schema.rubric import Rubric
from grader.schema.validation import Missing
from grader.validation.cases import Case

PER_AREA, MUTANTS, ALTERNATES, NULLS = 4, 50, 2, 5


def missing(all_cases: Sequence[Case], challenge: Challenge, rubric: Rubric, promises: Sequence[str]) -> Missing:
    """Checks that no mutant must flip, areas with fewer than four mutants, references that are wanting; `promises` are the findings of their lint."""
    planted = [case.mutant.expect for case in all_cases if case.mutant]
    flipped = {id for expect in planted for id in expect.flips}
    areas = Counter(expect.area for expect in planted)
    scored = [area for area in rubric.areas if area in {*challenge.scoring.core, *challenge.scoring.modules}]
    kinds = Counter(case.id if case.kind == "mutant" else case.kind for case in {c.id: c for c in all_cases}.values())
    wanted = (("mutants", len(planted), MUTANTS), ("alternates", kinds["alternate"], ALTERNATES), ("nulls", kinds["null"], NULLS))
    return Missing(
        checks_without_mutant=[id for area in scored for id in rubric.areas[area].checks if id not in flipped],
        areas_short_of_mutants={area: areas[area] for area in scored if areas[area] < PER_AREA},
        promises=list(promises),
        references=[f"{found} of {least} {what}" for what, found, least in wanted if found < least],
    )
