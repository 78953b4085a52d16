"""Writes docs/trust.md. The same figures give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from grader.schema.validation import MutantVerdict
from grader.trust.figures import Figures

TEMPLATES = Path(__file__).parent / "templates"


def page(figures: Figures) -> str:
    """The whole page as Markdown."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    env = jinja2.Environment(loader=loader, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)
    env.filters |= {"points": lambda bp: f"{bp / 100:.1f}", "percent": lambda share: f"{share * 100:.1f} %", "cell": _cell}
    mutants = figures.validation.mutants
    return env.get_template("trust.md.j2").render(
        figures=figures,
        validation=figures.validation,
        areas=_areas(mutants),
        odd=[m for m in mutants if not m.killed or m.collateral],
        dearest=sorted((m for m in mutants if m.cost_bp and not m.gates_failed), key=dearness, reverse=True)[:5],
        dearness=dearness,
        repeats=figures.repeats,
        flaky=sorted((c for c in figures.repeats.checks if c.differ), key=lambda c: (-c.differ, c.id)) if figures.repeats else [],
    )


def dearness(mutant: MutantVerdict) -> int:
    """Basis points: what a defect costs in the mode where it costs most."""
    return max(mutant.cost_bp.values(), default=0)


def _areas(mutants: Sequence[MutantVerdict]) -> list[tuple[str, int, int, int]]:
    """(area, mutants, killed, with collateral flips), by name."""
    rows = []
    for area in sorted({m.area for m in mutants}):
        own = [m for m in mutants if m.area == area]
        rows.append((area, len(own), sum(m.killed for m in own), sum(bool(m.collateral) for m in own)))
    return rows


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
