"""What moved between a golden verdict and today's, for people: which check, from which level to which, and what that is in points."""

from __future__ import annotations

from collections.abc import Iterator

from grader.golden.expected import Rung, Verdict, verdict
from grader.schema.result import Result
from grader.schema.rubric import FULL

Row = tuple[str, str, str]
"""What, from where to where, points."""


def moved(golden: Verdict, result: Result) -> list[Row]:
    """One row per difference, the headline first; empty where nothing moved."""
    return [*_headline(golden, verdict(result)), *_checks(golden, result)]


def _headline(golden: Verdict, now: Verdict) -> Iterator[Row]:
    for name in ("mode", "status"):
        before, after = getattr(golden, name), getattr(now, name)
        if before != after:
            yield name, f"{before} -> {after}", ""
    for name in ("low", "high"):
        before, after = getattr(golden, name), getattr(now, name)
        if before != after:
            yield name, f"{before / 100:.2f} -> {after / 100:.2f}", f"{(after - before) / 100:+.2f}"
    for id in sorted(golden.gates.keys() | now.gates.keys()):
        before, after = golden.gates.get(id, "none"), now.gates.get(id, "none")
        if before != after:
            yield f"gate {id}", f"{before} -> {after}", ""


def _checks(golden: Verdict, result: Result) -> Iterator[Row]:
    now = verdict(result).checks
    whole = {f"{check.area}/{check.id}": check.max_bp for check in result.checks}
    counted = {area.id for area in result.areas if area.counted_low or area.counted_high}
    for id in sorted(golden.checks.keys() | now.keys()):
        before, after = golden.checks.get(id), now.get(id)
        if before != after:
            uncounted = "" if id.partition("/")[0] in counted else " (not counted)"
            yield id, f"{_said(before)} -> {_said(after)}", f"{_points(before, after, whole.get(id, 0))}{uncounted}"


def _said(rung: Rung | None) -> str:
    if rung is None:
        return "(no such check)"
    return rung.level if rung.credit is None else f"{rung.level} {rung.credit / 100:g} %"


def _points(before: Rung | None, after: Rung | None, whole: int) -> str:
    """What the step is worth in points of the score, at today's weights. A check that came or went changes the others' shares instead."""
    if before is None or after is None:
        return ""
    return f"{whole * ((after.credit or 0) - (before.credit or 0)) / FULL / 100:+.2f}"


def table(name: str, rows: list[Row]) -> str:
    """Rows as plain text under the bundle's name."""
    whole = [("what", "golden -> now", "points"), *rows]
    widths = [max(len(row[column]) for row in whole) for column in (0, 1)]
    return "\n".join([f"{name}:", *(f"  {what:<{widths[0]}}  {step:<{widths[1]}}  {points}".rstrip() for what, step, points in whole)])
