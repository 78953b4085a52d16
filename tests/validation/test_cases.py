"""What a validation would run, and what the flagship still lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

import grader.rubric
from challenges.loader import load
from challenges.mutants import Expectation, Mutant
from grader.cli.validate import unmet_promises
from grader.schema.causes import UsageError
from grader.validation.cases import Case, cases, chosen
from grader.validation.missing import missing

CHALLENGE = load("fraud-scoring")
ALL = cases(CHALLENGE)
RUBRIC = grader.rubric.load()


def test_the_oracle_comes_first_and_in_the_widest_mode():
    assert (ALL[0].id, ALL[0].mode) == ("oracle", "full")


def test_no_two_cases_share_a_place():
    keys = [case.key for case in ALL]
    assert len(keys) == len(set(keys))


def test_whoever_asks_for_one_gets_it_and_the_oracle_to_hold_it_against():
    (reference, null) = chosen(ALL, ["null-200"])
    assert (reference.id, null.id) == ("oracle", "null-200")
    with pytest.raises(UsageError, match="neither a submission nor a mutant"):
        chosen(ALL, ["null-2000"])


def test_the_flagship_lacks_nothing():
    found = missing(ALL, CHALLENGE.spec, RUBRIC, unmet_promises(CHALLENGE))
    assert not found.any, found


def test_what_is_lacking_is_named():
    expect = Expectation(title="made", area="cloud", flips=["cost_statement"])
    only = [Case("oracle", "oracle", Path(), "full"), Case("made", "mutant", Path(), "quick", (), Mutant("made", Path(), expect))]
    found = missing(only, CHALLENGE.spec, RUBRIC, ["the brief does not say: x"])
    assert "latency_slo" in found.checks_without_mutant and "cost_statement" not in found.checks_without_mutant
    assert found.areas_short_of_mutants["cloud"] == 1 and found.areas_short_of_mutants["failure"] == 0
    assert found.references == ["1 of 50 mutants", "0 of 2 alternates", "0 of 5 nulls"] and found.promises == ["the brief does not say: x"]
