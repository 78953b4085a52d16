"""Markdown summary for CI: at most 60 lines, every foreign string escaped for Markdown."""

from __future__ import annotations

import re

from grader.schema.result import Outcome, Result
from reports import words

LOST = 12
"""Lost checks listed; the report has the rest."""


def render(result: Result) -> str:
    """Verdict, gates, areas, the largest losses, where to look."""
    lines = [f"# {escape(result.challenge.title)}: {words.verdict(result)}", "", escape(result.headline), ""]
    lines += [f"- {gate.outcome}: {escape(gate.title)} ({escape(gate.reason, 120)})" for gate in result.gates]
    lines += ["", "| area | points | low | high | measured | band |", "|---|---|---|---|---|---|"]
    for area in result.areas:
        counted = str(area.points) if area.counted_low or area.counted_high else "not counted"
        lines.append(
            f"| {escape(area.title)} | {counted} | {words.percent(area.low)} | {words.percent(area.high)} | {words.percent(area.coverage)} | {escape(area.band)} |"
        )
    lines += _lost(result) + _trouble(result)
    lines += ["", f"{escape(result.submission.origin, 120)} in {result.mode} mode, rubric {result.rubric_digest[:12]}", ""]
    return "\n".join(lines[:60])


def _lost(result: Result) -> list[str]:
    lost = [c for c in result.checks if c.outcome in (Outcome.FAIL, Outcome.PARTIAL) and c.max_bp > c.low_bp]
    lost.sort(key=lambda c: (c.low_bp - c.max_bp, c.id))
    if not lost:
        return []
    rows = [f"| `{c.id}` | {words.points(c.max_bp - c.low_bp)} | {escape(c.observed, 110)} | {escape(c.remedy, 110)} |" for c in lost[:LOST]]
    return ["", "| lost most | points of its area | seen | mend |", "|---|---|---|---|", *rows]


def _trouble(result: Result) -> list[str]:
    lines = [f"- {f.stage}: {f.culprit.value}: {escape(f.sentence, 200)}" for f in result.failures[:4]]
    lines += [f"- bundle: {escape(damage, 160)}" for damage in result.integrity[:4]]
    return ["", *lines] if lines else []


def escape(text: str, limit: int = 300) -> str:
    """One line of inert text: no Markdown, HTML, table cell or autolink survives."""
    flat = " ".join(text.split())
    flat = flat if len(flat) <= limit else flat[: limit - 1] + "…"
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    flat = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", flat)
    return re.sub(r"(?i)\b(https?|ftp|mailto|www)([:.])", r"\1&#8203;\2", flat)
