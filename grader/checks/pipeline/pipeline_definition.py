"""Are the steps from raw data to artifact declared as a pipeline, one that a bad model does not pass?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.checks.analysis.commands import swallowed
from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence, Sighting

PIPELINE = "pipeline_definition"
_COMMAND = re.compile(r"python|\.py\b|\s-m\s|\.sh\b")


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("declared", [PIPELINE])], none="none")
    if finding.level != "declared":
        return finding
    sightings = repository.probes[PIPELINE].sightings
    if blind := [sight for sight in sightings if sight.facts.get("blind")]:
        return reached("toothless", f"{_where(blind[0])}: {blind[0].text}", places=[blind[0].place])
    bars = [sight for sight in sightings if "heeded" in sight.facts]
    if bars and not any(sight.facts["heeded"] for sight in bars):
        said = f"{_where(bars[0])} holds the model against a bar (`{bars[0].text}`), and nothing comes of it but words: every model passes"
        return reached("toothless", said, places=[sight.place for sight in bars[:3]])
    return _unminded(sightings) or _lacking(sightings) or finding


def _unminded(sightings: Sequence[Sighting]) -> Finding | None:
    """A file of the pipeline all of whose commands with a bar in them cannot fail."""
    runs: dict[str, list[Sighting]] = {}
    for sight in sightings:
        if sight.facts.get("runs_gate"):
            runs.setdefault(sight.place.file, []).append(sight)
    for lines in runs.values():
        whys = ["make is told not to mind (`-`)" if sight.facts.get("ignored") else swallowed(sight.text, _COMMAND) for sight in lines]
        if all(whys):
            return reached("toothless", f"{_where(lines[0])} runs the bars that the model is held against, and {whys[0]}", places=[lines[0].place])
    return None


def _lacking(sightings: Sequence[Sighting]) -> Finding | None:
    """A stage that a change of what it runs or reads does not run again."""
    lacks = [sight for sight in sightings if "lacks" in sight.facts]
    if not lacks:
        return None
    said = ", ".join(dict.fromkeys(sight.text for sight in lacks[:3]))
    return reached("lacking", f"{said}; it is not among the dependencies, so that a change does not run the stage again", places=[lacks[0].place])


def _where(sight: Sighting) -> str:
    return f"line {sight.place.line} of {sight.place.file}"
