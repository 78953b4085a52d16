"""JUnit XML: one test case per check. Lost -> failure, not measured -> error, does not apply -> skipped."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from grader.schema.result import CheckResult, Outcome, Result
from reports import words
from reports.text import inert

LONGEST = 2_000
"""Characters per message: a CI server shows the first lines."""

COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render(result: Result) -> str:
    """A suite per area, in the report's order."""
    root = ET.Element("testsuites", name=_text(result.challenge.title))
    for area in result.areas:
        checks = [c for c in result.checks if c.area == area.id]
        counts = {name: str(sum(_tag(c) == tag for c in checks)) for name, tag in COUNTED.items()}
        suite = ET.SubElement(root, "testsuite", {"name": _text(area.title), "tests": str(len(checks)), **counts})
        for check in checks:
            _case(suite, check)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _tag(check: CheckResult) -> str | None:
    if check.outcome is Outcome.PASS:
        return None
    return {Outcome.FAIL: "failure", Outcome.PARTIAL: "failure", Outcome.NOT_APPLICABLE: "skipped"}.get(check.outcome, "error")


def _case(suite: ET.Element, check: CheckResult) -> None:
    case = ET.SubElement(suite, "testcase", name=_text(check.id), classname=_text(check.area))
    tag = _tag(check)
    if tag:
        verdict = ET.SubElement(case, tag, message=_text(check.observed if check.judged else f"{check.title}: {check.observed}"))
        if tag != "skipped":
            points = f"{words.interval(check.low_bp, check.high_bp)} of {words.points(check.max_bp)} points"
            told = [check.rule, points, f"To mend: {check.remedy}"] if check.judged else [points, words.UNJUDGED]
            verdict.text = _text("\n".join(told))


def _text(value: str) -> str:
    return inert(value if len(value) <= LONGEST else value[: LONGEST - 1] + "…")
