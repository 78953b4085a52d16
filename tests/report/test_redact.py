"""Copies of a result for other eyes."""

from __future__ import annotations

import reports.html
from grader.schema.result import Result
from reports import redact


def test_the_candidates_copy_keeps_every_check_and_point(mixed: Result) -> None:
    copy = redact.for_candidate(mixed)
    assert (copy.checks, copy.ledger, copy.score, copy.gates) == (mixed.checks, mixed.ledger, mixed.score, mixed.gates)
    assert copy.seeds == {} and copy.interview == [] and redact.CANDIDATES_COPY in copy.notes
    assert 'id="interview"' not in reports.html.render(copy)


def test_a_blind_copy_moves_no_number_and_renders(mixed: Result) -> None:
    named = mixed.model_copy(update={"headline": "the service of ghopper failed, says grace.hopper@example.org"})
    copy = redact.blind(named, "C-ABC234", ["ghopper", "grace.hopper@example.org", "Grace"])
    assert copy.submission.origin == "C-ABC234" and copy.submission.commit is None
    assert copy.headline == "the service of [hidden] failed, says [hidden]"
    assert (copy.score, copy.ledger, [c.id for c in copy.checks]) == (mixed.score, mixed.ledger, [c.id for c in mixed.checks])
    assert reports.html.render(copy)


def test_short_and_common_words_stay(mixed: Result) -> None:
    named = mixed.model_copy(update={"headline": "the model of Al scores fraud"})
    assert redact.blind(named, "C-ABC234", ["Al", "model", "fraud", "service"]).headline == named.headline


def test_what_a_url_tells() -> None:
    told = redact.telling("https://git.example.org/grace-hopper/takehome.git")
    assert {"grace-hopper", "grace", "hopper", "grace-hopper/takehome"} <= set(told)
    assert redact.telling("") == ["", "", ""]
