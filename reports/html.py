"""The report an interviewer opens: one static HTML file, no script, no request, strict CSP, the same bytes for the same result."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from grader.schema.result import AreaResult, CheckResult, InterviewItem, Result
from reports import words
from reports.charts import lay_out, strip

STYLE = "report.css"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Autoescape is on for every template: each string of a candidate is hostile. No template may use `|safe`."""
    env = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters.update(points=words.points, percent=words.percent, measured=words.measured, number=words.number)
    env.globals.update(interval=words.interval, outcomes=words.OUTCOMES)
    return env


def render(result: Result) -> str:
    """The whole report."""
    env = environment()
    style = env.get_template(STYLE).render()
    return env.get_template("report.html").render(
        r=result,
        csp=f"default-src 'none'; style-src 'sha256-{_digest(style)}'; base-uri 'none'; form-action 'none'",
        verdict=words.verdict(result),
        core=[a for a in result.areas if a.kind == "core"],
        modules=[a for a in result.areas if a.kind == "module"],
        checks={area.id: _checks(result, area) for area in result.areas},
        interview={area.id: _questions(result, area) for area in result.areas},
        pictures=[lay_out(chart) for chart in result.charts],
        strips=[strip(data) for data in result.fault_strips],
        refunds=[row for row in result.ledger if row.kind == "root_cause_cap"],
        limits=words.LIMITS,
    )


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _checks(result: Result, area: AreaResult) -> list[CheckResult]:
    return [check for check in result.checks if check.area == area.id]


def _questions(result: Result, area: AreaResult) -> list[InterviewItem]:
    return [item for item in result.interview if item.area == area.id]
