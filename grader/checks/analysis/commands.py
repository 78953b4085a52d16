"""Whether a command line that a pipeline runs can fail at all. Pure; read from the one line that the scan quotes."""

from __future__ import annotations

import re

_HARMLESS = re.compile(r"^\s*(?:true\b|:\s*$|:\s|/bin/true\b|exit\s+0\b|echo\b|printf\b)")
_FAILS = re.compile(r"\bexit\s+(?!0\b)\S|\bfalse\b|\breturn\s+[1-9]|\bkill\b")
_RUNS_NOTHING = re.compile(r"\s--(?:collect-only|co|setup-plan|dry-run|just-print|fixtures|markers)\b|\bmake\s+-n\b")
_NAMES_IT = re.compile(r"(?:^|[\s\"'])(?:echo|printf)\s")


def swallowed(line: str, subject: re.Pattern[str]) -> str | None:
    """Why the commands of `line` that match `subject` cannot fail it; None where one of them can.

    `pytest || true` cannot, `pytest || exit 1` and `docker rm x || true && pytest` can. Pipelines run their shells with `-e`, so
    `pytest; true` fails where pytest does.
    """
    reasons = [_reason(part, subject) for part in re.split(r";|\n", line) if subject.search(part)]
    return reasons[0] if reasons and all(reasons) else None


def _reason(part: str, subject: re.Pattern[str]) -> str | None:
    if all(_NAMES_IT.search(command) for command in re.split(r"&&|\|\|?", part) if subject.search(command)):
        return "it is named and not run"
    if nothing := _RUNS_NOTHING.search(part):
        return f"`{nothing[0].strip()}` runs nothing"
    *_, operator, last = ["", *re.split(r"(&&|\|\|)", part)]
    if operator == "||" and _HARMLESS.match(last) and not _FAILS.search(part.rpartition("||")[2]):
        return f"`|| {last.strip()}` lets every failure pass"
    return None
