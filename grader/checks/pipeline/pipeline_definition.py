"""Are the steps from raw data to artifact declared as a pipeline, one that a bad model does not pass?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence, Sighting

PIPELINE = "pipeline_definition"


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
    return finding


def _where(sight: Sighting) -> str:
    return f"line {sight.place.line} of {sight.place.file}"
