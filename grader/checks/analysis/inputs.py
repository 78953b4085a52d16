"""How a service treated the requests of an input fault: what was wrong with each answer, if anything, and the answers in groups."""

from __future__ import annotations

from collections.abc import Sequence

from grader.schema.evidence import FaultCase


def flaw(case: FaultCase) -> str | None:
    """What was wrong with the answer, in a few words; None where it was right.

    A wrong request gets a 4xx with a body that says why, a right one a prediction, and one that may be taken for either gets either. A
    body that is far too large may lose its connection, and a reason that quotes it may be longer than we read.
    """
    if case.status is None:
        return None if case.name == "oversize" and case.error in ("reset", "eof") else case.error or "no answer"
    if 200 <= case.status < 300:
        return _accepted(case)
    if case.expected == "scored":
        return f"{case.status} for a valid request"
    if not 400 <= case.status < 500:
        return str(case.status)
    return None if case.body.strip() or case.status == 413 or case.error == "too_large" else f"{case.status} without a reason"


def _accepted(case: FaultCase) -> str | None:
    if case.violations:
        return f"{case.status} without a prediction"
    return f"{case.status} for a wrong request" if case.expected == "refused" else None


def unhelpful(cases: Sequence[FaultCase], plain: float, words: float) -> str | None:
    """Why the reasons of the 4xx answers do not help a caller, if they do not: no JSON, beyond a share of `plain` of all cases (a few may be
    the HTTP server's own), or one and the same for all of at least `words`.
    """
    told = [case.body.strip() for case in cases if case.status is not None and 400 <= case.status < 500 and case.status != 413 and case.body.strip()]
    bare = [reason for reason in told if not _is_json(reason)]
    if len(bare) > plain * len(cases):
        return f"{len(bare)} of {len(told)} reasons are not JSON, such as {bare[0][:80]!r}"
    if len(told) >= words and len(set(told)) == 1:
        return f"the reason is the same for all {len(told)} of them: {told[0][:80]}"
    return None


def _is_json(reason: str) -> bool:
    """Whether it is a JSON object or list with something in it, as far as it was read."""
    return reason[:1] in ("{", "[") and "".join(reason.split()) not in ("{}", "[]")


def grouped(cases: Sequence[FaultCase]) -> dict[tuple[str, str | None], list[FaultCase]]:
    """Cases by kind and flaw, in order of appearance."""
    groups: dict[tuple[str, str | None], list[FaultCase]] = {}
    for case in cases:
        groups.setdefault((case.kind, flaw(case)), []).append(case)
    return groups


def named(cases: Sequence[FaultCase]) -> str:
    """One case by its name; several of one kind by what they have in common."""
    return cases[0].name if len(cases) == 1 else f"{len(cases)} of {cases[0].kind}_*"
