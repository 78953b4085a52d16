"""Copies of a result for other eyes."""

from __future__ import annotations

import re

import pytest

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
    named = mixed.model_copy(update={"headline": "No model of al scores fraud: 12345 of 7 in an hour"})
    assert redact.blind(named, "C-ABC234", ["al", "model", "fraud", "service", "No", "An", "1234", "2345", ""]).headline == named.headline


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("王小明", "作者王小明的模型"),
        ("王", "作者王的模型"),
        ("Bo Li", "Copyright Bo  Li; bo_li; boli7; Li Bo"),
        ("Li", "Copyright Li"),
        ("Jose\u0301 Nu\u0301n\u0303ez", "Jos\u00e9 N\u00fa\u00f1ez; JOS\u00c9 N\u00da\u00d1EZ"),
        ("Jos\u00e9 N\u00fa\u00f1ez", "Jose\u0301 Nu\u0301n\u0303ez"),
        ("Grace Hopper", "GraceHopper; gracehopper2; hopper.grace; Hopper Grace"),
        ("grace-hopper", "grace_hopper; gracehopper"),
        ("Лев", "Лев; лев"),
    ],
)
def test_a_name_is_hidden_however_short_in_any_script_and_spelling(mixed: Result, name: str, said: str) -> None:
    headline = redact.blind(mixed.model_copy(update={"headline": said}), "C-ABC234", [name]).headline
    left = headline.replace(redact.HIDDEN, " ")
    assert redact.HIDDEN in headline
    assert not {word.lower() for word in re.findall(r"[^\W\d_]+", left)} - {"copyright", "作者", "的模型"}, left


def test_what_a_url_tells() -> None:
    told = redact.telling("https://git.example.org/grace-hopper/takehome.git")
    assert {"grace-hopper", "grace", "hopper", "grace-hopper/takehome"} <= set(told)
    assert redact.telling("") == ["", "", ""]
