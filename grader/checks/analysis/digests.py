"""What recorded digests say to the files that they name."""

from __future__ import annotations

from grader.schema.evidence import Probe, Sighting


def contradicted(probe: Probe) -> Sighting | None:
    """A record whose digest is that of another file than the one it names.

    Records of one top folder that name the same file are a history: it is enough that one of them speaks of the file as it is.
    """
    current = {_subject(sight) for sight in probe.sightings if sight.facts.get("matches") == 1}
    return next((sight for sight in probe.sightings if sight.facts.get("matches") == 0 and _subject(sight) not in current), None)


def _subject(sight: Sighting) -> tuple[str, str | float]:
    return sight.place.file.split("/")[0], sight.facts.get("file", sight.text)
