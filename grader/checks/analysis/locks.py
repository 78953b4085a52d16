"""What lock files leave out, and what two of them fix in two ways, in words. Pure."""

from __future__ import annotations

from grader.schema.evidence import Place, Probe, Sighting


def floats(pins: Probe) -> tuple[str, Place] | None:
    """(sentence, place) where a lock file names a package and not what it brings along."""
    found = [seen for seen in pins.sightings if "missing" in seen.facts]
    if not found:
        return None
    told = "; ".join(f"{seen.text} brings {seen.facts['missing']}" for seen in found[:3])
    return f"{_at(found[0])} locks what is wanted, and nothing fixes what comes with it: {told}", found[0].place


def differs(pins: Probe) -> tuple[str, Place] | None:
    """(sentence, place) where two lock files fix one package in two ways."""
    found = [seen for seen in pins.sightings if "there" in seen.facts]
    if not found:
        return None
    told = "; ".join(f"{seen.text} is {seen.facts['here']} in {_at(seen)} and {seen.facts['there']} in {seen.facts['other']}" for seen in found[:3])
    return f"two lock files fix one package in two ways: {told}", found[0].place


def _at(seen: Sighting) -> str:
    return seen.place.file if seen.place.line is None else f"{seen.place.file}:{seen.place.line}"
