"""Markdown summary for CI: at most 60 lines, every foreign string escaped for Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.schema.result import Highlight, Result
from reports import losses, words
from reports.text import one_line

LINES = 60
GATES, AREAS, TOP, LOST, TROUBLE = 6, 8, 3, 10, 3
"""Entries per list: together they stay under LINES. The report has the rest."""


def render(result: Result) -> str:
    """Verdict, gates, areas, strengths and risks, the largest losses, where to look."""
    lines = [f"# {escape(result.challenge.title, 80)}: {words.verdict(result)}", "", *_practice(result), escape(result.headline), ""]
    lines += [f"- {gate.outcome}: {escape(gate.title, 60)} ({escape(gate.reason, 120)})" for gate in result.gates[:GATES]]
    lines += ["", "| area | points | low | high | measured | band |", "|---|---|---|---|---|---|"]
    for area in result.areas[:AREAS]:
        shares = f"{words.percent(area.low)} | {words.percent(area.high)} | {words.percent(area.coverage)}"
        band = escape(area.band, 60) if area.sufficient else "insufficient evidence"
        lines.append(f"| {escape(area.title, 60)} | {words.weighs(area)} | {shares} | {band} |")
    lines += _top("Strengths", result.strengths) + _top("Risks", result.risks) + _lost(result) + _trouble(result)
    origin = escape(result.submission.origin, 120)
    lines += ["", f"{origin} in {escape(words.mode(result), 80)}, rubric {escape(result.rubric_digest[:12])}. Details: report.html, result.json.", ""]
    assert len(lines) <= LINES, "the caps of the lists add up to too much"
    return "\n".join(lines)


def _practice(result: Result) -> list[str]:
    return [f"No verdict. {words.PRACTICE}", ""] if result.practice else []


def _top(title: str, items: Sequence[Highlight]) -> list[str]:
    if not items:
        return []
    return ["", f"{title}:", *(f"- {escape(h.title, 120)}{': ' + escape(words.measured(h.measure), 120) if h.measure else ''}" for h in items[:TOP])]


def _lost(result: Result) -> list[str]:
    lost, unjudged = losses.judged(result), losses.unjudged(result)
    many = sum(number for _, number in unjudged)
    told = ["", f"Without points, as something else decided: {words.several(many, 'check')}: {escape(unjudged[0][0], 200)}"] if unjudged else []
    if not lost:
        return told
    cells = [(c.id, words.points(c.max_bp - c.low_bp), c.observed, c.remedy) for c in lost[:LOST]]
    rows = [f"| {' | '.join(escape(cell, 110) for cell in row)} |" for row in cells]
    more = f" (the first {LOST} of {len(lost)})" if len(lost) > LOST else ""
    return ["", f"| lost most{more} | points | seen | mend |", "|---|---|---|---|", *rows, *told]


def _trouble(result: Result) -> list[str]:
    lines = [f"- {escape(f.stage, 40)}: {f.culprit.value}: {escape(f.sentence, 200)}" for f in result.failures[:TROUBLE]]
    lines += [f"- bundle: {escape(damage, 160)}" for damage in result.integrity[:TROUBLE]]
    if result.quarantined:
        lines.append(f"- in quarantine, neither won nor lost: {escape(', '.join(q.id for q in result.quarantined), 200)}")
    return ["", *lines] if lines else []


def escape(text: str, limit: int = 300) -> str:
    """One line of inert text: no Markdown, HTML, table cell, formula or autolink survives."""
    flat = one_line(text, limit)
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    flat = re.sub(r"([\\`*_{}\[\]#|~])|^([-=+])", r"\\\1\2", flat) if flat else words.DASH
    flat = re.sub(r"(?i)\b(https?|ftp|mailto|www)([:.])", r"\1&#8203;\2", flat)
    return flat.replace("@", "&#64;")
