"""A check in quarantine says nothing: nobody wins or loses by it, and every reader is told."""

from __future__ import annotations

import io
from datetime import date

import pytest
from rich.console import Console

import grader.cli.console
import grader.rubric
from grader.judge import judge
from grader.schema.base import Culprit
from grader.schema.bundle import Bundle
from grader.schema.result import CheckResult, Outcome, Result
from grader.schema.rubric import Quarantine
from judge import made
from reports import RENDERERS

WHY = Quarantine(since=date(2026, 1, 31), reason="the drain is cut <short> now and then", flips="3 of 20")
SLOW_DRAIN = "sigterm_drain"


def verdict(bundle: Bundle, *held: str) -> Result:
    rubric = grader.rubric.load()
    return judge(bundle, rubric.model_copy(update={"quarantine": dict.fromkeys(held, WHY)}), made.challenge(), "standard")


def check(result: Result, id: str) -> CheckResult:
    return next(c for c in result.checks if c.id == id)


def losing() -> Bundle:
    """The drain is lost: requests in flight were cut."""
    faults = made.faults(made.challenge(), "standard")
    cut = {"in_flight_lost": 6.0}
    records = [f.model_copy(update={"facts": f.facts | cut}) if f.id == SLOW_DRAIN else f for f in faults.faults]
    return made.changed(made.sound(), faults=faults.model_copy(update={"faults": records}))


def test_it_is_unknown_by_our_doing_and_says_since_when_and_why() -> None:
    held = check(verdict(made.sound(), SLOW_DRAIN), SLOW_DRAIN)
    assert (held.outcome, held.culprit, held.level) == (Outcome.UNKNOWN, Culprit.GRADER, None)
    assert held.observed == "quarantined since 2026-01-31: the drain is cut <short> now and then (3 of 20 repeats differed)"
    assert (held.low_bp, held.high_bp) == (0, held.max_bp)


def test_whoever_lost_it_loses_it_no_more_and_whoever_had_it_keeps_it_in_the_upper_bound() -> None:
    lost, freed = verdict(losing()), verdict(losing(), SLOW_DRAIN)
    assert check(lost, SLOW_DRAIN).outcome is Outcome.FAIL
    assert freed.score.high > lost.score.high and freed.score.low >= lost.score.low
    assert verdict(made.sound(), SLOW_DRAIN).score.high == verdict(made.sound()).score.high


def test_every_other_check_stays_as_it_was() -> None:
    before, after = verdict(made.sound()), verdict(made.sound(), SLOW_DRAIN)
    assert [c for c in before.checks if c.id != SLOW_DRAIN] == [c for c in after.checks if c.id != SLOW_DRAIN]


def test_a_gate_on_such_a_check_is_inconclusive_and_never_fails() -> None:
    broken = made.without(made.sound(), boot=made.failure("start_exited"))
    gate = {g.id: g for g in verdict(broken, "service_ready").gates}["serves"]
    assert (gate.outcome, gate.culprit) == ("inconclusive", Culprit.GRADER)


def test_the_result_names_only_what_is_in_scope() -> None:
    rubric = grader.rubric.load()
    quick = rubric.model_copy(update={"quarantine": dict.fromkeys(("worker_kill", SLOW_DRAIN), WHY)})
    named = judge(made.sound("quick"), quick, made.challenge(), "quick").quarantined
    scope = {c.id for c in made.verdict(made.sound("quick"), "quick").checks}
    assert [held.id for held in named] == [id for id in (SLOW_DRAIN, "worker_kill") if id in scope]
    assert named and (named[0].since, named[0].flips) == ("2026-01-31", "3 of 20")


def test_without_a_quarantine_no_reader_is_bothered() -> None:
    assert verdict(made.sound()).quarantined == []
    assert all("quarantine" not in render(verdict(made.sound())) for render in RENDERERS.values())


@pytest.mark.parametrize("name", RENDERERS)
def test_every_report_says_so(name: str) -> None:
    text = RENDERERS[name](verdict(made.sound(), SLOW_DRAIN))
    assert "quarantine" in text and "<short>" not in text


def test_the_terminal_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(grader.cli.console.sys, "stdout", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(grader.cli.console, "Console", lambda: Console(file=text, width=200))
    grader.cli.console.show(verdict(made.sound(), SLOW_DRAIN), "report.html")
    assert "in quarantine since 2026-01-31, neither won nor lost: sigterm_drain: the drain is cut <short> now and then" in text.getvalue()
