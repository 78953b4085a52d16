"""Whether a step of continuous integration stops anything: it must run on a change, and its failure must count. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.checks.analysis.commands import swallowed
from grader.schema.evidence import Sighting

_BY_HAND = frozenset({"workflow_dispatch", "repository_dispatch", "workflow_call"})
_LENIENT = ("continue-on-error", "continueOnError", "allow_failure", "allowFailure", "soft_fail")
_NOT_THEN = frozenset({"never", "manual", "on_failure", "on_fail"})
_FALSE = re.compile(
    r"^\(*\s*(?:false|0|''|\"\"|'false'|\"false\"|null|!\s*true|failure\(\)|cancelled\(\))\s*\)*$|event_name\s*==\s*'workflow_dispatch'", re.I
)
_ANY = re.compile("")
LEAST_LEFT = 3
"""Tests that must be left out before they are missed."""


def why_idle(step: Sighting, subject: re.Pattern[str]) -> str | None:
    """Why a step stops nothing; None for one that can. `subject` matches the commands that are meant."""
    return _never_runs(step) or _cannot_fail(step, subject)


def _never_runs(step: Sighting) -> str | None:
    events = {event for event in _fact(step, "on").split(", ") if event}
    if events and events <= _BY_HAND:
        return f"it runs only when somebody starts it (`on: {_fact(step, 'on')}`)"
    for name in ("if", "condition"):
        if (condition := _fact(step, name)) and _is_false(condition):
            return f"`{name}: {condition}` keeps it from running"
    whens = {when for when in _fact(step, "when").split(", ") if when}
    if whens and whens <= _NOT_THEN:
        return f"`when: {_fact(step, 'when')}` keeps it from running on a change"
    if _fact(step, "enabled") == "false" or _fact(step, "skip") == "true":
        return "it is switched off"
    if _fact(step, "trigger") == "manual":
        return "it runs only when somebody starts it"
    if alone := _fact(step, "only_on"):
        return f"no change of the service starts it, which runs only on: {alone}"
    return "its options leave no test to run" if step.facts.get("selected") == 0 else None


def _cannot_fail(step: Sighting, subject: re.Pattern[str]) -> str | None:
    lenient = next((name for name in _LENIENT if re.fullmatch(r"(?:\$\{\{\s*)?true(?:\s*\}\})?", _fact(step, name), re.I)), None)
    if lenient:
        return f"`{lenient}: true` lets every failure pass"
    if _fact(step, "failure") == "ignore":
        return "`failure: ignore` lets every failure pass"
    if step.facts.get("after_script") or step.facts.get("unread"):
        return "nobody looks at its status"
    if step.facts.get("ignored"):
        return f"make goes on when `{_fact(step, 'recipe')}` fails"
    named = _ANY if "recipe" in step.facts else subject  # `make ci` may run what is meant without saying so
    if step.facts.get("pipefail") == 0 and _piped(step.text, named):
        return "its status is lost in a pipe (no `pipefail`)"
    return swallowed(step.text, named) or swallowed(_fact(step, "recipe"), subject) or _does_nothing(step)


def few_tests(steps: Sequence[Sighting]) -> str | None:
    """Why the steps that can stop something run only a small part of the tests; None where they run half of them, or it is not known."""
    if not steps or not all({"ran", "beside"} <= set(step.facts) for step in steps):
        return None
    ran, beside = sum(float(step.facts["ran"]) for step in steps), max(float(step.facts["beside"]) for step in steps)
    if 2 * ran >= beside or beside - ran < LEAST_LEFT:
        return None
    return f"{ran:.0f} of the {beside:.0f} tests in the same folder are run by CI"


def _does_nothing(step: Sighting) -> str | None:
    """A target whose recipe only says something."""
    lines = [line.lstrip("@-+ ") for line in _fact(step, "recipe").split(" ; ") if line]
    empty = lines and all(re.match(r"(?:echo|printf|true|:|exit 0)\b|:$", line) and "&&" not in line for line in lines)
    return f"all that is behind it is `{lines[0]}`" if empty else None


def _piped(text: str, subject: re.Pattern[str]) -> bool:
    parts = [part for part in re.split(r"&&|\|\||;", text) if subject.search(part)]
    return bool(parts) and all("|" in part and subject.search(part.split("|")[0]) for part in parts)


def _is_false(condition: str) -> bool:
    bare = re.sub(r"\$\{\{|\}\}", " ", condition)
    return "||" not in bare and any(_FALSE.search(part.strip()) for part in bare.split("&&"))


def _fact(step: Sighting, name: str) -> str:
    return str(step.facts.get(name, "")).strip()
