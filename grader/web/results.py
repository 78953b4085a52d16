"""Results of graded submissions: read from the store, summarised for lists, rendered for whoever may see them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from grader.jobs.publish import AUTHORS, RESULT, folder
from grader.schema.causes import UsageError
from grader.schema.result import Result
from grader.web import catalogue, seam
from grader.web.models import Candidate, Requisition, Submission
from grader.web.trouble import UnavailableError
from harness.source import authors
from reports import html, redact


class UnreadableError(UnavailableError):
    """The store answers, and there is no result of this job, or none that this version can read. Asking again does not help."""


def load(submission: Submission) -> Result:
    """The submission's result. UnavailableError when it cannot be read."""
    return read(submission.job)


def read(job: str) -> Result:
    """The result that a job published. UnavailableError when the store does not answer, UnreadableError when it does."""
    content = seam.store().read(f"{folder(job)}/{RESULT}")
    if content is None:
        raise UnreadableError("The result is not in the artifact store.")
    try:
        return Result.model_validate_json(content)
    except ValidationError as error:
        raise UnreadableError(f"The result was written by another version ({error.error_count()} differences).") from None


def summary(result: Result) -> dict[str, Any]:
    """What the submission's row keeps of its result."""
    areas = {area.id: area.model_dump(include={"title", "kind", "band", "low", "high", "coverage", "sufficient", "order"}) for area in result.areas}
    return {"status": result.status, "headline": result.headline, "bands": areas, "rubric_digest": result.rubric_digest}


def shown(submission: Submission, *, blind: bool) -> Result:
    """The result as this reader may see it."""
    return _blind(submission) if blind else load(submission)


def report(submission: Submission, *, blind: bool) -> str:
    """The interviewer's report."""
    return _rendered(submission.job, "blind" if blind else "plain", submission.candidate.pseudonym, names(submission) if blind else ())


def candidates_copy(submission: Submission) -> str:
    """The redacted report that the candidate's link shows."""
    return _rendered(submission.job, "candidate", submission.candidate.pseudonym, ())


@lru_cache(maxsize=32)
def _rendered(job: str, kind: str, pseudonym: str, names: tuple[str, ...]) -> str:
    """Results never change once published, so a rendered report may be kept."""
    result = read(job)
    if kind == "blind":
        result = redact.blind(result, pseudonym, names)
    if kind == "candidate":
        result = redact.for_candidate(result)
    return html.render(result)


def forget_rendered() -> None:
    """Drop the reports that this process keeps, since somebody was erased."""
    _rendered.cache_clear()
    _authors.cache_clear()


def _blind(submission: Submission) -> Result:
    return redact.blind(load(submission), submission.candidate.pseudonym, names(submission))


def without_names(submission: Submission, text: str) -> str:
    """What somebody wrote about a submission, for who must not know whose it is."""
    return redact.hide(text, names(submission))


def names(submission: Submission) -> tuple[str, ...]:
    """Everything by which a reader could tell whose submission this is, commit authors among it. UnavailableError when the store does not
    answer: a blind text is shown whole or not at all."""
    found = [*names_of(submission.candidate), submission.label, *redact.telling("" if submission.uploaded else submission.origin)]
    for author in _authors(submission.job) if submission.graded else ():
        found += _spelt(author.name, author.email)
    return tuple(dict.fromkeys(word for word in found if word))


def names_of(person: Candidate) -> list[str]:
    """What is known of a candidate by themselves."""
    return [person.reference, *_spelt(person.name, person.email)]


def _spelt(name: str, email: str) -> list[str]:
    """A person's name and address, and the words that each is made of."""
    return [name, email, *name.split(), *email.split("@")[0].split("+")]


@lru_cache(maxsize=1024)
def _authors(job: str) -> tuple[authors.Author, ...]:
    """Who wrote the commit that this published job has judged; nobody for an archive, or where an older version has graded."""
    content = seam.store().read(f"{folder(job)}/{AUTHORS}")
    try:
        return authors.load(content) if content is not None else ()
    except ValueError:
        raise UnreadableError("The list of names that a blind view hides cannot be read.") from None


def against(area: Mapping[str, Any], bar: int | None) -> str:
    """How an area stands to the job's bar (percent): above, below, or near when the interval holds the bar or evidence is missing."""
    if not area["sufficient"]:
        return "not enough evidence"
    if bar is None:
        return ""
    if area["low"] >= bar * 100:
        return "reaches the bar"
    if area["high"] < bar * 100:
        return "below the bar"
    return "near the bar"


def bar_percents(requisition: Requisition) -> dict[str, int]:
    """Area -> the percent from which the requisition's bar is reached, by the challenge's own bands."""
    try:
        bands = catalogue.challenge(requisition.challenge).scoring.bands
    except UsageError:
        return {}
    return {area: bands[band] for area, band in requisition.bars.items() if band in bands}
