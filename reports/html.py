"""The report an interviewer opens: one static HTML file, no script, no request, strict CSP, the same bytes for the same result."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader.schema.result import Result, Theme
from reports import losses, words
from reports.charts import lay_out, shape, strip
from reports.shorten import fitted
from reports.text import inert

STYLE = "report.css"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Autoescape is on for every template, and every string passes `inert`: each is a candidate's. No template may use `|safe`."""
    env = Environment(
        loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_finalize
    )
    env.filters.update(
        permille=words.permille,
        points=words.points,
        percent=words.percent,
        number=words.number,
        cell=words.cell,
        figure=words.figure,
        sample=words.sample,
        several=words.several,
        outcome=words.outcome,
    )
    env.globals.update(unjudged=words.UNJUDGED)
    env.globals.update(interval=words.interval, percents=words.percents, outcomes=words.OUTCOMES)
    env.globals.update(standing=words.standing, counted=words.counted, band=words.band, shape=shape, dots=words.DOTS)
    return env


def _finalize(value: object) -> object:
    """Markup is what a macro of ours returned: already escaped, piece by piece."""
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def render(result: Result) -> str:
    """The whole report, at most shorten.CAP_BYTES long."""
    return fitted(result, _render)


def _render(r: Result, note: str) -> str:
    env = environment()
    areas = [a for kind in ("core", "module") for a in r.areas if a.kind == kind]
    return env.get_template("report.html").render(
        r=r,
        csp=f"default-src 'none'; style-src {style_source()}; base-uri 'none'; form-action 'none'",
        verdict=words.verdict(r),
        mode=words.mode(r),
        practice=words.PRACTICE,
        bands=words.bands(r.challenge),
        shortened=note,
        areas=areas,
        checks={area.id: [c for c in r.checks if c.area == area.id] for area in areas},
        interview={area.id: [item for item in r.interview if item.area == area.id] for area in areas},
        pictures={theme: [lay_out(chart) for chart in r.charts if chart.theme == theme] for theme in get_args(Theme)},
        strips=[strip(data) for data in r.fault_strips],
        tables={theme: [table for table in r.tables if table.theme == theme] for theme in get_args(Theme)},
        refunds=losses.refunds(r),
        limits=words.LIMITS,
    )


def style_source() -> str:
    """The report's style sheet as a source expression of a content security policy, for those who serve reports."""
    style = environment().get_template(STYLE).render()
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
